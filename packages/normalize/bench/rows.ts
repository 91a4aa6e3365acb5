/**
 * Rows per CPU second from prebuilt batches into row buffers: sequence, duplicates, rows, and for deltas a live
 * book of 20 symbols with its images. Beside it objects per row, in the same process and in alternation.
 * Then what an id costs as a text, and a key that only an instrument list knows.
 *
 * Run: `node packages/normalize/bench/rows.ts`
 */
import {
  assert,
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
import { idText } from '../src/id-text.ts'
import { createNormalizer, type Normalizer } from '../src/index.ts'
import { fakeMarket } from '../src/market-fixture.ts'
import { advance, BASE_US, type Hot, hotBatch, streamOf, symbols } from './batches.ts'
import { PlainNormalizer } from './plain.ts'

const ROUNDS = 7
const WARM_UP_ROUNDS = 2
/** The thread's CPU clock goes in steps of 4 ms on common kernels. */
const MEASURED_US = 150_000
/** Rows after which a buffer is given away, as a barrier does. */
const ROWS_PER_BUFFER = 50_000
const INSTRUMENTS = 3_000

for (const hot of ['trades', 'aggregates', 'quotes', 'deltas'] as const) measure(hot)
measureIds()
measureInstruments()

function measure(hot: Hot): void {
  const lane = openLane(hot)
  const batch = hotBatch(hot, lane.names)
  const plain = new PlainNormalizer()
  const plainBatch = hotBatch(hot, new StringTable())
  const record = recordOf(RecordKind.frame, 1)
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const before = lane.normalizer.counters.rows
    const { seconds } = cpu(() => {
      record.number += 1
      record.receivedUs += 10_000
      lane.normalizer.events(record, fakeMarket, batch)
      advance(batch)
      lane.giveAway()
    })
    const rows = lane.normalizer.counters.rows - before
    if (round >= WARM_UP_ROUNDS) ours.push(rows / seconds)
    let plainRows = 0
    const plainly = cpu(() => {
      plain.events(record, hot, plainBatch)
      advance(plainBatch)
      plainRows += plain.rows.length
      plain.rows = []
    })
    if (round >= WARM_UP_ROUNDS) theirs.push(plainRows / plainly.seconds)
  }
  const { duplicates, gaps, crossed } = lane.normalizer.counters
  const perRow = (1e9 / median(ours)).toFixed(0)
  const ratio = (median(ours) / median(theirs)).toFixed(1)
  say(`${hot.padEnd(12)} ${millions(ours)} M rows/CPU-s (${perRow} ns), plain ${millions(theirs)}: ${ratio}x`)
  if (duplicates + crossed > 0 || gaps > symbols.length * 2)
    say(`  WRONG: ${duplicates} duplicates, ${gaps} gaps`)
}

/** Ids of one stream, beyond 2^31 as those of busy symbols are. */
function measureIds(): void {
  const from = 3_735_683_259
  let bytes = 0
  const written = (text: (id: number) => string | null) => () => {
    for (let id = from; id < from + 10_000; id++) bytes += text(id)?.length ?? 0
  }
  const ours: number[] = []
  const plain: number[] = []
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const seconds = [cpu(written(idText)).each, cpu(written(String)).each] as const
    if (round < WARM_UP_ROUNDS) continue
    ours.push(seconds[0])
    plain.push(seconds[1])
  }
  assert(bytes > 0, 'ids have texts')
  const each = (median(ours) * 1e5).toFixed(0)
  say(`ids by their tails ${each} ns, ${(median(plain) / median(ours)).toFixed(1)}x of String`)
}

function measureInstruments(): void {
  const { normalizer, names } = openLane(null)
  const empty = normalizer.image().length
  const batch = new EventBatch(names)
  for (let i = 0; i < INSTRUMENTS; i++) addInstrument(batch, `COIN${i}`)
  const answer = recordOf(RecordKind.answer, 0)
  const context = {
    exchange: 'fake',
    market: 'spot',
    symbol: '',
    stream: 'instrument',
    resync: 0,
    status: 200,
  } as const
  normalizer.answer(answer, context, batch)
  const first = normalizer.image().length
  const seconds: Record<string, number[]> = { 'the same list again': [], 'image()': [], counters: [] }
  for (let round = 0; round < ROUNDS; round++) {
    seconds['the same list again']?.push(cpu(() => normalizer.answer(answer, context, batch)).each)
    seconds['image()']?.push(cpu(() => normalizer.image()).each)
    seconds.counters?.push(cpu(() => normalizer.counters).each)
  }
  say(`${INSTRUMENTS} instruments: ${((first - empty) / INSTRUMENTS).toFixed(1)} bytes each in the image`)
  for (const [name, each] of Object.entries(seconds)) say(`  ${name}: ${(median(each) * 1e3).toFixed(2)} ms`)
}

