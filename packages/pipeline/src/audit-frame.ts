import {
  type AnswerContext,
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
} from '@cryptoflow/model'

/**
 * Reads the frame that a subscription of an audit began with: the snapshots of the book that it is about, or nothing.
 * The batch is empty before.
 */
export function decodeAuditFrame(
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
