import type { bbo, ColumnsOf, spotDelta, spotOb, ticks } from '@cryptoflow/model'
import { DecimalArrays, NAMES, NUMBERS, TRUTHS } from './column-arrays.ts'
import { Room } from './room.ts'
import type { RowIds } from './row-ids.ts'
import type { BookLabel, ImageKind } from './row-types.ts'

/** For the rows of quotes. */
export class QuoteRoom extends Room<ColumnsOf<typeof bbo>> {
  readonly bidPrice = new DecimalArrays()
  readonly bidQuantity = new DecimalArrays()
  readonly askPrice = new DecimalArrays()
  readonly askQuantity = new DecimalArrays()
  lastSeq = NUMBERS

  protected tell(columns: ColumnsOf<typeof bbo>, from: number): void {
    this.bidPrice.take(columns.bid_price, from)
    this.bidQuantity.take(columns.bid_quantity, from)
    this.askPrice.take(columns.ask_price, from)
    this.askQuantity.take(columns.ask_quantity, from)
    this.lastSeq = columns.last_seq.values
  }
}

type Texts = (string | null)[]

/** For the rows of trades. */
export class TickRoom extends Room<ColumnsOf<typeof ticks>> {
  readonly price = new DecimalArrays()
  readonly quantity = new DecimalArrays()
  tradeId: Texts = []
  kind = NAMES
  side = NAMES
  tradeCount = NUMBERS
  firstTradeId: Texts = []
  lastTradeId: Texts = []
  tradeType = NAMES

  protected tell(columns: ColumnsOf<typeof ticks>, from: number): void {
    this.price.take(columns.price, from)
    this.quantity.take(columns.quantity, from)
    this.tradeId = columns.trade_id.values
    this.kind = columns.kind.values
    this.side = columns.side.values
    this.tradeCount = columns.trade_count.values
    this.firstTradeId = columns.first_trade_id.values
    this.lastTradeId = columns.last_trade_id.values
    this.tradeType = columns.trade_type.values
  }
}

/** For the rows of book updates: of deltas, without a predecessor, a checksum and a place in a connection, unless they say otherwise. */
export class UpdateRoom extends Room<ColumnsOf<typeof spotDelta>> {
  readonly price = new DecimalArrays()
  readonly quantity = new DecimalArrays()
  side = NAMES
  position = NUMBERS
  firstSeq = NUMBERS
  lastSeq = NUMBERS
  prevSeq = NUMBERS
  isSnapshot = TRUTHS
  connectionSeq = NUMBERS
  checksum = NUMBERS
  bookState = NAMES
  /** What the rows ahead say that the book was. */
  told: BookLabel = 'live'
  private readonly ids: RowIds

  constructor(ids: RowIds) {
    super(ids)
    this.ids = ids
  }

  protected tell(columns: ColumnsOf<typeof spotDelta>, from: number, to: number): void {
    this.price.take(columns.price, from)
    this.quantity.take(columns.quantity, from)
    this.side = columns.side.values
    this.position = columns.level_index.values
    this.firstSeq = columns.first_seq.values
    this.lastSeq = columns.last_seq.values
    this.prevSeq = columns.prev_seq.values.fill(Number.NaN, from, to)
    this.isSnapshot = columns.is_snapshot.values.fill(0, from, to)
    this.connectionSeq = columns.connection_seq.values.fill(Number.NaN, from, to)
    this.checksum = columns.checksum.values.fill(Number.NaN, from, to)
    this.bookState = columns.book_state.values.fill(this.ids[this.told], from, to)
  }
}

/** For the rows of book images: of live books, derived from updates, unless they say otherwise. */
export class ImageRoom extends Room<ColumnsOf<typeof spotOb>> {
  readonly price = new DecimalArrays()
  readonly quantity = new DecimalArrays()
  kind = NAMES
  side = NAMES
  level = NUMBERS
  lastSeq = NUMBERS
  depth = NUMBERS
  knownDepth = NUMBERS
  bookState = NAMES
  private readonly ids: RowIds

  constructor(ids: RowIds) {
    super(ids)
    this.ids = ids
  }

  protected tell(columns: ColumnsOf<typeof spotOb>, from: number, to: number): void {
    this.price.take(columns.price, from)
    this.quantity.take(columns.quantity, from)
    this.side = columns.side.values
    this.level = columns.level.values
    this.lastSeq = columns.last_seq.values
    this.depth = columns.depth.values
    this.knownDepth = columns.known_depth.values
    this.kind = columns.kind.values.fill(this.ids[DERIVED], from, to)
    this.bookState = columns.book_state.values.fill(this.ids.live, from, to)
  }
}

const DERIVED: ImageKind = 'derived'
