import type { DecodeOutcome } from '@cryptoflow/model'
import { malformed } from '../json.ts'

/** What becomes of messages, where it needs no words of their own. */

export const EVENTS: DecodeOutcome = { kind: 'events' }
export const CLOSING: DecodeOutcome = { kind: 'closing' }
export const NO_JSON = malformed('malformed', 'not a JSON object in UTF-8 of bounded depth')
export const NAMES_FULL = malformed('bad_symbol', 'more names than the table of names holds')
export const UNKNOWN: DecodeOutcome = {
  kind: 'unknown',
  reason: 'unknown_message',
  detail: 'no known type of message',
}

/** A message that is known and not stored. `reason` says what it is: few values, they label metrics. */
export function ignored(reason: string): DecodeOutcome {
  return { kind: 'ignored', reason }
}
