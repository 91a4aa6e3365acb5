import { EventBatch, EventKind, type ExchangeMarket, Side, StringTable } from '@cryptoflow/model'
import type { BenchFrame, FrameSet } from './frames.ts'

/**
 * What the measurements that set the targets counted as a row: one for a trade, for a level, for a side of a quote, in
 * nine columns. No sequence is judged, and no row says where it comes from.
 */
interface NineColumns {
  count: number
  readonly exchange: Int32Array
  readonly symbol: Int32Array
  readonly side: Uint8Array
  /** Exact: mantissas and scales. */
  readonly price: Float64Array
  readonly priceScale: Uint8Array
  readonly quantity: Float64Array
  readonly quantityScale: Uint8Array
  readonly exchangeUs: Float64Array
  readonly receivedUs: Float64Array
  readonly sequence: Float64Array
  readonly isSnapshot: Uint8Array
}

/** As many as the frames of a block have; those of today's captures have a tenth of it. */
const ROWS_MAX = 1 << 19

/** Whoever makes such rows of frames, one after another. */
export interface NineReader {
  readonly rows: NineColumns
  /** Kinds of the last frame's events. */
  readonly batch: EventBatch
  read(frame: BenchFrame): void
  /** Forgets the rows and keeps their room. */
  reset(): void
}

export function openNine({ sources }: FrameSet): NineReader {
  const names = new StringTable()
  const batch = new EventBatch(names)
  const exchanges = sources.map(({ exchange, market }) => names.idOf(`${exchange} ${market}`))
  const rows: NineColumns = {
    count: 0,
    exchange: new Int32Array(ROWS_MAX),
    symbol: new Int32Array(ROWS_MAX),
    side: new Uint8Array(ROWS_MAX),
    price: new Float64Array(ROWS_MAX),
    priceScale: new Uint8Array(ROWS_MAX),
    quantity: new Float64Array(ROWS_MAX),
    quantityScale: new Uint8Array(ROWS_MAX),
    exchangeUs: new Float64Array(ROWS_MAX),
    receivedUs: new Float64Array(ROWS_MAX),
    sequence: new Float64Array(ROWS_MAX),
    isSnapshot: new Uint8Array(ROWS_MAX),
  }
  return {
    rows,
    batch,
    read(frame) {
      batch.clear()
      const { kind } = (sources[frame.source] as ExchangeMarket).decodeFrame(frame.bytes, batch)
      if (kind === 'events') append(rows, batch, exchanges[frame.source] as number, frame.receivedUs)
    },
    reset() {
      rows.count = 0
    },
  }
}

function append(rows: NineColumns, batch: EventBatch, exchange: number, receivedUs: number): void {
  const { price, quantity, side } = batch
  let row = rows.count
  for (let event = 0; event < batch.count; event++) {
    const engineUs = batch.engineUs[event] as number
    const exchangeUs = Number.isNaN(engineUs) ? (batch.sentUs[event] as number) : engineUs
    const sequence = batch.lastSeq[event] as number
    const symbol = batch.symbol[event] as number
    const isSnapshot = batch.kind[event] === EventKind.bookSnapshot ? 1 : 0
    const end = batch.entryStart[event + 1] as number
    for (let entry = batch.entryStart[event] as number; entry < end; entry++, row++) {
      rows.exchange[row] = exchange
      rows.symbol[row] = symbol
      rows.side[row] = side[entry] as number
      rows.price[row] = price.mantissas[entry] as number
      rows.priceScale[row] = price.scales[entry] as number
      rows.quantity[row] = quantity.mantissas[entry] as number
      rows.quantityScale[row] = quantity.scales[entry] as number
      rows.exchangeUs[row] = exchangeUs
      rows.receivedUs[row] = receivedUs
      rows.sequence[row] = sequence
      rows.isSnapshot[row] = isSnapshot
    }
  }
  rows.count = row
}

/** Prices and quantities of rows that are those of the frame read last alone, by what tardis calls it. */
export function appendNine(numbers: Map<string, number[]>, { rows, batch }: NineReader): void {
  if (batch.count === 0) return
  const kind = batch.kind[0]
  const family = kind === EventKind.quote ? 'book_ticker' : kind === EventKind.trade ? 'trade' : 'book_change'
  const list = numbers.get(family) ?? []
  numbers.set(family, list)
  for (let row = 0; row < rows.count; row++) {
    const side = rows.side[row] as number
    if ((side === Side.buy || side === Side.sell) !== (family === 'trade')) list.push(Number.NaN)
    list.push((rows.price[row] as number) / 10 ** (rows.priceScale[row] as number))
    list.push((rows.quantity[row] as number) / 10 ** (rows.quantityScale[row] as number))
  }
}
