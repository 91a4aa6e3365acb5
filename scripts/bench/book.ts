import { DecimalColumn } from '../../packages/model/src/columns.ts'
import {
  EventBatch,
  EventKind,
  type ExchangeMarket,
  Side,
  StringTable,
} from '../../packages/model/src/index.ts'
import { Book, type Levels } from '../../packages/normalize/src/book.ts'
import type { FrameSet } from '../../packages/pipeline/bench/frames.ts'
import { type Bench, costLine, rateLine } from '../../packages/pipeline/bench/line.ts'
import { medianCpuSeconds, SEVEN } from '../../packages/pipeline/bench/measure.ts'
import type {
  BookChange,
  LoadedTardis,
  TardisBook,
  TardisLevel,
} from '../../packages/pipeline/bench/tardis.ts'

const LEVELS = 5_000
/** No level is given up: both books hold the same. */
const CAP = 100_000
const IMAGE_LEVELS = 100
const IMAGES_PER_PASS = 2_000
const IMAGE_US_MAX = 5
const TARGET = { floor: 1, goal: 2 }
/** Levels compared at the end. */
const COMPARED_LEVELS = 1_000

/** Diffs of one symbol, as ours and as theirs, and a book of 5000 levels a side around them. */
interface Replay {
  readonly batch: EventBatch
  readonly changes: readonly BookChange[]
  readonly fill: { readonly levels: Levels; readonly count: number; readonly change: BookChange }
}

/** Updates of our book, filled to 5000 levels a side, against the OrderBook of tardis-dev on the same diffs. */
export function bookBench(
  setsOf: () => Promise<readonly FrameSet[]>,
  tardisOf: () => LoadedTardis | string,
): Bench {
  return {
    name: 'book',
    async run() {
      const loaded = tardisOf()
      if (typeof loaded === 'string') return [{ name: 'book', skipped: loaded }]
      const replays = (await setsOf()).map(replayOf)
      const books = replays.map((replay) => openBooks(replay, loaded))
      const updates = replays.reduce((sum, { batch }) => sum + batch.entryCount, 0)
      const [ours, theirs] = await medianCpuSeconds(
        [
          () => {
            for (const [i, replay] of replays.entries()) applyOurs(replay, (books[i] as Books).ours)
          },
          () => {
            for (const [i, replay] of replays.entries()) applyTheirs(replay, (books[i] as Books).theirs)
          },
        ],
        SEVEN,
      )
      const isEqual = books.every(hasSameTop)
      const rates = { ours: isEqual ? updates / ours! : 0, yardstick: updates / theirs! }
      const over = `over tardis-dev ${loaded.version}`
      const images = await imageSeconds(books)
      return [
        rateLine(`book, ${LEVELS} levels a side, ${over}`, 'updates/CPU-s', rates, TARGET),
        costLine(`book, image of ${IMAGE_LEVELS} levels a side, ${over}`, 'us', images, IMAGE_US_MAX),
      ]
    },
  }
}

/** Of the symbol with the most diffs. */
function replayOf(set: FrameSet): Replay {
  const batch = new EventBatch(new StringTable())
  const one = new EventBatch(batch.names)
  const counts = new Map<number, number>()
  const isDiffOf = (symbol: number | null): boolean =>
    one.count === 1 && one.kind[0] === EventKind.bookDelta && (symbol === null || one.symbol[0] === symbol)
  const decode = (frame: FrameSet['frames'][number], into: EventBatch): void => {
    ;(set.sources[frame.source] as ExchangeMarket).decodeFrame(frame.bytes, into)
  }
  for (const frame of set.frames) {
    one.clear()
    decode(frame, one)
    const symbol = one.symbol[0] as number
    if (isDiffOf(null)) counts.set(symbol, (counts.get(symbol) ?? 0) + one.entryCount)
  }
  const [symbol] = [...counts].sort(([, a], [, b]) => b - a)[0] as [number, number]
  for (const frame of set.frames) {
    one.clear()
    decode(frame, one)
    if (isDiffOf(symbol)) decode(frame, batch)
  }
  const changes = Array.from({ length: batch.count }, (_, event) => {
    const from = batch.entryStart[event] as number
    return changeOf(batch, from, batch.entryStart[event + 1] as number, false)
  })
  return { batch, changes, fill: fillAround(batch) }
}

