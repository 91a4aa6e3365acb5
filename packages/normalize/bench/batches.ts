import { type DecimalColumn, EventBatch, EventKind, Side, type StringTable } from '@cryptoflow/model'

/** Symbols of a batch, events of a batch, and levels of a delta: about what one busy connection brings. */
const SYMBOLS = 20
const EVENTS = 240
const LEVELS = 8

export type Hot = 'trades' | 'aggregates' | 'quotes' | 'deltas'

/** An event time in one partition, microseconds. */
export const BASE_US = Date.UTC(2026, 10, 20, 12) * 1000

/** Stream names of `fakeMarket` that the batches are messages of. */
const STREAMS: Readonly<Record<Hot, string>> = {
  trades: 'trade',
  aggregates: 'aggregate',
  quotes: 'quote',
  deltas: 'depth',
}
const KINDS: Readonly<Record<Hot, number>> = {
  trades: EventKind.trade,
  aggregates: EventKind.aggregate,
  quotes: EventKind.quote,
  deltas: EventKind.bookDelta,
}

export const streamOf = (hot: Hot): string => STREAMS[hot]
export const symbols = Array.from({ length: SYMBOLS }, (_, i) => `C${i}USDT`)

/** One batch of events whose sequences go on when `advance` moves them. */
export function hotBatch(hot: Hot, names: StringTable): EventBatch {
  const batch = new EventBatch(names)
  const entries = hot === 'deltas' ? LEVELS : hot === 'quotes' ? 2 : 1
  for (let event = 0; event < EVENTS; event++) {
    batch.reserveEvent()
    batch.reserveEntries(entries)
    batch.kind[event] = KINDS[hot]
    batch.symbol[event] = names.idOf(symbols[event % SYMBOLS] as string)
    batch.stream[event] = names.idOf(STREAMS[hot])
    batch.engineUs[event] = BASE_US + event
    batch.sentUs[event] = BASE_US + event + 1_000
    const seq = 1_000_000 + Math.floor(event / SYMBOLS)
    batch.firstSeq[event] = hot === 'quotes' ? Number.NaN : seq
    batch.lastSeq[event] = seq
    batch.prevSeq[event] = Number.NaN
    batch.firstTradeId[event] = 3 * seq
    batch.lastTradeId[event] = 3 * seq + 2
    batch.tradeType[event] = -1
    for (let i = 0; i < entries; i++) addEntry(batch, hot, event, i)
    batch.endEvent()
  }
  return batch
}

/** Moves every event behind the batch's last, so that the batch can be heard again. */
export function advance(batch: EventBatch): void {
  const step = batch.count / SYMBOLS
  for (let event = 0; event < batch.count; event++) {
    batch.firstSeq[event] = (batch.firstSeq[event] as number) + step
    batch.lastSeq[event] = (batch.lastSeq[event] as number) + step
  }
}

function addEntry(batch: EventBatch, hot: Hot, event: number, i: number): void {
  const entry = batch.entryCount++
  const isBid = i % 2 === 0
  const isTrade = hot === 'trades' || hot === 'aggregates'
  batch.side[entry] = isTrade ? (isBid ? Side.buy : Side.sell) : isBid ? Side.bid : Side.ask
  set(batch.price, entry, (isBid ? 6_500_000 : 6_600_000) + ((event * 7 + i) % 500), 2)
  set(batch.quantity, entry, 1 + ((event * 13 + i) % 90_000), 5)
}

function set(column: DecimalColumn, row: number, mantissa: number, scale: number): void {
  column.mantissas[row] = mantissa
  column.scales[row] = scale
}
