import { DecimalColumn, grown } from './columns.ts'
import type { Decimal } from './decimal.ts'
import { EventTexts } from './event-texts.ts'
import type { StringTable } from './strings.ts'

/**
 * What an event is, and what its entries are.
 *
 * `trade`, `aggregate`, `block` (a trade agreed outside the book): one entry. `bookDelta`, `bookSnapshot`: one per
 * level. `bookImage`, the exchange's own book of limited depth: one per level, best first. `quote`, its own best bid
 * and offer: one per side that it carries. `funding`, `liquidation`, `openInterest`, `instrument`: none, but a detail.
 */
export const EventKind = {
  trade: 0,
  bookDelta: 1,
  bookSnapshot: 2,
  quote: 3,
  aggregate: 4,
  bookImage: 5,
  funding: 6,
  liquidation: 7,
  openInterest: 8,
  instrument: 9,
  block: 10,
} as const

/** Side of an entry: of a level `bid` or `ask`; of a trade the taker's, `buy` or `sell`. */
export const Side = { bid: 0, ask: 1, buy: 2, sell: 3 } as const

/** Prices and rates that are told, not traded. An absent number is null, an absent time or count NaN. */
export interface FundingDetail {
  readonly markPrice: Decimal | null
  readonly indexPrice: Decimal | null
  readonly estimatedSettlePrice: Decimal | null
  /** Fraction of notional per interval. */
  readonly fundingRate: Decimal | null
  readonly predictedRate: Decimal | null
  /** The time the rate is for, microseconds. */
  readonly fundingUs: number
  readonly intervalHours: number
  readonly kind: 'current' | 'settled'
}

/** An order that closed a position by force. */
export interface LiquidationDetail {
  /** Of the closing order: `sell` closed a long position. */
  readonly side: 'buy' | 'sell'
  readonly price: Decimal | null
  /** What `price` is: `order`, `bankruptcy`, `fill`. */
  readonly priceKind: string | null
  readonly averagePrice: Decimal | null
  readonly quantity: Decimal
  readonly filledQuantity: Decimal | null
  /** The exchange's own word. */
  readonly status: string | null
  /** The exchange sends only some of them. */
  readonly sampled: boolean
}

export interface OpenInterestDetail {
  /** In the market's quantity unit. */
  readonly openInterest: Decimal
  readonly value: Decimal | null
}

/** What can be traded, as the exchange lists it. An absent time is NaN. */
export interface InstrumentDetail {
  /** Our name: `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USD-20261225`. */
  readonly instrument: string
  readonly base: string
  readonly quote: string
  readonly settle: string | null
  readonly type: 'spot' | 'perpetual' | 'future'
  /** The exchange's own word. */
  readonly status: string | null
  readonly tickSize: Decimal | null
  readonly lotSize: Decimal | null
  readonly contractSize: Decimal | null
  readonly contractUnit: string | null
  /** Fraction digits that prices and quantities are written with, where the list says so and a checksum needs it. */
  readonly digits?: { readonly price: number; readonly quantity: number }
  readonly listedUs: number
  readonly expiryUs: number
  /** The exchange's own JSON object, byte for byte. */
  readonly raw: string
}

/** Of the event's kind; only rare kinds have one. */
export type EventDetail = FundingDetail | LiquidationDetail | OpenInterestDetail | InstrumentDetail

/**
 * Decoded events as columns: `decode` appends, `normalize` reads, and the batch is used again.
 *
 * Per event: kind, symbol and stream (ids of `names`), times in microseconds, sequences (NaN = absent) and
 * the range of its entries, `entryStart[i] ... entryStart[i + 1] - 1`. Per entry: side, price, quantity.
 * Where an event comes from (frame, connection, received time) is known by whoever calls the decoder.
 *
 * A decoder that finds out late that it cannot read a message calls `rollback`: never half a message.
 */
