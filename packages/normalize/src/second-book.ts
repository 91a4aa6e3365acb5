import { assert, type EventBatch } from '@cryptoflow/model'
import type { Book } from './book.ts'
import type { BookKeeper } from './book-keeper.ts'
import type { Stamp } from './stamps.ts'
import type { Standing } from './stream.ts'

/** An event of a batch with its stamp. */
export interface Message {
  readonly batch: EventBatch
  readonly event: number
  readonly stamp: Stamp
}

/** An update by its sequence, and the frame that brought it. */
export interface Proven {
  readonly seq: number
  readonly receivedUs: number
  readonly frame: number
}

/** A key's book as its audits see it. */
interface Own {
  readonly live: boolean
  readonly seq: number
  readonly stamp: Stamp | null
}

/**
 * The audits of a key's book: since when it is known to be right, and the second book that is on its way to it, made of
 * a snapshot that was asked for, and of the deltas that the first one hears.
 */
export class Audits {
  /** The last update after which the book was known to be right: it began with it, or an audit found nothing. */
  proven: Proven | null = null
  /** With the number of the record that asked; null: none is on its way. */
  second: { readonly number: number; readonly book: BookKeeper } | null = null
  private readonly make: () => BookKeeper

  constructor(make: () => BookKeeper) {
    this.make = make
  }

  /**
   * From here on a second book hears what the first one hears. Nothing is audited that is not live; an audit that is
   * under way is given up for the new one.
   */
  begin(number: number, own: Own): void {
    this.second = null
    if (own.live) this.open(number).subscribed()
  }

  /** A second book with nothing in it. */
  open(number: number): BookKeeper {
    const book = this.make()
    this.second = { number, book }
    return book
  }

  hear(batch: EventBatch, event: number, stamp: Stamp, stands: Standing): void {
    this.second?.book.delta(batch, event, stamp, stands)
  }

  /** The snapshot that was asked for, null when there is none; another one's is too late, or too early. */
  answer(number: number, snapshot: Message | null): void {
    if (this.second?.number === number) this.second.book.answer(this.second.book.resync, snapshot)
  }

  /**
   * The second book, once it stands where the first one does: the audit is over then. Null: not yet, or it never will,
   * because either book was lost on the way.
   */
  take(own: Own): Book | null {
    if (this.second === null) return null
    const { book, seq, live, resync } = this.second.book
    const isLost = !own.live || resync > 1 || (live && seq < own.seq)
    // An update without levels may have moved the second book alone.
    if (!isLost && (!live || seq > own.seq)) return null
    this.second = null
    return isLost ? null : book
  }

  /** The book is right as it is now. */
  prove({ seq, stamp }: Own): void {
    assert(stamp !== null, 'a live book has an update')
    this.proven = { seq, receivedUs: stamp.receivedUs, frame: stamp.frame }
  }
}
