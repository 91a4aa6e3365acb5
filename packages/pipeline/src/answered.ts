import {
  type AnswerContext,
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
} from '@cryptoflow/model'

/** Reads what an answer record holds, the body of a REST answer or the frame of an audit, into an empty batch. */
export function decodeAnswered(
  market: ExchangeMarket,
  context: AnswerContext,
  body: Uint8Array,
  batch: EventBatch,
): DecodeOutcome {
  return context.isFrame === true
    ? decodeAuditFrame(market, context, body, batch)
    : market.decodeAnswer(context, body, batch)
}

/** The snapshots of the book that an audit is about, or nothing. */
function decodeAuditFrame(
  market: ExchangeMarket,
  { symbol, stream }: Pick<AnswerContext, 'symbol' | 'stream'>,
  frame: Uint8Array,
  batch: EventBatch,
): DecodeOutcome {
  const outcome = market.decodeFrame(frame, batch)
  const { names } = batch
  for (let event = 0; event < batch.count; event++) {
    const isOurs =
      batch.kind[event] === EventKind.bookSnapshot &&
      names.text(batch.symbol[event] as number) === symbol &&
      names.text(batch.stream[event] as number) === stream
    if (isOurs) continue
    batch.rollback(0)
    return STRANGER
  }
  return outcome
}

const STRANGER: DecodeOutcome = {
  kind: 'unknown',
  reason: 'unknown_message',
  detail: 'an audit was answered with something else than a snapshot of its book',
}
