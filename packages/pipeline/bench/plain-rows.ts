import {
  type ColumnsOf,
  type ExchangeMarket,
  type RowBuffer,
  reserveRows,
  type spotDelta,
  type ticks,
} from '@cryptoflow/model'
import type { BenchFrame, FrameSet } from './frames.ts'
import { openBuffers, type RowBuffers, type RowReader, WRITER } from './our-rows.ts'

/** The messages of trades, aggregates, diffs and quotes, as JSON.parse gives them. */
export interface WireMessage {
  readonly stream: string
  readonly data: WireData
}

export interface WireData {
  readonly e?: string
  /** Milliseconds, or microseconds. */
  readonly E?: number
  readonly T?: number
  readonly s: string
  /** Ids: of a trade, of an aggregate, of the first and last trade of an aggregate. */
  readonly t: number
  readonly a: number & string & [string, string][]
  readonly f: number
  readonly l: number
  readonly p: string
  readonly q: string
  readonly X?: string
  readonly m: boolean
  readonly U: number
  readonly u: number
  readonly pu?: number
  readonly b: string & [string, string][]
  readonly B: string
  readonly A: string
}

type Levels = readonly [string, string][]

/** The columns that every table begins with, and the unit. */
type Common = Pick<
  ColumnsOf<typeof ticks>,
  | 'exchange'
  | 'market'
  | 'symbol'
  | 'instrument'
  | 'event_ts'
  | 'event_ts_source'
  | 'sent_ts'
  | 'received_ts'
  | 'source'
  | 'writer'
  | 'frame'
  | 'quantity_unit'
>

/** What all rows of one message have in common; names as ids. */
interface Head {
  exchange: number
  market: number
  symbol: number
  unit: number
  eventUs: number
  timeSource: number
  sentUs: number
  receivedUs: number
  number: number
}

const MICROSECONDS_FROM = 1e15

/**
 * The plain way that everybody begins with: JSON.parse, Number, a Map of symbols, a Map of last sequences, and row
 * by row into the same columns. Prices and quantities are floats, their written scale is lost.
 */
