import { DecimalColumn, type EventBatch, Side } from '@cryptoflow/model'
import type { Book } from './book.ts'

/** Quotes remembered per key; beyond it the oldest go, which can only make the check rarer. */
const QUOTES_MAX = 4_096

const BID = 1
const ASK = 2

/**
 * A running check of a book against the exchange's own best bid and offer.
 *
 * A ring of quotes by growing sequence. After a delta, the quote with the highest sequence that is not above the
 * delta's must equal the top of the book; quotes of the future wait. No row depends on it.
 */
export class QuoteCheck {
  /** Quotes `head ... tail - 1` are remembered, quote n in slot n modulo the capacity. */
  private head = 0
  private tail = 0
  private capacity = 64
  private sequences = new Float64Array(64)
  /** Which sides the quote carried. */
  private carried = new Uint8Array(64)
  /** Bid in row 2 * slot, ask in row 2 * slot + 1. */
  private price = new DecimalColumn()
  private quantity = new DecimalColumn()

  constructor() {
    this.price.reserve(128)
    this.quantity.reserve(128)
  }

  /** Remembers a quote event; one that does not come behind the newest is of no use. */
  add(batch: EventBatch, event: number): void {
    const sequence = batch.lastSeq[event] as number
    const newest = this.tail > this.head ? this.sequenceOf(this.tail - 1) : Number.NEGATIVE_INFINITY
    if (!(sequence > newest)) return
    if (this.tail - this.head === this.capacity) this.makeRoom()
    const slot = this.tail % this.capacity
    this.sequences[slot] = sequence
    this.carried[slot] = 0
    for (let i = batch.entryStart[event] as number; i < (batch.entryStart[event + 1] as number); i++) {
      const isBid = batch.side[i] === Side.bid
      this.carried[slot] = (this.carried[slot] as number) | (isBid ? BID : ASK)
      this.price.copy(2 * slot + (isBid ? 0 : 1), batch.price, i, 1)
      this.quantity.copy(2 * slot + (isBid ? 0 : 1), batch.quantity, i, 1)
    }
    this.tail += 1
  }

  /** Compares the book after a delta that ends at `lastSeq`; null when there is no quote so old. */
  compare(book: Book, lastSeq: number): boolean | null {
    this.forgetBelow(lastSeq)
    if (this.head === this.tail || this.sequenceOf(this.head) > lastSeq) return null
    const slot = this.head % this.capacity
    const carried = this.carried[slot] as number
    const bidEqual = !(carried & BID) || book.topEquals(book.bids, this.price, this.quantity, 2 * slot)
    const askEqual = !(carried & ASK) || book.topEquals(book.asks, this.price, this.quantity, 2 * slot + 1)
    return bidEqual && askEqual
  }

  /** Forgets quotes that no delta from `lastSeq` on can be compared with. */
  forgetBelow(lastSeq: number): void {
    while (this.head + 1 < this.tail && this.sequenceOf(this.head + 1) <= lastSeq) this.head += 1
  }

  private sequenceOf(quote: number): number {
    return this.sequences[quote % this.capacity] as number
  }

  private makeRoom(): void {
    if (this.capacity >= QUOTES_MAX) {
      this.head += 1
      return
    }
    const old = { capacity: this.capacity, sequences: this.sequences, carried: this.carried }
    const { price, quantity } = this
    this.capacity *= 2
    this.sequences = new Float64Array(this.capacity)
    this.carried = new Uint8Array(this.capacity)
    this.price = new DecimalColumn()
    this.quantity = new DecimalColumn()
    this.price.reserve(2 * this.capacity)
    this.quantity.reserve(2 * this.capacity)
    for (let quote = this.head; quote < this.tail; quote++) {
      const from = quote % old.capacity
      const to = quote % this.capacity
      this.sequences[to] = old.sequences[from] as number
      this.carried[to] = old.carried[from] as number
      this.price.copy(2 * to, price, 2 * from, 2)
      this.quantity.copy(2 * to, quantity, 2 * from, 2)
    }
  }
}
