import {
  type AnswerContext,
  type DecodeOutcome,
  decimalText,
  EventBatch,
  EventKind,
  type Market,
  Side,
  StringTable,
} from '@cryptoflow/model'
import { decodeAnswer } from './answers.ts'

/** An answer's event as goldens hold it: decimals as text, absent values as null, no field of its kind left out. */
export type PlainAnswer = Readonly<Record<string, unknown>>

const encoder = new TextEncoder()
const kinds = Object.keys(EventKind)
const sides = Object.keys(Side)

export function contextOf(market: Market, stream: string, symbol: string): AnswerContext {
  return { exchange: 'binance', market, symbol, stream, resync: 0, status: 200 }
}

/** Decodes one body into a batch of its own. */
export function decodeBody(
  market: Market,
  stream: string,
  symbol: string,
  body: string | Uint8Array,
): { readonly outcome: DecodeOutcome; readonly batch: EventBatch } {
  const batch = new EventBatch(new StringTable())
  const bytes = typeof body === 'string' ? encoder.encode(body) : body
  return { outcome: decodeAnswer(market, contextOf(market, stream, symbol), bytes, batch), batch }
}

export function plainAnswers(batch: EventBatch): PlainAnswer[] {
  return Array.from({ length: batch.count }, (_, event) => {
    const kind = kinds[batch.kind[event] as number] as string
    const plain = {
      kind,
      symbol: batch.names.text(batch.symbol[event] as number),
      stream: batch.names.text(batch.stream[event] as number),
      engineUs: orNull(batch.engineUs[event]),
      sentUs: orNull(batch.sentUs[event]),
      seqs: [batch.firstSeq, batch.lastSeq, batch.prevSeq].map((column) => orNull(column[event])),
    }
    const detail = batch.details.get(event)
    return detail === undefined
      ? { ...plain, ...plainTrade(batch, event) }
      : { ...plain, detail: plainDetail(detail) }
  })
}

function plainTrade(batch: EventBatch, event: number): PlainAnswer {
  if (batch.kind[event] === EventKind.bookImage) return { entries: plainEntries(batch, event) }
  const type = batch.tradeType[event] as number
  return {
    tradeIds: [batch.firstTradeId, batch.lastTradeId].map((column) => orNull(column[event])),
    tradeType: type < 0 ? null : batch.names.text(type),
    entries: plainEntries(batch, event),
  }
}

function plainEntries(batch: EventBatch, event: number): unknown[] {
  const from = batch.entryStart[event] as number
  const to = batch.entryStart[event + 1] as number
  return Array.from({ length: to - from }, (_, i) => [
    sides[batch.side[from + i] as number],
    ...[batch.price, batch.quantity].map((column) =>
      decimalText(column.mantissa(from + i) as bigint, column.scales[from + i] as number),
    ),
  ])
}

function plainDetail(detail: object): PlainAnswer {
  return Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, plainValue(value)]))
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'number') return orNull(value)
  if (typeof value !== 'object' || value === null) return value
  const { mantissa, scale } = value as { readonly mantissa: bigint; readonly scale: number }
  return decimalText(mantissa, scale)
}

function orNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value
}
