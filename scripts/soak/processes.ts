import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const main = join(import.meta.dirname, '../../apps/cli/src/main.ts')

/** A command of the command line in a process of its own. */
export interface Running {
  readonly pid: number
  readonly firstLine: Promise<string>
  /** Where its inspector listens; of those that were started with one. */
  readonly inspector: Promise<string>
  /** Its exit code and what it wrote; null when a signal ended it. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
  kill(signal: NodeJS.Signals): void
}

/** The last characters that are kept of what a process writes. */
const KEPT_CHARS = 100_000

/** `inspected`: on an address of loopback that the system chooses. */
export function start(args: readonly string[], { inspected = false } = {}): Running {
  const flags = inspected ? ['--inspect=127.0.0.1:0'] : []
  const child: ChildProcess = spawn(process.execPath, [...flags, main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kept = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (text) => {
      kept[name] = (kept[name] + text).slice(-KEPT_CHARS)
    })
  }
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...kept }))
  })
  const firstLine = new Promise<string>((resolve, reject) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve)
    ended.then(({ stderr }) => reject(new Error(`${args[0]} ended without a line: ${stderr}`)), reject)
  })
  firstLine.catch(() => {})
  const inspector = new Promise<string>((resolve) => {
    child.stderr?.on('data', () => {
      const address = /ws:\/\/127\S+/.exec(kept.stderr)?.[0]
      if (address !== undefined) resolve(address)
    })
  })
  return { pid: child.pid as number, firstLine, inspector, ended, kill: (signal) => child.kill(signal) }
}

/** Resident set of a process, MB of a million bytes; null when it is gone. */
export function residentMb(pid: number): number | null {
  try {
    const kilobytes =
      process.platform === 'linux'
        ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
        : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return kilobytes === undefined || kilobytes === '' ? null : (Number(kilobytes) * 1024) / 1e6
  } catch {
    return null
  }
}