function addInstrument(batch: EventBatch, base: string): void {
  const event = batch.count
  batch.reserveEvent()
  batch.kind[event] = EventKind.instrument
  batch.symbol[event] = batch.names.idOf(`${base}USDT`)
  batch.stream[event] = batch.names.idOf('instrument')
  for (const column of [batch.engineUs, batch.sentUs, batch.firstSeq, batch.lastSeq, batch.prevSeq]) {
    column[event] = Number.NaN
  }
  const size = { mantissa: 1n, scale: 2 }
  batch.details.set(event, {
    instrument: `${base}-USDT`,
    base,
    quote: 'USDT',
    settle: null,
    type: 'spot',
    status: 'TRADING',
    tickSize: size,
    lotSize: size,
    contractSize: null,
    contractUnit: null,
    listedUs: Number.NaN,
    expiryUs: Number.NaN,
    // As long as a symbol of the spot list that was read on 2026-07-21.
    raw: `{"symbol":"${base}USDT"${',"filter":"0.00000001"'.repeat(80)}}`,
  })
  batch.endEvent()
}

interface BenchLane {
  readonly normalizer: Normalizer
  readonly names: StringTable
  /** Gives full buffers away. */
  giveAway(): void
}

/** A lane with one connection; for deltas the books are live. */
function openLane(hot: Hot | null): BenchLane {
  const names = new StringTable()
  let buffers = new Map<TableName, RowBuffer>()
  const rowsFor = (table: TableName): RowBuffer => {
    const known = buffers.get(table)
    if (known !== undefined) return known
    const made = createRowBuffer(tables[table], names) as RowBuffer
    buffers.set(table, made)
    return made
  }
  const normalizer = createNormalizer({
    writer: 'J1',
    names,
    findMarket: () => fakeMarket,
    rowsFor: rowsFor as never,
    wantSnapshot: () => {},
  })
  const subscriptions = hot === null ? [] : symbols.map((symbol) => ({ symbol, stream: streamOf(hot) }))
  normalizer.connect(recordOf(RecordKind.connect, 0), { exchange: 'fake', market: 'spot', subscriptions })
  if (hot === 'deltas') for (const symbol of symbols) load(normalizer, names, symbol)
  return {
    normalizer,
    names,
    giveAway() {
      for (const buffer of buffers.values()) if (buffer.count >= ROWS_PER_BUFFER) buffers = new Map()
    },
  }
}

/** A book of 1,000 levels a side that the first delta joins. */
function load(normalizer: Normalizer, names: StringTable, symbol: string): void {
  const batch = new EventBatch(names)
  batch.reserveEvent()
  batch.reserveEntries(2_000)
  batch.kind[0] = EventKind.bookSnapshot
  batch.symbol[0] = names.idOf(symbol)
  batch.stream[0] = names.idOf('depth')
  for (const column of [batch.engineUs, batch.sentUs, batch.firstSeq, batch.prevSeq]) column[0] = Number.NaN
  batch.lastSeq[0] = 999_999
  for (let i = 0; i < 2_000; i++) {
    const isBid = i < 1_000
    batch.side[i] = isBid ? 0 : 1
    batch.price.set(i, BigInt(isBid ? 6_500_500 - i : 6_599_000 + i - 1_000), 2)
    batch.quantity.set(i, BigInt(i + 1), 5)
  }
  batch.entryCount = 2_000
  batch.endEvent()
  const context = {
    exchange: 'fake',
    market: 'spot',
    symbol,
    stream: 'depth',
    resync: 1,
    status: 200,
  } as const
  normalizer.answer(recordOf(RecordKind.answer, 0), context, batch)
}

function recordOf(kind: RecordKind, connection: number): JournalRecord {
  return { number: 1, kind, connection, receivedUs: BASE_US, payload: new Uint8Array(0) }
}

/** CPU time of this thread for all passes and for one, over as many passes as outlast the clock's coarse steps. */
function cpu(pass: () => unknown): { seconds: number; each: number } {
  const before = process.threadCpuUsage()
  for (let passes = 1; ; passes++) {
    pass()
    const { user, system } = process.threadCpuUsage(before)
    if (user + system >= MEASURED_US)
      return { seconds: (user + system) / 1e6, each: (user + system) / 1e6 / passes }
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}

function millions(values: readonly number[]): string {
  return (median(values) / 1e6).toFixed(2)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
