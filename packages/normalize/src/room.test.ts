import {
  createRowBuffer,
  EventBatch,
  EventKind,
  type RowBuffer,
  Side,
  StringTable,
  type TableName,
  tables,
} from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { Book } from './book.ts'
import { imageRows } from './book-rows.ts'
import { eventRows } from './event-rows.ts'
import { type Chance, chanceOf, plainRow, type Row, setDecimal } from './lane-fixture.ts'
import { fakeMarkets } from './market-fixture.ts'
import type { RowSource } from './row-ids.ts'
import { createRowSink, type RowSink, rowKey } from './row-sink.ts'
import type { BookLabel, RowKey } from './row-types.ts'
import type { Stamp, TimeSource } from './stamps.ts'

const KINDS = {
  ticks: [EventKind.trade, EventKind.aggregate],
  bbo: [EventKind.quote],
  spot_delta: [EventKind.bookDelta, EventKind.bookSnapshot],
  futures_delta: [EventKind.bookDelta, EventKind.bookSnapshot],
  spot_ob: [EventKind.bookImage],
  futures_ob: [EventKind.bookImage],
} as const
type Stored = keyof typeof KINDS
const STORED = Object.keys(KINDS) as Stored[]
const NUMBERS = ['1', '0.10', '-5', '9007199254740993', '12345678901234567890']

/** How a buffer is treated between two events. */
type Treatment = 'kept' | 'new' | 'emptied' | 'two in turn'

/** A sink whose buffers are treated so, and the rows that went into them in their order. */
class World {
  readonly names = new StringTable()
  readonly sink: RowSink
  readonly keys: RowKey[]
  readonly batch = new EventBatch(this.names)
  readonly rows: Row[] = []
  private readonly treatment: Treatment
  private readonly seen = new Map<RowBuffer, number>()
  private buffers = new Map<string, RowBuffer>()
  private events = 0

  constructor(treatment: Treatment) {
    this.treatment = treatment
    this.names.idOf('')
    this.sink = createRowSink({
      writer: 'J1',
      names: this.names,
      rowsFor: (table) => this.bufferOf(table) as never,
    })
    this.keys = (['spot', 'linear', 'inverse', 'spot'] as const).map((market, i) =>
      rowKey(fakeMarkets[market], `S${i % 3}`, this.names),
    )
  }

  /** Collects the rows that an event gave. */
  collect(): void {
    for (const [buffer, seen] of this.seen) {
      const table = buffer.table.name as TableName
      for (let row = seen; row < buffer.count; row++) this.rows.push(plainRow(table, buffer, row, this.names))
      if (this.treatment === 'emptied') buffer.count = 0
      this.seen.set(buffer, buffer.count)
    }
    this.events += 1
    if (this.treatment === 'new') this.buffers = new Map()
  }

  private bufferOf(table: TableName): RowBuffer {
    const place = this.treatment === 'two in turn' ? `${table} ${(this.events >> 2) % 2}` : table
    const buffer = this.buffers.get(place) ?? (createRowBuffer(tables[table], this.names) as RowBuffer)
    this.buffers.set(place, buffer)
    if (!this.seen.has(buffer)) this.seen.set(buffer, 0)
    return buffer
  }
}

const pick = <T>(chance: Chance, values: readonly T[]): T => values[chance(values.length)] as T
/** Mostly the first: rows come in runs that agree. */
const usual = <T>(chance: Chance, values: readonly T[]): T =>
  values[chance(4) > 0 ? 0 : chance(values.length)] as T

function addEvent(batch: EventBatch, kind: number, chance: Chance): void {
  const isBook =
    kind === EventKind.bookDelta || kind === EventKind.bookSnapshot || kind === EventKind.bookImage
  const isTrade = kind === EventKind.trade || kind === EventKind.aggregate
  const entries = isTrade
    ? 1
    : kind === EventKind.quote
      ? chance(3)
      : isBook && chance(20) === 0
        ? 400
        : chance(12)
  batch.clear()
  batch.reserveEvent()
  batch.reserveEntries(entries)
  batch.kind[0] = kind
  for (const column of [
    batch.firstSeq,
    batch.lastSeq,
    batch.prevSeq,
    batch.firstTradeId,
    batch.lastTradeId,
  ]) {
    column[0] = chance(3) === 0 ? Number.NaN : chance(1_000)
  }
  batch.tradeType[0] = -1
  for (let entry = 0; entry < entries; entry++) {
    batch.side[entry] = isTrade ? Side.buy + chance(2) : kind === EventKind.quote ? entry : chance(2)
    setDecimal(batch.price, entry, usual(chance, NUMBERS))
    setDecimal(batch.quantity, entry, usual(chance, NUMBERS))
  }
  batch.entryCount = entries
  batch.endEvent()
}

function play(world: World, seed: number): Row[] {
  const chance = chanceOf(seed)
  const { sink, batch, keys, names } = world
  for (let frame = 1; frame <= 1_500; frame++) {
    const key = usual(chance, keys)
    if (chance(50) === 0) key.instrumentId = names.idOf(pick(chance, ['A', 'B']))
    const stamp: Stamp = {
      eventUs: frame * 3,
      timeSource: usual<TimeSource>(chance, ['engine', 'sent', 'received']),
      sentUs: chance(2) === 0 ? Number.NaN : frame * 5,
      receivedUs: frame * 7,
      frame,
    }
    if (chance(10) === 0) {
      const book = new Book(20)
      addEvent(batch, EventKind.bookSnapshot, chance)
      book.load(batch, 0, batch.entryCount)
      const kind = pick(chance, ['derived', 'checkpoint'] as const)
      imageRows(sink, key, stamp, book, { kind, levels: 1 + chance(20), lastSeq: frame })
    } else {
      const table = pick(chance, STORED)
      const label = usual<BookLabel>(chance, ['live', 'waiting', 'stale', 'resync'])
      const source = usual<RowSource>(chance, ['ws', 'rest'])
      addEvent(batch, pick(chance, KINDS[table]), chance)
      eventRows(sink, table, key, stamp, batch, 0, label, source)
    }
    world.collect()
  }
  expect(sink.written).toBe(world.rows.length)
  return world.rows
}

describe('the room for rows', () => {
  it('gives the same rows in a buffer that is kept as in one that is new for every event', () => {
    for (const seed of [1, 2, 3]) expect(play(new World('kept'), seed)).toEqual(play(new World('new'), seed))
  })

  it('gives the same rows in a buffer that is emptied and used again', () => {
    expect(play(new World('emptied'), 4)).toEqual(play(new World('new'), 4))
  })

  it('gives the same rows where two buffers of a table take turns', () => {
    expect(play(new World('two in turn'), 5)).toEqual(play(new World('new'), 5))
  })
})
