import type { DeadLetterReason, DecodeOutcome, OutsideReason } from '@cryptoflow/model'
import { WORD_BYTES_MAX } from './event-kinds.ts'

/** As records, so that the compiler asks for a reason that is new in the contract. */
const deadLetterReasons: Readonly<Record<DeadLetterReason, true>> = {
  malformed: true,
  unknown_message: true,
  number_out_of_range: true,
  absurd_time: true,
  too_many_levels: true,
  bad_symbol: true,
  invalid_book: true,
}
const outsideReasons: Readonly<Record<OutsideReason, true>> = {
  obsolete_protocol: true,
  out_of_scope: true,
  generated: true,
  other_market: true,
}
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
      return answerProblem('ack', outcome)
    case 'refused':
      if (!DETAIL.test(outcome.detail)) return 'the detail of the refusal is empty, long or not printable'
      return answerProblem('refusal', outcome)
    case 'outside':
      return Object.hasOwn(outsideReasons, outcome.reason)
        ? null
        : 'the reason of what is outside is none of those listed'
    case 'ignored':
      return LABEL.test(outcome.reason) ? null : 'the reason of what is ignored is no label'
    case 'unknown':
    case 'malformed':
      if (!Object.hasOwn(deadLetterReasons, outcome.reason))
        return 'the reason of a dead letter is none of those listed'
      return DETAIL.test(outcome.detail)
        ? null
        : 'the detail of a dead letter is empty, long or not printable'
    default:
      return `the outcome is of no known kind: ${JSON.stringify(outcome)}`
  }
}

function answerProblem(
  what: string,
  { id, streams }: { readonly id: number | null; readonly streams?: readonly string[] },
): string | null {
  if (id !== null && !Number.isSafeInteger(id)) return `the ${what}'s id is ${id}`
  if (streams === undefined) return null
  if (!Array.isArray(streams)) return `the ${what}'s streams are no list`
  const isName = (name: unknown): boolean =>
    typeof name === 'string' && name !== '' && name.length <= WORD_BYTES_MAX && name.isWellFormed()
  return streams.every(isName) ? null : `the ${what} has a stream whose name is empty, long or no text`
}
