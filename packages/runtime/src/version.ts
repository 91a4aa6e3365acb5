import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** What runs: for logs, `/ready`, `/stats`, the build metric and `cryptoflow version`. */
export interface Version {
  /** Of the product. */
  readonly version: string
  /** Git commit, 40 or 64 hex digits; null when nobody knows. */
  readonly sha: string | null
  /** ISO 8601 in UTC; null when the code runs from its sources. */
  readonly builtAt: string | null
  readonly node: string
  /** Versions of what is written, by the name that the caller gives each. */
  readonly formats: Readonly<Record<string, string | number>>
}

/** Options of `version`. */
export interface VersionOptions {
  /** Folder of the product: its `build.json`, else its `.git` and `package.json`; default: where this code lies. */
  readonly root?: string
  readonly formats?: Readonly<Record<string, string | number>>
}

/** The baked file `{ "version", "sha", "builtAt" }`: an image has no `.git`. */
const BAKED_FILE = 'build.json'
/** One of these lies in the folder of the product, and in none of its packages. */
const ROOT_FILES = [BAKED_FILE, '.git', 'pnpm-workspace.yaml']
/** Nothing that is read here is larger, but for the list of packed refs. */
const FILE_BYTES_MAX = 64 * 1024
const PACKED_BYTES_MAX = 16 * 1024 * 1024
const SHA = /^([0-9a-f]{40}|[0-9a-f]{64})$/

/** The version of the running code. What cannot be read is null or `unknown`: no reason to stop. */
export function version({ root = productRoot(), formats = {} }: VersionOptions = {}): Version {
  const baked = readJson(join(root, BAKED_FILE))
  const product = baked.version ?? readJson(join(root, 'package.json')).version
  const sha = SHA.test(String(baked.sha)) ? String(baked.sha) : gitSha(root)
  return {
    version: typeof product === 'string' ? product : 'unknown',
    sha,
    builtAt: isoTime(baked.builtAt),
    node: process.versions.node,
    formats,
  }
}

/** The nearest folder above this file that is a product of its own; packages have neither of the two. */
function productRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (ROOT_FILES.some((name) => isThere(join(folder, name)))) return folder
    if (dirname(folder) === folder) return import.meta.dirname
  }
}

/** The commit that HEAD stands for, read without git: it may not be installed. */
function gitSha(root: string): string | null {
  const directory = gitDirectory(root)
  const head = readText(join(directory, 'HEAD'))
  if (head === null || SHA.test(head)) return head
  const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1]
  if (ref === undefined || ref.includes('..')) return null
  // A work tree has its own HEAD and shares the refs.
  const common = resolve(directory, readText(join(directory, 'commondir')) ?? '.')
  for (const folder of [directory, common]) {
    const sha = readText(join(folder, ref))
    if (sha !== null && SHA.test(sha)) return sha
  }
  return packedSha(common, ref)
}

/** `.git` is a folder, or in a work tree or submodule a file that names it. */
function gitDirectory(root: string): string {
  const named = /^gitdir: (.+)$/.exec(readText(join(root, '.git')) ?? '')?.[1]
  return named === undefined ? join(root, '.git') : resolve(root, named)
}

function packedSha(directory: string, ref: string): string | null {
  const lines = (readText(join(directory, 'packed-refs'), PACKED_BYTES_MAX) ?? '').split('\n')
  const sha = lines.find((line) => line.endsWith(` ${ref}`))?.split(' ')[0]
  return sha !== undefined && SHA.test(sha) ? sha : null
}

function isoTime(value: unknown): string | null {
  if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) return null
  return new Date(value).toISOString()
}

function readJson(path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readText(path) ?? '{}')
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function readText(path: string, bytesMax: number = FILE_BYTES_MAX): string | null {
  try {
    const { size } = statSync(path)
    return size > bytesMax ? null : readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
