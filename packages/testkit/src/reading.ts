import type { AnswerContext, DecodeOutcome, EventBatch, ExchangeMarket } from '@cryptoflow/model'
import { difference, imageOf, prefixDifference } from './batch-image.ts'
import { outcomeProblem } from './outcome.ts'
import { canonicalText, eventsText, type PlainEvent, plainEvents } from './plain-events.ts'
import { eventsProblem } from './well-formed.ts'

/** What a market made of one message. */
export interface Reading {
  /** Null when it threw. */
  readonly outcome: DecodeOutcome | null
  readonly events: readonly PlainEvent[]
  /** The events as `eventsText` spells them. */
  readonly text: string
  /** Outcome and events without what depends on how the message is spelled: equal for equal messages. */
  readonly meaning: string
  /** What the contract forbids of any message: thrown, half appended, out of range. Null when all is well. */
  readonly problem: string | null
}

const WIPED = 42

/**
 * Lets a market read one message into a batch, looks at what it did, and rolls the batch back.
 *
 * The bytes are given as a part of a larger buffer and wiped afterwards: a decoder owns neither.
 */
export function read(
  market: ExchangeMarket,
  message: Uint8Array,
  answer: AnswerContext | null,
  batch: EventBatch,
): Reading {
  const before = imageOf(batch)
  const bytes = lent(message)
  let outcome: DecodeOutcome
  try {
    outcome = answer === null ? market.decodeFrame(bytes, batch) : market.decodeAnswer(answer, bytes, batch)
  } catch (error) {
    batch.rollback(before.count)
    return { ...nothing, meaning: 'thrown', problem: `it throws ${String(error).slice(0, 200)}` }
  }
  const isKept = bytes.every((byte, i) => byte === message[i])
  bytes.fill(WIPED)
  const isEvents = outcome?.kind === 'events'
  const problem =
    outcomeProblem(outcome) ??
    (isKept ? null : 'it writes into the message') ??
    (isEvents ? prefixDifference(before, batch) : difference(before, batch)) ??
    (isEvents ? eventsProblem(market, batch, before.count, () => new TextDecoder().decode(message)) : null)
  const reading = isEvents && problem === null ? readingOf(outcome, batch, before.count) : nothing
  batch.rollback(before.count)
  return { ...reading, outcome, meaning: `${outcomeText(outcome)}\n${reading.meaning}`, problem }
}

const nothing: Reading = { outcome: null, events: [], text: '', meaning: '', problem: null }

function readingOf(outcome: DecodeOutcome, batch: EventBatch, from: number): Reading {
  const events = plainEvents(batch, from)
  const spelled = events.map((event) =>
    event.detail?.raw === undefined ? event : { ...event, detail: { ...event.detail, raw: null } },
  )
  return {
    outcome,
    events,
    text: eventsText(batch, from),
    meaning: canonicalText(spelled),
    problem: null,
  }
}

/** An outcome without its detail, which may name what the spelling was. */
function outcomeText(outcome: DecodeOutcome): string {
  const { kind, reason, id } = outcome as { kind: string; reason?: string; id?: number | null }
  return [kind, reason, id].filter((part) => part !== undefined).join(' ')
}

function lent(message: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(message.length + 2 * LENT_AROUND).fill(WIPED)
  buffer.set(message, LENT_AROUND)
  return buffer.subarray(LENT_AROUND, LENT_AROUND + message.length)
}

const LENT_AROUND = 3
