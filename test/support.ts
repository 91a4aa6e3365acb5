import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '..')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A started command: its first line of stdout, its end, and the process to send signals to. */
export interface Started {
  readonly process: ChildProcess
  readonly firstLine: Promise<string>
  readonly ended: Promise<Ended>
}

export function start(...args: string[]): Started {
  return startApp('cli', ...args)
}

/** The same for any app, by its folder's name. */
export function startApp(app: string, ...args: string[]): Started {
  const main = join(root, 'apps', app, 'src', 'main.ts')
  // Many small warehouses at once: each would keep 64 MB of the disk back.
  const env = { ...process.env, CRYPTOFLOW_JOURNAL__RESERVE_BYTES: '1MiB' }
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const firstLine = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    ended.then(({ stderr }) => reject(new Error(`ended without a line: ${stderr}`)), reject)
  })
  firstLine.catch(() => {})
  return { process: child, firstLine, ended }
}

export function run(...args: string[]): Promise<Ended> {
  return start(...args).ended
}

/** Resolves when the process has said this on stderr, from now on. */
export function said({ process }: Started, text: string): Promise<void> {
  return new Promise((resolve) => {
    let all = ''
    process.stderr?.on('data', (part) => {
      all += part
      if (all.includes(text)) resolve()
    })
  })
}

/** Runs a command that must succeed and reads the JSON object it prints. */
export async function runJson<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args)
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}\n${stdout.slice(0, 4000)}\n${stderr}`)
  return JSON.parse(stdout) as T
}

/** Work in a folder that is gone afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Addresses of a simulated exchange's markets. */
export type Urls = Readonly<Record<string, { readonly wsUrl: string; readonly restUrl: string }>>

/** The arguments that collect the spot market of a simulated exchange into a warehouse. */
export function collectFrom(urls: Urls, symbols: string, warehouse: string): string[] {
  const { wsUrl = '', restUrl = '' } = urls.spot ?? {}
  const place = ['collect', '--symbols', symbols, '--warehouse', warehouse]
  return [...place, '--ws-url', wsUrl, '--rest-url', restUrl]
}

/** A simulated exchange in a process of its own, stopped when the work is done. */
export async function withSimulator<T>(
  args: readonly string[],
  work: (urls: Urls) => Promise<T>,
): Promise<T> {
  const simulator = start('simulate', ...args)
  try {
    return await work((JSON.parse(await simulator.firstLine) as { urls: Urls }).urls)
  } finally {
    simulator.process.kill('SIGTERM')
    simulator.process.kill('SIGTERM')
    await simulator.ended
  }
}

export interface TableSummary {
  readonly rows: number
  readonly files: number
  readonly bytes: number
  readonly content_hash: string
}

export type Tables = Readonly<Record<string, TableSummary>>

export function hashes(tables: Tables): Record<string, string> {
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table.content_hash]))
}
