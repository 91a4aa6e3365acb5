import {
  type AnswerContext,
  assert,
  decodeAnswerPayload,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type JournalRecord,
} from '@cryptoflow/model'
import { closeAudit } from './book-audit.ts'
import type { EventFlow } from './event-flow.ts'
import type { FlowParts } from './flow-parts.ts'
import { imageFault } from './image-faults.ts'
import { stampOf } from './stamps.ts'

/** A REST answer, see Normalizer.answer: snapshots of a book stream, or messages of another. */
export function takeAnswer(
  parts: FlowParts,
  flow: EventFlow,
  record: JournalRecord,
  market: ExchangeMarket,
  context: AnswerContext,
  batch: EventBatch,
): void {
  const spec = market.streams.find(({ name }) => name === context.stream)
  if (spec !== undefined && spec.book !== null) bookAnswer(parts, flow, record, market, context, batch)
  else for (let event = 0; event < batch.count; event++) answered(flow, record, market, context, batch, event)
}

/** An event of an answer that is no book's: an image of a book that contradicts itself is not believed. */
function answered(
  flow: EventFlow,
  record: JournalRecord,
  market: ExchangeMarket,
  { symbol, stream, spreadMaxPercent }: AnswerContext,
  batch: EventBatch,
  event: number,
): void {
  const isImage = batch.kind[event] === EventKind.bookImage
  const detail = isImage ? imageFault(batch, event, spreadMaxPercent ?? null) : null
  if (detail === null) {
    flow.event(record, market, batch, event, event)
    return
  }
  const { decoderVersion } = market
  const raw = decodeAnswerPayload(record.payload).body
  flow.deadLetter(record, market, { reason: 'invalid_book', detail, decoderVersion, raw, symbol, stream })
}

function bookAnswer(
  parts: FlowParts,
  flow: EventFlow,
  record: JournalRecord,
  market: ExchangeMarket,
  context: AnswerContext,
  batch: EventBatch,
): void {
  const { index, grid } = parts
  if (!parts.owns(market, context.symbol)) return
  const state = index.key(market, context.symbol)
  const stream = index.stream(state, context.stream)
  assert(stream !== null, 'the market offers the stream')
  const usable = flow.snapshots(record, state, stream, batch, context.isFrame === true)
  const { keeper } = state
  if (keeper === null || keeper.stream !== context.stream) return
  const snapshot = usable < 0 ? null : { batch, event: usable, stamp: stampOf(record, batch, usable) }
  if (context.audit !== undefined) {
    keeper.audits.answer(context.audit, snapshot)
    closeAudit(parts, record, state, stream, keeper)
    return
  }
  // A book that begins in its stream is not answered: what was fetched is stored, and changes nothing.
  if (keeper.origin === 'rest' && keeper.answer(context.resync, snapshot)) grid.checkpoint(state)
}
