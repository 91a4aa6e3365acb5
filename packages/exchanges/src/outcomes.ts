import type { DecodeOutcome, OutsideReason } from '@cryptoflow/model'
import { malformed } from './json.ts'

/** What becomes of messages, where it needs no words of their own. */

export const EVENTS: DecodeOutcome = { kind: 'events' }
export const HEARTBEAT: DecodeOutcome = { kind: 'heartbeat' }
export const CLOSING: DecodeOutcome = { kind: 'closing' }
/** Nothing is listed: no event, and nothing is wrong. */
export const EMPTY: DecodeOutcome = ignored('empty')
export const OBSOLETE: DecodeOutcome = outside('obsolete_protocol')
export const OUT_OF_SCOPE: DecodeOutcome = outside('out_of_scope')
export const GENERATED: DecodeOutcome = outside('generated')
export const OTHER_MARKET: DecodeOutcome = outside('other_market')
export const NO_JSON: DecodeOutcome = malformed('malformed', 'not a JSON object in UTF-8 of bounded depth')
export const NAMES_FULL: DecodeOutcome = malformed('bad_symbol', 'more names than the table of names holds')
export const UNKNOWN: DecodeOutcome = unknown('no known type of message')

/** A message that is known and not stored. `reason` says what it is: few values, they label metrics. */
export function ignored(reason: string): DecodeOutcome {
  return { kind: 'ignored', reason }
}

/** A message that nobody knows; `detail` says where the knowledge ends, never the wire's words. */
export function unknown(detail: string): DecodeOutcome {
  return { kind: 'unknown', reason: 'unknown_message', detail }
}

function outside(reason: OutsideReason): DecodeOutcome {
  return { kind: 'outside', reason }
}
