import { DecimalColumn, grown } from './columns.ts'
import type { StringTable } from './strings.ts'

/**
 * What an event is. A trade has one entry, a book event one entry per level, a quote (the exchange's own best
 * bid and offer) one per side that it carries.
 */
export const EventKind = { trade: 0, bookDelta: 1, bookSnapshot: 2, quote: 3 } as const

/** Side of an entry: of a level `bid` or `ask`; of a trade the taker's, `buy` or `sell`. */
export const Side = { bid: 0, ask: 1, buy: 2, sell: 3 } as const

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
  /** First and last sequence inside the message; of a trade both are its id. NaN = absent. */
  firstSeq = new Float64Array(64)
  lastSeq = new Float64Array(64)
  /** Sequence of the message before, where the exchange names it. NaN = absent. */
  prevSeq = new Float64Array(64)
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
    forgetWide(this.price.wide, this.entryCount)
    forgetWide(this.quantity.wide, this.entryCount)
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

function forgetWide(wide: Map<number, bigint>, from: number): void {
  for (const row of wide.keys()) if (row >= from) wide.delete(row)
}
