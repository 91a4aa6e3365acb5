import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { runCommand } from '@cryptoflow/cli/command-line'
import { faultKinds, startSimInWorker } from '@cryptoflow/exchange-sim'
import type { Market } from '@cryptoflow/model'

const root = join(import.meta.dirname, '..')

// Many small warehouses at once: each would keep 64 MB of the disk back.
process.env.CRYPTOFLOW_JOURNAL__RESERVE_BYTES = '1MiB'

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
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
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

/** Commands that listen to signals, or begin threads that outlive them: these need a process. */
const ofProcesses: ReadonlySet<string | undefined> = new Set([
  'collect',
  'committer',
  'demo',
  'serve-catalog',
  'simulate',
])

/** The commands of this process share its stdout and its status: one comes after the other. */
let turn: Promise<unknown> = Promise.resolve()

/** Runs a command of the command line in this process: one of its own costs a second of a core before it begins. */
export function run(...args: string[]): Promise<Ended> {
  if (ofProcesses.has(args[0])) throw new Error(`${args[0]} needs a process of its own: start(...).ended`)
  const ended = turn.then(() => listened(args))
  turn = ended.catch(() => {})
  return ended
}

async function listened(args: readonly string[]): Promise<Ended> {
  const texts = { stdout: '', stderr: '' }
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name]
    process[name].write = (text: string | Uint8Array) => {
      texts[name] += typeof text === 'string' ? text : Buffer.from(text).toString()
      return true
    }
    return () => {
      process[name].write = write
    }
  })
  try {
    const failed = await runCommand(args)
    return { code: failed ?? Number(process.exitCode ?? 0), signal: null, ...texts }
  } finally {
    for (const each of restore) each()
    process.exitCode = undefined
  }
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
  return jsonOf<T>(await run(...args))
}

/** The JSON object that a command printed. Throws when it failed. */
export function jsonOf<T>({ code, stdout, stderr }: Ended): T {
  if (code !== 0) throw new Error(`the command ended with ${code}\n${stdout.slice(0, 4000)}\n${stderr}`)
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

export interface Simulated {
  /** A new file for the emission log. */
  readonly log: string
  /** Symbols by market, `BTCUSDT,ETHUSDT`; default: these two of the spot market. */
  readonly markets?: Readonly<{ [market in Market]?: string }>
  readonly seed?: number
  /** A fault every so many messages; default: none. */
  readonly faultEvery?: number
}

const SPOT = { spot: 'BTCUSDT,ETHUSDT' }

/** A simulated exchange as `simulate` has it, in a thread of its own, closed when the work is done. */
export async function withSimulator<T>(
  { log, markets = SPOT, seed = 1, faultEvery }: Simulated,
  work: (urls: Urls) => Promise<T>,
): Promise<T> {
  const cast = Object.entries(markets) as [Market, string][]
  const simulator = await startSimInWorker({
    logPath: log,
    settings: {
      seed,
      markets: cast.map(([market, symbols]) => ({ market, symbols: symbols.split(',') })),
      tradesPerSecond: 20,
      levelsPerDiff: 25,
      ...(faultEvery === undefined
        ? {}
        : { faults: { everyMessages: faultEvery, kinds: faultKinds, startAfterMessages: faultEvery } }),
    },
  })
  try {
    return await work(simulator.urls)
  } finally {
    await simulator.close()
  }
}

/** The same in a process: the command itself. */
export async function withSimulateCommand<T>(
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
