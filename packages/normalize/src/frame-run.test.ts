import {
  createRowBuffer,
  EventBatch,
  EventKind,
  type JournalRecord,
  RecordKind,
  type RowBuffer,
  StringTable,
  type TableName,
  tables,
} from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FrameRun } from './frame-run.ts'
import { type Chance, chanceOf, plainRow, type Row, START_US, setDecimal } from './lane-fixture.ts'
import { fakeMarkets } from './market-fixture.ts'
import { createNormalizer, type Normalizer } from './normalizer.ts'

const MARKETS = [fakeMarkets.spot, fakeMarkets.linear]

/** A normalizer with a batch and its rows; the journal's one record is filled again and again. */
function openWorld() {
  const names = new StringTable()
  const buffers = new Map<TableName, RowBuffer>()
  const normalizer = createNormalizer({
    writer: 'J1',
    names,
    findMarket: (_exchange, market) => fakeMarkets[market],
    rowsFor: (table) => {
      const buffer = buffers.get(table) ?? (createRowBuffer(tables[table], names) as RowBuffer)
      buffers.set(table, buffer)
      return buffer as never
    },
    wantSnapshot: () => {},
  })
  const record: JournalRecord = {
    number: 0,
    kind: RecordKind.connect,
    connection: 0,
    receivedUs: START_US,
    payload: new Uint8Array(8),
  }
  for (const { exchange, market } of MARKETS) {
    record.number += 1
    normalizer.connect(record, { exchange, market, subscriptions: [] })
  }
  record.kind = RecordKind.frame
  const rows = (): Row[] =>
    [...buffers].flatMap(([table, buffer]) =>
      Array.from({ length: buffer.count }, (_, row) => plainRow(table, buffer, row, names)),
    )
  return { names, normalizer, batch: new EventBatch(names), record, rows }
}

function addEvents(batch: EventBatch, chance: Chance): void {
  for (let events = chance(4); events > 0; events--) {
    const kind = chance(2) === 0 ? EventKind.trade : EventKind.bookDelta
    const entries = kind === EventKind.trade ? 1 : chance(30) === 0 ? 1_500 : chance(9)
    const event = batch.count
    batch.reserveEvent()
    batch.reserveEntries(entries)
    batch.kind[event] = kind
    batch.symbol[event] = batch.names.idOf(`S${chance(3)}`)
    batch.stream[event] = batch.names.idOf(
      kind === EventKind.trade ? 'trade' : chance(9) === 0 ? 'unknown' : 'depth',
    )
    batch.engineUs[event] = START_US + chance(1_000)
    batch.sentUs[event] = Number.NaN
    batch.firstSeq[event] = batch.lastSeq[event] = chance(200)
    batch.prevSeq[event] = Number.NaN
    batch.tradeType[event] = -1
    for (let i = 0; i < entries; i++) {
      const entry = batch.entryCount++
      batch.side[entry] = kind === EventKind.trade ? 2 : chance(2)
      setDecimal(batch.price, entry, `${1 + chance(50)}`)
      setDecimal(batch.quantity, entry, `${chance(3)}`)
    }
    batch.endEvent()
  }
}

/** Plays 2,000 frames; `take` is told after each what was decoded into the batch. */
function play(
  { normalizer, batch, record }: ReturnType<typeof openWorld>,
  take: (record: JournalRecord, market: (typeof MARKETS)[number]) => void,
  flush: () => void,
): Normalizer {
  const chance = chanceOf(7)
  for (let frame = 0; frame < 2_000; frame++) {
    const source = chance(MARKETS.length)
    record.number += 1
    record.connection = source + 1
    record.receivedUs += chance(90_000)
    record.payload = Uint8Array.of(frame, frame >> 8)
    addEvents(batch, chance)
    take(record, MARKETS[source] as (typeof MARKETS)[number])
    if (chance(100) === 0) {
      flush()
      normalizer.clock(record)
    }
  }
  flush()
  return normalizer
}

describe('a run of frames', () => {
  it('gives the rows, counts and state that the frames give one by one', () => {
    const alone = openWorld()
    play(
      alone,
      (record, market) => {
        alone.normalizer.events(record, market, alone.batch)
        alone.batch.clear()
      },
      () => {},
    )
    const together = openWorld()
    const run = new FrameRun(together.normalizer, together.batch)
    play(
      together,
      (record, market) => run.add(record, market, Number.NaN),
      () => run.flush(),
    )
    expect(together.rows()).toEqual(alone.rows())
    expect(together.normalizer.counters).toEqual(alone.normalizer.counters)
    expect(together.normalizer.counters.deadLetters).toBeGreaterThan(0)
    expect(together.normalizer.image()).toEqual(alone.normalizer.image())
  })

  it('ends by itself: no run grows without end', () => {
    const { normalizer, batch, record } = openWorld()
    const run = new FrameRun(normalizer, batch)
    const chance = chanceOf(8)
    let longest = 0
    for (let frame = 0; frame < 500; frame++) {
      record.number += 1
      record.connection = 1
      addEvents(batch, chance)
      longest = Math.max(longest, batch.entryCount)
      run.add(record, fakeMarkets.spot, Number.NaN)
      expect(batch.count).toBeLessThan(4 * 32)
    }
    expect(longest).toBeGreaterThan(1_000)
    expect(batch.entryCount).toBeLessThan(2_048)
  })

  it('tells the place of each frame in its connection, between the others and also of frames without events', () => {
    const places = (perRun: number): unknown[] => {
      const { normalizer, batch, record, rows } = openWorld()
      const run = new FrameRun(normalizer, batch)
      for (let seq = 0; seq < 70; seq++) {
        record.number += 1
        record.connection = 1
        // Every third frame says nothing, and frames 41 and 42 never came.
        if (seq % 3 > 0) addDelta(batch, seq)
        if (seq !== 41 && seq !== 42) run.add(record, fakeMarkets.spot, seq)
        else batch.rollback(batch.count - (seq % 3 > 0 ? 1 : 0))
        if (seq % perRun === 0) run.flush()
      }
      run.flush()
      const own = rows().filter(({ table }) => table === 'spot_delta')
      return [own.map((row) => [row.last_seq, row.connection_seq, row.frame]), normalizer.image()]
    }
    const [rows, image] = places(1) as [unknown[][], Uint8Array]
    expect(rows.every(([seq, place]) => seq === place)).toBe(true)
    expect(rows).toHaveLength(45)
    expect(places(100)).toEqual([rows, image])
  })
})

function addDelta(batch: EventBatch, seq: number): void {
  const event = batch.count
  batch.reserveEvent()
  batch.reserveEntries(1)
  batch.kind[event] = EventKind.bookDelta
  batch.symbol[event] = batch.names.idOf('S')
  batch.stream[event] = batch.names.idOf('depth')
  batch.engineUs[event] = batch.sentUs[event] = batch.prevSeq[event] = Number.NaN
  batch.firstSeq[event] = batch.lastSeq[event] = seq
  const entry = batch.entryCount++
  batch.side[entry] = 0
  setDecimal(batch.price, entry, '1')
  setDecimal(batch.quantity, entry, '2')
  batch.endEvent()
}
