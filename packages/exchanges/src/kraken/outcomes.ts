import type { DecodeOutcome, OutsideReason } from '@cryptoflow/model'
import { malformed } from '../json.ts'

/** What becomes of messages, where it needs no words of their own. */

export const EVENTS: DecodeOutcome = { kind: 'events' }
export const HEARTBEAT: DecodeOutcome = { kind: 'heartbeat' }
/** Nothing is listed: no event, and nothing is wrong. */
export const EMPTY = ignored('empty')
export const STATUS = ignored('status')
/** Summaries of a market, which hold no event of a table. */
export const TICKER = ignored('ticker')
export const CANDLES = ignored('kline')
export const OBSOLETE = outside('obsolete_protocol')
export const OTHER_MARKET = outside('other_market')
export const GENERATED = outside('generated')
export const NO_JSON = malformed('malformed', 'not a JSON object in UTF-8 of bounded depth')
export const NAMES_FULL = malformed('bad_symbol', 'more names than the table of names holds')
export const UNKNOWN = unknown('no known type of message')

/** A message that is known and not stored. `reason` says what it is: few values, they label metrics. */
function ignored(reason: string): DecodeOutcome {
  return { kind: 'ignored', reason }
}

function outside(reason: OutsideReason): DecodeOutcome {
  return { kind: 'outside', reason }
}

/** A message that nobody here knows; `detail` never repeats the wire's words. */
export function unknown(detail: string): DecodeOutcome {
  return { kind: 'unknown', reason: 'unknown_message', detail }
}