export function openPlain(set: FrameSet, buffers: RowBuffers = openBuffers()): RowReader {
  const { names } = buffers
  const ids = new Map<string, number>()
  const sequences = new Map<string, number>()
  const id = (text: string): number => {
    let known = ids.get(text)
    if (known === undefined) {
      known = names.idOf(text)
      ids.set(text, known)
    }
    return known
  }
  const ws = id('ws')
  const writer = id(WRITER)
  const bid = id('bid')
  const ask = id('ask')
  const waiting = id('waiting')

  const headOf = (market: ExchangeMarket, frame: BenchFrame, number: number, { E, T, s }: WireData): Head => {
    const sentUs = E === undefined ? Number.NaN : us(E)
    return {
      exchange: id(market.exchange),
      market: id(market.market),
      symbol: id(s),
      unit: id(market.quantityUnit),
      eventUs: T !== undefined ? us(T) : E !== undefined ? sentUs : frame.receivedUs,
      timeSource: id(T !== undefined ? 'engine' : E !== undefined ? 'sent' : 'received'),
      sentUs,
      receivedUs: frame.receivedUs,
      number,
    }
  }
  const common = (columns: Common, row: number, head: Head): void => {
    columns.exchange.values[row] = head.exchange
    columns.market.values[row] = head.market
    columns.symbol.values[row] = head.symbol
    columns.instrument.values[row] = -1
    columns.event_ts.values[row] = head.eventUs
    columns.event_ts_source.values[row] = head.timeSource
    columns.sent_ts.values[row] = head.sentUs
    columns.received_ts.values[row] = head.receivedUs
    columns.source.values[row] = ws
    columns.writer.values[row] = writer
    columns.frame.values[row] = head.number
    columns.quantity_unit.values[row] = head.unit
  }
  const trade = (market: ExchangeMarket, head: Head, data: WireData, isAggregate: boolean): void => {
    const buffer = buffers.rowsFor('ticks', market.exchange, head.eventUs)
    const { columns, count: row } = buffer
    makeRoom(buffer, 1)
    common(columns, row, head)
    columns.trade_id.values[row] = String(isAggregate ? data.a : data.t)
    columns.kind.values[row] = id(isAggregate ? 'aggregate' : 'trade')
    columns.side.values[row] = id(data.m ? 'sell' : 'buy')
    columns.price.mantissas[row] = Number(data.p)
    columns.quantity.mantissas[row] = Number(data.q)
    columns.trade_count.values[row] = isAggregate ? data.l - data.f + 1 : Number.NaN
    columns.first_trade_id.values[row] = isAggregate ? String(data.f) : null
    columns.last_trade_id.values[row] = isAggregate ? String(data.l) : null
    columns.trade_type.values[row] = data.X === undefined ? -1 : id(data.X)
    buffer.count += 1
  }
  const quote = (market: ExchangeMarket, head: Head, data: WireData): void => {
    const buffer = buffers.rowsFor('bbo', market.exchange, head.eventUs)
    const { columns, count: row } = buffer
    makeRoom(buffer, 1)
    common(columns, row, head)
    columns.bid_price.mantissas[row] = Number(data.b)
    columns.bid_quantity.mantissas[row] = Number(data.B)
    columns.ask_price.mantissas[row] = Number(data.a)
    columns.ask_quantity.mantissas[row] = Number(data.A)
    columns.last_seq.values[row] = data.u
    buffer.count += 1
  }
  const book = (market: ExchangeMarket, head: Head, data: WireData): void => {
    const buffer = buffers.rowsFor(
      market.market === 'spot' ? 'spot_delta' : 'futures_delta',
      market.exchange,
      head.eventUs,
    )
    const { columns, count } = buffer
    const row = count === 0 ? 0 : ((buffer.heads as Uint32Array)[count - 1] as number) + 1
    const bids: Levels = data.b
    const asks: Levels = data.a
    makeRoom(buffer, bids.length + asks.length)
    common(columns, row, head)
    columns.first_seq.values[row] = data.U
    columns.last_seq.values[row] = data.u
    columns.prev_seq.values[row] = data.pu ?? Number.NaN
    columns.is_snapshot.values[row] = 0
    columns.connection_seq.values[row] = Number.NaN
    columns.checksum.values[row] = Number.NaN
    columns.book_state.values[row] = waiting
    levels(buffer, row, bid, bids)
    levels(buffer, row, ask, asks)
  }
  const levels = (
    buffer: Pick<RowBuffer<typeof spotDelta>, 'columns' | 'count' | 'heads'>,
    head: number,
    side: number,
    entries: Levels,
  ): void => {
    const { columns } = buffer
    const heads = buffer.heads as Uint32Array
    for (let i = 0; i < entries.length; i++) {
      const [price, quantity] = entries[i] as [string, string]
      const row = buffer.count
      heads[row] = head
      columns.side.values[row] = side
      columns.price.mantissas[row] = Number(price)
      columns.quantity.mantissas[row] = Number(quantity)
      columns.level_index.values[row] = i
      buffer.count += 1
    }
  }
  return {
    tables: buffers.tables,
    read(frame, number) {
      const market = set.sources[frame.source] as ExchangeMarket
      const { stream, data } = JSON.parse(frame.bytes.toString('utf8')) as WireMessage
      if (isOld(sequences, market, stream, data)) return
      const head = headOf(market, frame, number, data)
      if (data.e === 'depthUpdate') book(market, head, data)
      else if (data.e === 'trade') trade(market, head, data, false)
      else if (data.e === 'aggTrade') trade(market, head, data, true)
      else quote(market, head, data)
    },
    reset: buffers.reset,
  }
}

/** Room for this many rows beyond those asked for, so that columns are looked through now and then only. */
const ROOM_ROWS = 64
const roomOf = new WeakMap<RowBuffer, number>()

function makeRoom(buffer: RowBuffer, more: number): void {
  if (buffer.count + more <= (roomOf.get(buffer) ?? 0)) return
  reserveRows(buffer, more + ROOM_ROWS)
  roomOf.set(buffer, buffer.count + more + ROOM_ROWS)
}

/** Whether the stream has had this message; remembers it. */
function isOld(
  sequences: Map<string, number>,
  { market }: ExchangeMarket,
  stream: string,
  data: WireData,
): boolean {
  const key = market + stream
  const sequence = data.e === 'trade' ? data.t : data.e === 'aggTrade' ? data.a : data.u
  if (sequence <= (sequences.get(key) ?? Number.NEGATIVE_INFINITY)) return true
  sequences.set(key, sequence)
  return false
}

/** An exchange's time as microseconds. */
export function us(sent: number): number {
  return sent >= MICROSECONDS_FROM ? sent : sent * 1000
}
