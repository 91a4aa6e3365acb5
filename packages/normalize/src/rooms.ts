import type { bbo, ColumnsOf, spotDelta, spotOb, ticks } from '@cryptoflow/model'
import { type CommonColumns, DecimalArrays, HEADS, NAMES, NUMBERS, TRUTHS } from './column-arrays.ts'
import { Room, type Rows } from './room.ts'

/** For the rows of quotes. */
export class QuoteRoom extends Room<ColumnsOf<typeof bbo>> {
  readonly bidPrice = new DecimalArrays()
  readonly bidQuantity = new DecimalArrays()
  readonly askPrice = new DecimalArrays()
  readonly askQuantity = new DecimalArrays()
  lastSeq = NUMBERS

  protected take({ columns }: Rows<ColumnsOf<typeof bbo>>): void {
    this.bidPrice.take(columns.bid_price, this.next)
    this.bidQuantity.take(columns.bid_quantity, this.next)
    this.askPrice.take(columns.ask_price, this.next)
    this.askQuantity.take(columns.ask_quantity, this.next)
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

  protected take({ columns }: Rows<ColumnsOf<typeof ticks>>): void {
    this.price.take(columns.price, this.next)
    this.quantity.take(columns.quantity, this.next)
    this.tradeId = columns.trade_id.values
    this.kind = columns.kind.values
    this.side = columns.side.values
    this.tradeCount = columns.trade_count.values
    this.firstTradeId = columns.first_trade_id.values
    this.lastTradeId = columns.last_trade_id.values
    this.tradeType = columns.trade_type.values
  }
}

/** Of a table with `levelColumns`: what an event says stands behind what the one before it says, once. */
abstract class EventRoom<C extends CommonColumns> extends Room<C> {
  heads: Uint32Array = HEADS

  /** Where the columns of the next event go. */
  nextHead(): number {
    return this.next === 0 ? 0 : (this.heads[this.next - 1] as number) + 1
  }
}

/** For the rows of book updates: a row per level. */
export class UpdateRoom extends EventRoom<ColumnsOf<typeof spotDelta>> {
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

  protected take({ columns, heads }: Rows<ColumnsOf<typeof spotDelta>>): void {
    this.price.take(columns.price, this.next)
    this.quantity.take(columns.quantity, this.next)
    this.heads = heads ?? HEADS
    this.side = columns.side.values
    this.position = columns.level_index.values
    this.firstSeq = columns.first_seq.values
    this.lastSeq = columns.last_seq.values
    this.prevSeq = columns.prev_seq.values
    this.isSnapshot = columns.is_snapshot.values
    this.connectionSeq = columns.connection_seq.values
    this.checksum = columns.checksum.values
    this.bookState = columns.book_state.values
  }
}

/** For the rows of book images: a row per level. */
export class ImageRoom extends EventRoom<ColumnsOf<typeof spotOb>> {
  readonly price = new DecimalArrays()
  readonly quantity = new DecimalArrays()
  kind = NAMES
  side = NAMES
  level = NUMBERS
  lastSeq = NUMBERS
  depth = NUMBERS
  knownDepth = NUMBERS
  bookState = NAMES

  protected take({ columns, heads }: Rows<ColumnsOf<typeof spotOb>>): void {
    this.price.take(columns.price, this.next)
    this.quantity.take(columns.quantity, this.next)
    this.heads = heads ?? HEADS
    this.kind = columns.kind.values
    this.side = columns.side.values
    this.level = columns.level.values
    this.lastSeq = columns.last_seq.values
    this.depth = columns.depth.values
    this.knownDepth = columns.known_depth.values
    this.bookState = columns.book_state.values
  }
}
