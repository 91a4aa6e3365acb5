import { spanText } from '@cryptoflow/console'
import { CryptoFlowError } from '@cryptoflow/runtime'

const SECOND_US = 1_000_000

/** Microseconds since 1970 as people write a time: `2026-11-20T12:00:00.123Z`; `-` for none. */
export function timeText(us: number | null): string {
  return us === null ? '-' : new Date(Math.floor(us / 1000)).toISOString()
}

/** How long ago a time was: `4.2 s ago`; times ahead of us are `now`. */
export function ageText(us: number | null, nowUs: number): string {
  if (us === null) return '-'
  return us >= nowUs ? 'now' : `${spanText((nowUs - us) / SECOND_US)} ago`
}

/**
 * JSON of printable ASCII alone: what would move or colour a terminal, or break a line, is escaped, and every reader of
 * JSON gets the same text back.
 */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The parts of a list with commas; empty parts are left out. */
export function listFlag(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Lines of whole words, of at most that many characters where the words allow it. */
export function wrapped(text: string, chars: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > chars) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** Somebody asked for what cannot be: the command ends with status 2. */
export function usage(message: string, context: Readonly<Record<string, unknown>> = {}): CryptoFlowError {
  return new CryptoFlowError(message, { kind: 'usage', reaction: 'stop', context })
}