function changeOf(
  { side, price, quantity }: Levels,
  from: number,
  to: number,
  isSnapshot: boolean,
): BookChange {
  const bids: TardisLevel[] = []
  const asks: TardisLevel[] = []
  for (let i = from; i < to; i++) {
    const level = { price: numberOf(price, i), amount: numberOf(quantity, i) }
    if (side[i] === Side.bid) bids.push(level)
    else asks.push(level)
  }
  return { isSnapshot, bids, asks }
}

function numberOf(column: DecimalColumn, row: number): number {
  return (column.mantissas[row] as number) / 10 ** (column.scales[row] as number)
}

/** 5000 levels a side, a hundredth apart, around the best price that the diffs speak of first. */
function fillAround(batch: EventBatch): Replay['fill'] {
  const scale = batch.price.scales[0] as number
  const step = scale < 2 ? 1 : 10 ** (scale - 2)
  let best = 0
  for (let i = 0; i < (batch.entryStart[1] as number); i++) {
    if (batch.side[i] === Side.bid) best = Math.max(best, batch.price.mantissas[i] as number)
  }
  const count = 2 * LEVELS
  const levels = { side: new Uint8Array(count), price: new DecimalColumn(), quantity: new DecimalColumn() }
  levels.price.reserve(count)
  levels.quantity.reserve(count)
  for (let i = 0; i < count; i++) {
    const isBid = i < LEVELS
    levels.side[i] = isBid ? Side.bid : Side.ask
    const mantissa = isBid ? best - i * step : best + (i - LEVELS + 1) * step
    levels.price.set(i, BigInt(mantissa), scale)
    levels.quantity.set(i, 1n, 0)
  }
  return { levels, count, change: changeOf(levels, 0, count, true) }
}

interface Books {
  readonly ours: Book
  readonly theirs: TardisBook
}

function openBooks({ fill }: Replay, { tardis }: LoadedTardis): Books {
  const ours = new Book(CAP)
  ours.load(fill.levels, 0, fill.count)
  const theirs = new tardis.OrderBook()
  theirs.update(fill.change)
  return { ours, theirs }
}

function applyOurs({ batch }: Replay, book: Book): void {
  for (let event = 0; event < batch.count; event++) {
    book.apply(batch, batch.entryStart[event] as number, batch.entryStart[event + 1] as number)
  }
}

function applyTheirs({ changes }: Replay, book: TardisBook): void {
  for (const change of changes) book.update(change)
}

function hasSameTop({ ours, theirs }: Books): boolean {
  const price = new DecimalColumn()
  const quantity = new DecimalColumn()
  price.reserve(COMPARED_LEVELS)
  quantity.reserve(COMPARED_LEVELS)
  return (['bids', 'asks'] as const).every((side) => {
    const count = Math.min(ours[side].count, COMPARED_LEVELS)
    ours[side].write(price, quantity, 0, count)
    const levels = firstOf(theirs[side](), count)
    return (
      levels.length === count &&
      levels.every(({ price: p, amount }, i) => p === numberOf(price, i) && amount === numberOf(quantity, i))
    )
  })
}

/** Microseconds of one image of both sides. */
async function imageSeconds(books: readonly Books[]): Promise<{ ours: number; yardstick: number }> {
  const price = new DecimalColumn()
  const quantity = new DecimalColumn()
  price.reserve(2 * IMAGE_LEVELS)
  quantity.reserve(2 * IMAGE_LEVELS)
  const [ours, theirs] = await medianCpuSeconds(
    [
      () => {
        for (let i = 0; i < IMAGES_PER_PASS; i++) {
          const { bids, asks } = (books[i % books.length] as Books).ours
          bids.write(price, quantity, 0, IMAGE_LEVELS)
          asks.write(price, quantity, IMAGE_LEVELS, IMAGE_LEVELS)
        }
      },
      () => {
        for (let i = 0; i < IMAGES_PER_PASS; i++) {
          const { theirs } = books[i % books.length] as Books
          firstOf(theirs.bids(), IMAGE_LEVELS)
          firstOf(theirs.asks(), IMAGE_LEVELS)
        }
      },
    ],
    SEVEN,
  )
  return { ours: (ours! / IMAGES_PER_PASS) * 1e6, yardstick: (theirs! / IMAGES_PER_PASS) * 1e6 }
}

function firstOf(levels: Iterable<TardisLevel>, count: number): TardisLevel[] {
  const first: TardisLevel[] = []
  for (const level of levels) {
    if (first.push(level) === count) break
  }
  return first
}
