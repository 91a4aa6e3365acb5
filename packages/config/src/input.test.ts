import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readInput } from './input.ts'
import { loadConfig } from './load.ts'
import { problemText } from './place.ts'
import { facts } from './testing/facts.ts'
import { GOOD } from './testing/load-text.ts'
import { FILE_BYTES_MAX } from './yaml.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryptoflow-config-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (name: string, text: string | Uint8Array) => writeFileSync(join(directory, name), text)
const read = (options: Parameters<typeof readInput>[0] = {}) =>
  readInput({ directory, environment: {}, ...options })
const load = (options?: Parameters<typeof readInput>[0]) => loadConfig({ ...read(options), flags: [], facts })
const problemsOf = (options?: Parameters<typeof readInput>[0]) => read(options).problems.map(problemText)

describe('what is read from the disk', () => {
  it('is the file named on the command line, else by CONFIG_FILE, else none', () => {
    write('a.yaml', 'threads: 1')
    write('b.yaml', 'threads: 0')
    const environment = { CONFIG_FILE: 'b.yaml' }
    expect(read({ path: 'a.yaml', environment }).file).toEqual({ name: 'a.yaml', text: 'threads: 1' })
    expect(read({ environment }).file?.name).toBe('b.yaml')
    expect(read().file).toBeNull()
    write('.env', 'CONFIG_FILE=a.yaml')
    expect(read().file?.name).toBe('a.yaml')
    expect(read({ environment }).file?.name).toBe('b.yaml')
  })

  it('is .env behind the environment; of its own lines the last', () => {
    write('a.yaml', GOOD)
    write('.env', 'CRYPTOFLOW_SEAL__ROWS=1\nCRYPTOFLOW_SEAL__ROWS=2\nCRYPTOFLOW_THREADS=0')
    const path = 'a.yaml'
    const { config, sources } = load({ path })
    expect(config).toMatchObject({ seal: { rows: 2 }, threads: 0 })
    expect(sources.get('seal.rows')).toMatchObject({ origin: 'environment', file: '.env', line: 2 })
    expect(load({ path, environment: { CRYPTOFLOW_SEAL__ROWS: '5' } }).config?.seal.rows).toBe(5)
  })

  it('tells a value of .env by its line', () => {
    write('a.yaml', GOOD)
    write('.env', '\nCRYPTOFLOW_THREADS=7')
    expect(load({ path: 'a.yaml' }).problems.map(problemText)).toEqual([
      '.env:2:1: threads: expected a whole number, 0 to 1, got "7"',
    ])
  })

  it('is refused when it is not there, a directory, too large or no text', () => {
    mkdirSync(join(directory, 'd'))
    write('large.yaml', `# ${'x'.repeat(FILE_BYTES_MAX)}`)
    write('bytes.yaml', new Uint8Array([0x61, 0x3a, 0xff]))
    expect(problemsOf({ path: 'none.yaml' })).toEqual([
      'none.yaml:1:1: expected a file that can be read, got "ENOENT"',
    ])
    expect(problemsOf({ path: 'd' })).toEqual(['d:1:1: expected a file that can be read, got "EISDIR"'])
    expect(problemsOf({ path: 'large.yaml' })).toEqual([
      `large.yaml:1:1: expected at most ${FILE_BYTES_MAX} bytes, got more`,
    ])
    expect(problemsOf({ path: 'bytes.yaml' })).toEqual([
      'bytes.yaml:1:1: expected text in UTF-8, got other bytes',
    ])
    expect(problemsOf({ path: '/dev/zero' })).toHaveLength(1)
  })

  it('is refused when .env is', () => {
    write('.env', `A=${'x'.repeat(70_000)}`)
    expect(problemsOf()).toEqual(['.env:1:1: expected at most 65536 bytes, got more'])
    write('.env', 'A')
    expect(problemsOf()).toEqual(['.env:1:1: expected KEY=VALUE'])
  })

  it('is the environment of the process where none is handed in', () => {
    expect(readInput({ directory }).environment.some(({ name }) => name === 'PATH')).toBe(true)
  })
})