export class EventBatch {
  readonly names: StringTable
  count = 0
  entryCount = 0
  kind = new Uint8Array(64)
  symbol = new Int32Array(64)
  /** The channel without its symbol, as the exchange writes it: `trade`, `depth@100ms`. */
  stream = new Int32Array(64)
  /** Matching engine's time, microseconds; NaN when the message has none. */
  engineUs = new Float64Array(64)
  /** Exchange's send time, microseconds; NaN when the message has none. */
  sentUs = new Float64Array(64)
  /**
   * First and last sequence inside the message; of a trade both are its id, of an aggregate too or, where ids count
   * trades, the first and the last trade in it; of a quote or an image only the last is set. NaN = absent, also where
   * an id is no whole number below 2^53: then it is in `textIds`.
   */
  firstSeq = new Float64Array(64)
  lastSeq = new Float64Array(64)
  /** Sequence of the message before, where the exchange names it. NaN = absent. */
  prevSeq = new Float64Array(64)
  /** Of an aggregate: the first and last trade in it, NaN = absent. Not set for other kinds. */
  firstTradeId = new Float64Array(64)
  lastTradeId = new Float64Array(64)
  /** Of a trade, a block or an aggregate: the exchange's own word for its kind, -1 = none. Not set for other kinds. */
  tradeType = new Int32Array(64)
  /** Of a book event whose stream has a checksum: as sent, NaN = absent. Not set for other events. */
  checksum = new Float64Array(64)
  /**
   * By event: what tells it from all others of its key and stream, where numbers do not. Of a trade it is the id that
   * is stored, byte for byte.
   */
  readonly textIds = new EventTexts()
  /**
   * Of the frame decoded last, whatever became of it: its place in a count over the whole connection; NaN where the
   * exchange counts none. Decoders of exchanges that count set it for every frame.
   */
  connectionSeq = Number.NaN
  /** By event, for the kinds that have one. */
  readonly details = new Map<number, EventDetail>()
  entryStart = new Int32Array(65)
  side = new Uint8Array(256)
  readonly price = new DecimalColumn()
  readonly quantity = new DecimalColumn()

  constructor(names: StringTable) {
    this.names = names
  }

  clear(): void {
    this.rollback(0)
  }

  /** Forgets events `count ...` and their entries. */
  rollback(count: number): void {
    this.count = count
    this.entryCount = this.entryStart[count] as number
    if (this.details.size > 0) forget(this.details, count)
    if (this.textIds.size > 0) this.textIds.forgetFrom(count)
    this.price.forgetWide(this.entryCount)
    this.quantity.forgetWide(this.entryCount)
  }

  /** Makes room for one event. */
  reserveEvent(): void {
    const rows = this.count + 1
    if (rows < this.kind.length) return
    this.kind = grown(this.kind, rows + 1)
    this.symbol = grown(this.symbol, rows + 1)
    this.stream = grown(this.stream, rows + 1)
    this.engineUs = grown(this.engineUs, rows + 1)
    this.sentUs = grown(this.sentUs, rows + 1)
    this.firstSeq = grown(this.firstSeq, rows + 1)
    this.lastSeq = grown(this.lastSeq, rows + 1)
    this.prevSeq = grown(this.prevSeq, rows + 1)
    this.firstTradeId = grown(this.firstTradeId, rows + 1)
    this.lastTradeId = grown(this.lastTradeId, rows + 1)
    this.tradeType = grown(this.tradeType, rows + 1)
    this.checksum = grown(this.checksum, rows + 1)
    this.entryStart = grown(this.entryStart, rows + 2)
  }

  /** Makes room for `more` entries. */
  reserveEntries(more: number): void {
    const rows = this.entryCount + more
    if (rows > this.side.length) this.side = grown(this.side, rows)
    this.price.reserve(rows)
    this.quantity.reserve(rows)
  }

  /** Ends the event being written: its entries are all entries since the one before. */
  endEvent(): void {
    this.count += 1
    this.entryStart[this.count] = this.entryCount
  }
}

function forget(byEvent: Map<number, unknown>, from: number): void {
  if (from === 0) byEvent.clear()
  for (const event of byEvent.keys()) if (event >= from) byEvent.delete(event)
}
