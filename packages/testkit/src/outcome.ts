import type { DecodeOutcome } from '@cryptoflow/model'

const reasons: readonly string[] = [
  'malformed',
  'unknown_message',
  'number_out_of_range',
  'absurd_time',
  'too_many_levels',
  'bad_symbol',
]
/** A reason becomes a metric's label: few plain words, never the wire's. */
const LABEL = /^[a-z][a-z0-9_]{0,39}$/
/** A detail becomes a row and a log line: printable and short. */
const DETAIL = /^[\x20-\x7e]{1,300}$/

/** What is wrong with an outcome, null when nothing is. */
export function outcomeProblem(outcome: DecodeOutcome): string | null {
  switch (outcome?.kind) {
    case 'events':
    case 'heartbeat':
    case 'closing':
      return null
    case 'ack':
      return Number.isSafeInteger(outcome.id) ? null : `the ack's id is ${outcome.id}`
    case 'refused':
      if (outcome.id !== null && !Number.isSafeInteger(outcome.id)) return `the refusal's id is ${outcome.id}`
      return DETAIL.test(outcome.detail) ? null : 'the detail of the refusal is empty, long or not printable'
    case 'ignored':
      return LABEL.test(outcome.reason) ? null : 'the reason of what is ignored is no label'
    case 'unknown':
    case 'malformed':
      if (!reasons.includes(outcome.reason)) return 'the reason of a dead letter is none of those listed'
      return DETAIL.test(outcome.detail)
        ? null
        : 'the detail of a dead letter is empty, long or not printable'
    default:
      return `the outcome is of no known kind: ${JSON.stringify(outcome)}`
  }
}
