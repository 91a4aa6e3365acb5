import { CryptoFlowError, messageOf } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { ConfigError } from './settings.ts'

/** Where progress goes: a line that is written over on a terminal, a plain line now and then elsewhere. */
export interface ProgressLine {
  show(text: string): void
  /** Ends the line so that other output starts on a new one. */
  end(): void
}

/** Plain lines come at most this often. */
const PLAIN_EVERY_US = 5_000_000

const MINUTE_S = 60
const HOUR_S = 3600
const DAY_S = 86_400

/** A length of time in its two largest units: `3 d 4 h`, `12 min`, `0.4 s`. */
export function spanText(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'never'
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 2 * MINUTE_S) return `${Math.round(seconds)} s`
  if (seconds < 2 * HOUR_S) return `${Math.round(seconds / MINUTE_S)} min`
  const [unit, part, big, small] =
    seconds < 2 * DAY_S ? [HOUR_S, MINUTE_S, 'h', 'min'] : [DAY_S, HOUR_S, 'd', 'h']
  const whole = Math.floor(seconds / unit)
  const rest = Math.floor((seconds % unit) / part)
  return rest === 0 ? `${whole} ${big}` : `${whole} ${big} ${rest} ${small}`
}

/** Progress on stderr, so that stdout carries results only. */
export function openProgress(nowUs: () => number): ProgressLine {
  const out = process.stderr
  let lastUs = Number.NEGATIVE_INFINITY
  let isOpen = false
  return {
    show(text) {
      if (out.isTTY) {
        out.write(`\r\x1b[2K${text.slice(0, (out.columns ?? 80) - 1)}`)
        isOpen = true
        return
      }
      if (nowUs() - lastUs < PLAIN_EVERY_US) return
      lastUs = nowUs()
      out.write(`${text}\n`)
    },
    end() {
      if (isOpen) out.write('\n')
      isOpen = false
    },
  }
}

/** What went wrong, for a person: the message, then the values one per line. */
export function explain(error: unknown): string {
  const lines = [`cryptoflow: ${messageOf(error)}`]
  if (error instanceof ConfigError) lines.push(...error.lines)
  else if (error instanceof CryptoFlowError) {
    for (const [name, value] of Object.entries(error.context)) lines.push(`  ${name}: ${plainValue(value)}`)
    if (error.cause !== undefined) lines.push(`  because: ${messageOf(error.cause)}`)
  } else if (error instanceof Error && error.stack !== undefined) {
    lines.push(...error.stack.split('\n').slice(1))
  }
  return `${lines.join('\n')}\n`
}

/** Status that a command ends with: 2 when it was told something wrong, 1 when something went wrong. */
export function exitCodeOf(error: unknown): number {
  const isTold = error instanceof CryptoFlowError && (error.kind === 'usage' || error.kind === 'config')
  return isTold ? 2 : 1
}

/** Runs a process that is one command; ends it with an explanation when that fails. */
export async function runAlone(command: Command): Promise<void> {
  try {
    await command.parseAsync()
  } catch (error) {
    process.stderr.write(explain(error))
    // Threads and sockets of what failed may still be open; what they held is safe in the journal.
    process.exit(exitCodeOf(error))
  }
}

function plainValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Rows of cells as columns; a column whose last cell but for `-` is a number goes to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const last = rows[rows.length - 1] ?? []
  const widths = last.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  const toRight = last.map((_, index) => {
    const cell = rows.findLast((row) => row[index] !== '-')?.[index] ?? ''
    return /^[\d,.]+( ([kM]?B|ms))?$/.test(cell)
  })
  const pad = (cell: string, index: number): string => {
    const width = widths[index] as number
    return toRight[index] ? cell.padStart(width) : cell.padEnd(width)
  }
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

/** 1234567 -> 1,234,567 */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Bytes in the unit that leaves at most four digits. */
export function bytesText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  if (bytes < 10_000_000) return `${grouped(bytes / 1000)} kB`
  return `${grouped(bytes / 1_000_000)} MB`
}

/** A whole number of at least `least` from a command line. */
export function wholeNumber(name: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= least) return value
    throw new CryptoFlowError(
      `reading the command line: ${name} is "${text}", expected a whole number >= ${least}`,
      {
        kind: 'usage',
        reaction: 'stop',
      },
    )
  }
}
