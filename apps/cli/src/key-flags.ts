import { timeFlag } from '@cryptoflow/console'
import { quoted } from '@cryptoflow/reader'
import type { Command } from 'commander'
import { timeText } from './text.ts'

/** Which rows are meant: all that fit everything that was given. */
export interface KeyFlags {
  readonly exchange?: string
  readonly market?: string
  readonly symbol?: string
  /** Microseconds since 1970; `from` is within, `to` is not. */
  readonly from?: number
  readonly to?: number
}

const GLOB = 'may have * and ?'

/** Adds the flags that choose keys. */
export function withKeyNames(command: Command): Command {
  return command
    .option('--exchange <name>', `only of this exchange; ${GLOB}`)
    .option('--market <market>', `only of this market; ${GLOB}`)
    .option('--symbol <symbol>', `only of this symbol, as the exchange writes it; ${GLOB}`)
}

/** Adds the flags of a command that looks at rows; `times` says what `--from` and `--to` mean to it. */
export function withKeyFlags(
  command: Command,
  times: { readonly from: string; readonly to: string },
): Command {
  return withKeyNames(command)
    .option('--from <time>', `${times.from} (ISO 8601, UTC)`, timeFlag('--from'))
    .option('--to <time>', times.to, timeFlag('--to'))
}

/** The conditions on exchange, market and symbol, in SQL. */
export function keyConditions({ exchange, market, symbol }: KeyFlags): string[] {
  return Object.entries({ exchange, market, symbol }).flatMap(([column, wanted]) =>
    wanted === undefined ? [] : [matching(column, wanted)],
  )
}

/** The conditions on rows of any table: the key, and the event's time. */
export function rowConditions(flags: KeyFlags): string[] {
  const { from, to } = flags
  return [
    ...keyConditions(flags),
    ...(from === undefined ? [] : [`event_ts >= ${timestamp(from)}`]),
    ...(to === undefined ? [] : [`event_ts < ${timestamp(to)}`]),
  ]
}

/** A time as a literal. */
export function timestamp(us: number): string {
  const micros = String(us % 1_000_000).padStart(6, '0')
  return `TIMESTAMPTZ '${timeText(us).slice(0, 19)}.${micros}Z'`
}

/** All conditions together; empty when there are none. */
export function whereAll(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
}

/** `*` is any text, `?` any character; everything else means itself. DuckDB's own GLOB counts bytes. */
function matching(column: string, wanted: string): string {
  if (!/[*?]/.test(wanted)) return `${column} = ${quoted(wanted)}`
  const literal = wanted.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  const pattern = literal.replaceAll('*', '.*').replaceAll('?', '.')
  return `regexp_full_match(${column}, ${quoted(pattern)}, 's')`
}
