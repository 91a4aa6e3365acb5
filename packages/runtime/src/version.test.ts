import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { version } from './version.ts'

const SHA = '0123456789abcdef0123456789abcdef01234567'
const OTHER_SHA = 'f'.repeat(40)
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'telemetry-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function put(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}

test('has the formats that the caller writes', () => {
  const { formats, node } = version({ root, formats: { journal: 2 } })
  expect(formats).toEqual({ journal: 2 })
  expect(node).toBe(process.versions.node)
})

test('comes from the baked file of an image, which wins over everything', () => {
  put({
    'build.json': JSON.stringify({ version: '9.9.9', sha: SHA, builtAt: '2026-11-21T01:02:03+01:00' }),
    'package.json': '{"version":"1.0.0"}',
    '.git/HEAD': OTHER_SHA,
  })
  expect(version({ root })).toMatchObject({ version: '9.9.9', sha: SHA, builtAt: '2026-11-21T00:02:03.000Z' })
})

test('comes from a branch, a packed branch or a commit of a checkout', () => {
  put({ 'package.json': '{"version":"1.0.0"}', '.git/HEAD': 'ref: refs/heads/some/branch\n' })
  expect(version({ root })).toMatchObject({ version: '1.0.0', sha: null, builtAt: null })
  put({
    '.git/packed-refs': `# pack-refs with: peeled\n${OTHER_SHA} refs/heads/branch\n${SHA} refs/heads/some/branch\n`,
  })
  expect(version({ root }).sha).toBe(SHA)
  put({ '.git/refs/heads/some/branch': `${OTHER_SHA}\n` })
  expect(version({ root }).sha).toBe(OTHER_SHA)
  put({ '.git/HEAD': `${SHA}\n` })
  expect(version({ root }).sha).toBe(SHA)
})

test('comes from a work tree that shares the refs of another folder', () => {
  put({
    'tree/.git': 'gitdir: ../main/.git/worktrees/tree\n',
    'main/.git/worktrees/tree/HEAD': 'ref: refs/heads/x\n',
    'main/.git/worktrees/tree/commondir': '../..\n',
    'main/.git/refs/heads/x': SHA,
  })
  expect(version({ root: join(root, 'tree') }).sha).toBe(SHA)
})

test('is unknown, and no reason to stop, when what is there is no version', () => {
  expect(version({ root })).toMatchObject({ version: 'unknown', sha: null, builtAt: null })
  put({
    'build.json': '{"version":5,"sha":"main; rm","builtAt":"soon"}',
    'package.json': '[',
    '.git/HEAD': 'ref: refs/../../x',
  })
  expect(version({ root })).toMatchObject({ version: 'unknown', sha: null, builtAt: null })
  put({ 'build.json': 'null', '.git/HEAD': 'hello' })
  expect(version({ root }).sha).toBe(null)
  put({
    '.git/HEAD': 'ref: refs/heads/x',
    '.git/packed-refs': 'not-a-sha refs/heads/x\n',
    '.git/refs/heads/x': 'nor this',
  })
  expect(version({ root }).sha).toBe(null)
})

test('of this code is found without being told where it lies', () => {
  expect(version().version).toMatch(/^\d+\.\d+\.\d+/)
})
