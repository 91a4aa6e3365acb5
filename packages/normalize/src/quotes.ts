import { DecimalColumn, type EventBatch, Side } from '@cryptoflow/model'
import { type Book, compareDecimals } from './book.ts'
import type { BookSide } from './book-side.ts'

/** Quotes remembered per key; beyond it the oldest go, which can only make the check rarer. */
const QUOTES_MAX = 4_096

const BID = 1
const ASK = 2

/** Tops of the book that wait for their quote. */
const TOPS_MAX = 1_024

/**
 * A running check of a book against the exchange's own best bid and offer.
 *
 * The quote with the highest sequence that is not above a delta's must equal the top of the book after that delta.
 * Quotes and deltas come in streams of their own, either ahead of the other: quotes of the future wait in a ring,
 * and so does the top after a delta until a quote at or above its sequence says that no other can be meant. No row
 * depends on it.
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
  private readonly tops = new Tops()
  private points = 0
  private equal = 0

  constructor() {
    this.price.reserve(128)
    this.quantity.reserve(128)
  }

  /** Points compared so far and those that were equal, tops that still wait by the quotes that are there. */
  counts(): { readonly points: number; readonly equal: number } {
    let { points, equal } = this
    for (let top = this.tops.head; top < this.tops.tail; top++) {
      const verdict = this.verdict(top)
      if (verdict !== null) points += 1
      if (verdict === true) equal += 1
    }
    return { points, equal }
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
    this.settle()
  }

  /** The book has taken the delta that ends at `lastSeq`: its top must equal a quote. */
  watch(book: Book, lastSeq: number): void {
    if (this.tops.isFull()) this.settleOldest()
    this.tops.push(book, lastSeq)
    this.settle()
  }

  /** Forgets all that waits: the sequence that quotes and deltas share has begun anew. */
  clear(): void {
    this.head = this.tail
    this.tops.head = this.tops.tail
  }

  /** Forgets quotes that no delta from `lastSeq` on can be compared with. */
  forgetBelow(lastSeq: number): void {
    const needed = this.tops.isEmpty() ? lastSeq : Math.min(lastSeq, this.tops.oldest())
    while (this.head + 1 < this.tail && this.sequenceOf(this.head + 1) <= needed) this.head += 1
  }

  /** Judges the tops whose quote is certain. */
  private settle(): void {
    if (this.head === this.tail) return
    const newest = this.sequenceOf(this.tail - 1)
    while (!this.tops.isEmpty() && this.tops.oldest() <= newest) this.settleOldest()
  }

  private settleOldest(): void {
    const verdict = this.verdict(this.tops.head)
    if (verdict !== null) this.points += 1
    if (verdict === true) this.equal += 1
    this.forgetBelow(this.tops.oldest())
    this.tops.head += 1
  }

  /** Whether a top equals its quote by what is known now; null when there is no quote so old. */
  private verdict(top: number): boolean | null {
    const lastSeq = this.tops.sequenceOf(top)
    let quote = this.head - 1
    while (quote + 1 < this.tail && this.sequenceOf(quote + 1) <= lastSeq) quote += 1
    if (quote < this.head) return null
    const slot = quote % this.capacity
    const carried = this.carried[slot] as number
    const bidEqual = !(carried & BID) || this.tops.equals(top, 0, this.price, this.quantity, 2 * slot)
    return bidEqual && (!(carried & ASK) || this.tops.equals(top, 1, this.price, this.quantity, 2 * slot + 1))
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

/** Best levels of a book after its deltas, in a ring: bid in row 2 * slot, ask in the next; an empty side is null. */
class Tops {
  head = 0
  tail = 0
  /** Grows with how many wait at once: where quotes come, that is a handful. */
  private capacity = 16
  private sequences = new Float64Array(16)
  private price = new DecimalColumn(32)
  private quantity = new DecimalColumn(32)

  isEmpty(): boolean {
    return this.head === this.tail
  }

  isFull(): boolean {
    return this.tail - this.head === TOPS_MAX
  }

  /** Sequence of the top that waits longest. */
  oldest(): number {
    return this.sequenceOf(this.head)
  }

  sequenceOf(top: number): number {
    return this.sequences[top % this.capacity] as number
  }

  push(book: Book, lastSeq: number): void {
    if (this.tail - this.head === this.capacity) this.makeRoom()
    const slot = this.tail % this.capacity
    this.sequences[slot] = lastSeq
    this.write(book.bids, 2 * slot)
    this.write(book.asks, 2 * slot + 1)
    this.tail += 1
  }

  /** Whether side 0 (bid) or 1 (ask) of a top has exactly the price and quantity in a row. */
  equals(top: number, side: 0 | 1, price: DecimalColumn, quantity: DecimalColumn, row: number): boolean {
    const own = 2 * (top % this.capacity) + side
    if (this.price.mantissa(own) === null) return false
    return (
      compareDecimals(this.price, own, price, row) === 0 &&
      compareDecimals(this.quantity, own, quantity, row) === 0
    )
  }

  private makeRoom(): void {
    const { capacity, sequences, price, quantity } = this
    this.capacity *= 2
    this.sequences = new Float64Array(this.capacity)
    this.price = new DecimalColumn(2 * this.capacity)
    this.quantity = new DecimalColumn(2 * this.capacity)
    for (let top = this.head; top < this.tail; top++) {
      const from = top % capacity
      const to = top % this.capacity
      this.sequences[to] = sequences[from] as number
      this.price.copy(2 * to, price, 2 * from, 2)
      this.quantity.copy(2 * to, quantity, 2 * from, 2)
    }
  }

  private write(side: BookSide, row: number): void {
    this.price.setNull(row)
    this.quantity.setNull(row)
    if (side.count > 0) side.write(this.price, this.quantity, row, 1)
  }
}
