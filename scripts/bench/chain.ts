import {
  type AnswerContext,
  EventBatch,
  EventKind,
  type ExchangeMarket,
  encodeAnswer,
  type JournalRecord,
  marketText,
  type Operators,
  RecordKind,
  type Subscription,
} from '../../packages/model/src/index.ts'
import { Book } from '../../packages/normalize/src/book.ts'
import { createNormalizer, FrameRun, imageDefaults } from '../../packages/normalize/src/index.ts'
import type { BenchFrame, FrameSet } from '../../packages/pipeline/bench/frames.ts'
import { type Bench, costLine } from '../../packages/pipeline/bench/line.ts'
import { medianCpuSeconds, SEVEN } from '../../packages/pipeline/bench/measure.ts'
import { allOperators } from '../../packages/pipeline/bench/operators.ts'
import { openBuffers, type RowBuffers, WRITER } from '../../packages/pipeline/bench/our-rows.ts'

/** Frames between two uses of the row buffers, as a lane decodes them: block by block. */
const FRAMES_PER_BLOCK = 256
/** The whole chain may cost twice as much as what it cannot do without. */
const FLOOR = 0.5

type Subscriptions = ReadonlyMap<ExchangeMarket, readonly Subscription[]>

/**
 * What the whole chain of operators costs (dedupe, sequence, filter, rows, bars, books with their images) beside decoding
 * and keeping books alone: nanoseconds for each frame, the same frames in the same process.
 */
export function chainBench(setOf: () => Promise<FrameSet>): Bench {
  return {
    name: 'operators, whole chain',
    async run() {
      const set = await setOf()
      const books = booksOf(set)
      const chained = openBuffers()
      const bare = openBuffers()
      const [chain = 0, alone = 0] = await medianCpuSeconds(
        [() => readChain(set, books, chained), () => readBare(set, bare.batch)],
        SEVEN,
      )
      const perFrame = (seconds: number): number => (seconds / set.frames.length) * 1e9
      const costs = { ours: perFrame(chain), yardstick: perFrame(alone) }
      const line = costLine('operators, whole chain, over decoding and books alone', 'ns a frame', costs)
      return [{ ...line, floor: FLOOR, goal: FLOOR, met: line.ratio >= FLOOR }]
    },
  }
}

/** The books of a set: every symbol of whose deltas it has. */
function booksOf({ sources, frames }: FrameSet): Subscriptions {
  const { names, batch } = openBuffers()
  const found = new Map<ExchangeMarket, Map<string, Subscription>>()
  for (const { source, bytes } of frames) {
    const market = sources[source] as ExchangeMarket
    batch.clear()
    market.decodeFrame(bytes, batch)
    if (batch.count === 0 || batch.kind[0] !== EventKind.bookDelta) continue
    const symbol = names.text(batch.symbol[0] as number)
    const own = found.get(market) ?? new Map()
    found.set(market, own)
    if (!own.has(symbol)) own.set(symbol, { symbol, stream: names.text(batch.stream[0] as number) })
  }
  return new Map([...found].map(([market, own]) => [market, [...own.values()]]))
}

/** Decodes every frame and applies its deltas to a book of their symbol. */
function readBare({ sources, frames }: FrameSet, batch: EventBatch): void {
  const books = new Map(sources.map((market) => [market, [] as Book[]]))
  for (let at = 0; at < frames.length; at++) {
    const { source, bytes } = frames[at] as BenchFrame
    const market = sources[source] as ExchangeMarket
    const own = books.get(market) as Book[]
    batch.clear()
    market.decodeFrame(bytes, batch)
    for (let event = 0; event < batch.count; event++) {
      if (batch.kind[event] !== EventKind.bookDelta) continue
      const symbol = batch.symbol[event] as number
      own[symbol] ??= new Book(imageDefaults.depthCap)
      own[symbol].apply(batch, batch.entryStart[event] as number, batch.entryStart[event + 1] as number)
    }
  }
}

/** Decodes every frame and does all that a lane does with it, in tables' columns. */
function readChain(set: FrameSet, books: Subscriptions, buffers: RowBuffers): void {
  const { names, batch } = buffers
  const { sources, frames } = set
  batch.clear()
  let asked: Omit<AnswerContext, 'status'>[] = []
  const normalizer = createNormalizer({
    writer: WRITER,
    names,
    findMarket: (exchange, market) =>
      sources.find((known) => known.exchange === exchange && known.market === market) as ExchangeMarket,
    rowsFor: buffers.rowsFor,
    wantSnapshot: (request) => asked.push(request),
    imports: true,
  })
  const record = {
    number: 0,
    kind: RecordKind.start,
    connection: 0,
    receivedUs: 0,
    payload: new Uint8Array(0),
  } as JournalRecord
  const operators: Operators = Object.fromEntries(sources.map((market) => [marketText(market), allOperators]))
  normalizer.start(record, { lastRecord: 0, clean: true, version: WRITER, operators })
  for (const [source, market] of sources.entries()) {
    record.number = source + 1
    record.kind = RecordKind.connect
    normalizer.connect(record, { ...market, subscriptions: books.get(market) ?? [] })
  }
  const run = new FrameRun(normalizer, batch)
  const answers = new EventBatch(names)
  for (let at = 0; at < frames.length; at++) {
    const { source, bytes, receivedUs } = frames[at] as BenchFrame
    const market = sources[source] as ExchangeMarket
    record.number = at + sources.length + 1
    record.kind = RecordKind.frame
    record.connection = source + 1
    record.receivedUs = receivedUs
    record.payload = bytes
    batch.connectionSeq = Number.NaN
    const event = batch.count
    market.decodeFrame(bytes, batch)
    const delta = asked.length > 0 && batch.kind[event] === EventKind.bookDelta ? deltaAt(batch, event) : null
    run.add(record, market, batch.connectionSeq)
    if (delta !== null) {
      const own = asked.filter(
        (book) => book.symbol === delta.symbol && marketText(book) === marketText(market),
      )
      asked = asked.filter((book) => !own.includes(book))
      run.flush()
      for (const context of own) answer(normalizer, { ...record }, answers, context, delta.seq)
    }
    if ((at + 1) % FRAMES_PER_BLOCK === 0) {
      run.flush()
      buffers.reset()
    }
  }
  run.flush()
  buffers.reset()
}

function deltaAt(batch: EventBatch, event: number): { readonly symbol: string; readonly seq: number } {
  return { symbol: batch.names.text(batch.symbol[event] as number), seq: batch.lastSeq[event] as number }
}

/** An empty book at the number of the last delta: the recordings have no snapshots. */
function answer(
  normalizer: ReturnType<typeof createNormalizer>,
  record: JournalRecord,
  batch: EventBatch,
  context: Omit<AnswerContext, 'status'>,
  seq: number,
): void {
  batch.clear()
  batch.reserveEvent()
  batch.kind[0] = EventKind.bookSnapshot
  batch.symbol[0] = batch.names.idOf(context.symbol)
  batch.stream[0] = batch.names.idOf(context.stream)
  for (const numbers of [batch.engineUs, batch.sentUs, batch.firstSeq, batch.prevSeq, batch.checksum])
    numbers[0] = Number.NaN
  batch.lastSeq[0] = seq
  batch.endEvent()
  record.kind = RecordKind.answer
  record.payload = encodeAnswer({ ...context, status: 200 }, new Uint8Array(0))
  normalizer.answer(record, { ...context, status: 200 }, batch)
}
