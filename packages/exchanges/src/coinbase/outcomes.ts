import type { DecodeOutcome } from '@cryptoflow/model'
import { malformed } from '../json.ts'

/** What becomes of messages, where it needs no words of their own. */

export const EVENTS: DecodeOutcome = { kind: 'events' }
export const HEARTBEAT: DecodeOutcome = { kind: 'heartbeat' }
export const OTHER_MARKET: DecodeOutcome = { kind: 'outside', reason: 'other_market' }
export const OUT_OF_SCOPE: DecodeOutcome = { kind: 'outside', reason: 'out_of_scope' }
export const GENERATED: DecodeOutcome = { kind: 'outside', reason: 'generated' }
export const NO_JSON = malformed('malformed', 'not a JSON object in UTF-8 of bounded depth')
export const NAMES_FULL = malformed('bad_symbol', 'more names than the table of names holds')
/** Nothing is in the list: no event, and nothing is wrong. */
export const EMPTY = ignored('empty')
export const UNKNOWN = unknown('no known type of message')

/** A message that is known and not stored. `reason` says what it is: few values, they label metrics. */
export function ignored(reason: string): DecodeOutcome {
  return { kind: 'ignored', reason }
}

/** A message that nobody knows. */
export function unknown(detail: string): DecodeOutcome {
  return { kind: 'unknown', reason: 'unknown_message', detail }
}
