import { CryptoFlowError } from '@cryptoflow/runtime'

const TIME = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)?)?$/

/** ISO 8601 to microseconds since 1970; a time without a zone is UTC, a day begins at midnight. Null: it is none. */
export function parseTime(text: string): number | null {
  const [, day, minute = '00:00', second = ':00', fraction = '', zone = 'Z'] = TIME.exec(text) ?? []
  if (day === undefined) return null
  const ms = Date.parse(`${day}T${minute}${second}${zone}`)
  if (!Number.isFinite(ms)) return null
  // There is no 30 February, but for the parser, which takes it for a day in March.
  if (!new Date(Date.parse(`${day}T00:00:00Z`)).toISOString().startsWith(day)) return null
  return ms * 1000 + Number(fraction.padEnd(6, '0'))
}

/** A parser of times on the command line, to microseconds since 1970. */
export function timeFlag(name: string): (text: string) => number {
  return (text) => {
    const us = parseTime(text)
    if (us !== null) return us
    throw refused(name, text, 'a time such as 2026-11-20T12:00:00Z')
  }
}

/** A parser of `--day`: a day's beginning, microseconds since 1970. */
export function dayFlag(text: string): number {
  const us = text.length === 10 ? parseTime(text) : null
  if (us !== null) return us
  throw refused('--day', text, 'a day such as 2026-11-20')
}

function refused(name: string, text: string, expected: string): CryptoFlowError {
  const found = JSON.stringify(text).replace(/[^\x20-\x7e]/g, '?')
  return new CryptoFlowError(`reading the command line: ${name} is ${found}, expected ${expected}`, {
    kind: 'usage',
    reaction: 'stop',
  })
}
