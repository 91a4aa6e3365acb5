import type { AnswerContext, DecodeOutcome, EventBatch, ExchangeMarket } from '@cryptoflow/model'
import { difference, imageOf, prefixDifference } from './batch-image.ts'
import type { ConformanceCases } from './cases.ts'
import { outcomeProblem } from './outcome.ts'
import { canonicalText, type PlainEvent, plainEvents } from './plain-events.ts'
import { eventsProblem } from './well-formed.ts'

/** A market, and what its author says of its messages. */
export interface Subject {
  readonly market: ExchangeMarket
  readonly cases: Pick<ConformanceCases, 'spelledInLists' | 'connectionSeqOf' | 'share'>
}

/** What a market made of one message. */
export interface Reading {
  /** Null when it threw. */
  readonly outcome: DecodeOutcome | null
  readonly events: readonly PlainEvent[]
  /** The events as `canonicalText` spells them. */
  readonly text: string
  /** The frame's place in a count over its connection; NaN where it has none, and of an answer. */
  readonly connectionSeq: number
  /** Outcome, count and events without what depends on how the message is spelled: equal for equal messages. */
  readonly meaning: string
  /** What the contract forbids of any message: thrown, half appended, out of range. Null when all is well. */
  readonly problem: string | null
}

const WIPED = 42
/** No place in any count: a decoder that counts frames must not leave it there. */
const UNCOUNTED = 0.5

/**
 * Lets a market read one message into a batch, looks at what it did, and rolls the batch back.
 *
 * The bytes are given as a part of a larger buffer and wiped afterwards: a decoder owns neither.
 */
export function read(
  subject: Subject,
  message: Uint8Array,
  answer: AnswerContext | null,
  batch: EventBatch,
): Reading {
  const { market } = subject
  const before = imageOf(batch)
  const bytes = lent(message)
  const isCounted = answer === null && subject.cases.connectionSeqOf !== undefined
  batch.connectionSeq = isCounted ? UNCOUNTED : Number.NaN
  let outcome: DecodeOutcome
  try {
    outcome = answer === null ? market.decodeFrame(bytes, batch) : market.decodeAnswer(answer, bytes, batch)
  } catch (error) {
    batch.rollback(before.count)
    return { ...nothing, meaning: 'thrown', problem: `it throws ${String(error).slice(0, 200)}` }
  }
  const isKept = Buffer.compare(bytes, message) === 0
  bytes.fill(WIPED)
  const { connectionSeq } = batch
  const isEvents = outcome?.kind === 'events'
  const problem =
    outcomeProblem(outcome) ??
    (isKept ? null : 'it writes into the message') ??
    connectionProblem(connectionSeq, isCounted) ??
    (isEvents ? prefixDifference(before, batch) : difference(before, batch)) ??
    (isEvents ? eventsProblem(subject, batch, before.count, () => new TextDecoder().decode(message)) : null)
  const reading = isEvents && problem === null ? readingOf(market, outcome, batch, before.count) : nothing
  batch.rollback(before.count)
  const meaning = `${outcomeText(outcome)} ${connectionSeq}\n${reading.meaning}`
  return { ...reading, outcome, connectionSeq, meaning, problem }
}

const nothing: Reading = {
  outcome: null,
  events: [],
  text: '',
  connectionSeq: Number.NaN,
  meaning: '',
  problem: null,
}

/** Who counts frames says of every one where it stands, or that it has no place; who does not leaves NaN alone. */
function connectionProblem(connectionSeq: number, isCounted: boolean): string | null {
  if (Number.isNaN(connectionSeq)) return null
  if (!isCounted) return `it counts to ${connectionSeq}, where no frames are counted`
  if (connectionSeq === UNCOUNTED) return 'it does not say which place the frame has on its connection'
  const isPlace = Number.isSafeInteger(connectionSeq) && connectionSeq >= 0
  return isPlace ? null : `its place on the connection is ${connectionSeq}`
}

function readingOf(market: ExchangeMarket, outcome: DecodeOutcome, batch: EventBatch, from: number): Reading {
  const events = plainEvents(batch, from, market)
  const text = canonicalText(events)
  const hasRaw = events.some(({ detail }) => detail?.raw !== undefined)
  return { ...nothing, outcome, events, text, meaning: hasRaw ? canonicalText(events.map(withoutRaw)) : text }
}

function withoutRaw(event: PlainEvent): PlainEvent {
  return event.detail === undefined ? event : { ...event, detail: { ...event.detail, raw: null } }
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
