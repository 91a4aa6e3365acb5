import { EventBatch, StringTable } from '@cryptoflow/model'
import { wires } from '../src/binance/channels.ts'
import { decodeExact } from '../src/binance/exact.ts'
import { decodeFrame } from '../src/binance/frame.ts'
import { isSameBatch } from '../src/test-support.ts'
import { type BenchFrame, benchFrames, benchMarkets, inOneBlock, interleaved } from './frames.ts'
import type { BenchLine } from './line.ts'
import { decodePlain, plainColumns } from './plain.ts'

const ROUNDS = 7
const WARM_UP_ROUNDS = 2
/** Frames between two uses of a batch, as a lane decodes them: block by block. */
const FRAMES_PER_BATCH = 256
/** The thread's CPU clock goes in steps of 4 ms on common kernels. */
const MEASURED_US = 150_000
const FLOOR = 4
const GOAL = 6

/**
 * Our decoder against JSON.parse and Number into the same columns: rows per CPU second, both alternated in this
 * process. A row is a trade, a side of a quote or a book level. The first line decides; the others explain it.
 *
 * `capturesDirectory` holds the captures; without it the frames are made up.
 */
export async function decodeBench(capturesDirectory?: string): Promise<BenchLine[]> {
  const markets = benchMarkets.map((market) => ({ market, ...benchFrames(market, capturesDirectory) }))
  const mixed = interleaved(markets.map(({ frames }) => frames))
  const spot = markets[0]?.frames ?? []
  const diffs = spot.filter(isDiff)
  const trades = spot.filter(isTrade)
  return [
    measure(`decode, mixed (${markets[0]?.source}: ${mixOf(mixed)})`, mixed),
    ...markets.map(({ market, frames }) => measure(`decode, ${market} (${mixOf(frames)})`, frames)),
    measure(
      'decode, spot diffs and trades',
      spot.filter((frame) => !isQuote(frame)),
    ),
    measure('decode, spot diffs', diffs),
    measure('decode, spot trades', trades),
    measure('decode, linear diffs', markets[1]?.frames.filter(isDiff) ?? []),
    measure('decode, linear trades', markets[1]?.frames.filter(isTrade) ?? []),
    measure('decode, inverse quotes', markets[2]?.frames.filter(isQuote) ?? []),
  ]
}

const isDiff = ({ bytes }: BenchFrame): boolean => bytes.includes('"e":"depthUpdate"')
const isTrade = ({ bytes }: BenchFrame): boolean => bytes.includes('@trade"')
const isQuote = ({ bytes }: BenchFrame): boolean => bytes.includes('@bookTicker"')

function mixOf(frames: readonly BenchFrame[]): string {
  const [diffs, quotes] = [frames.filter(isDiff).length, frames.filter(isQuote).length]
  return `${diffs} diffs, ${frames.length - diffs - quotes} trades, ${quotes} quotes`
}

function measure(name: string, selected: readonly BenchFrame[]): BenchLine {
  const frames = inOneBlock(selected)
  const rows = verifiedRows(frames)
  const batch = new EventBatch(new StringTable())
  const plain = plainColumns(frames.length, countEntries(frames))
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const ourSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) batch.clear()
        const { market, bytes } = frames[i] as BenchFrame
        decodeFrame(wires[market], bytes, batch)
      }
    })
    const theirSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) plain.count = plain.entryCount = 0
        decodePlain((frames[i] as BenchFrame).bytes, plain)
      }
    })
    if (round < WARM_UP_ROUNDS) continue
    ours.push(rows / ourSeconds)
    theirs.push(rows / theirSeconds)
  }
  const value = median(ours)
  const baseline = median(theirs)
  const ratio = value / baseline
  return { name, value, unit: 'rows/CPU-s', baseline, ratio, floor: FLOOR, goal: GOAL, met: ratio >= FLOOR }
}

/** Rows of all frames, 0 when one column of one row differs from the exact path. */
function verifiedRows(frames: readonly BenchFrame[]): number {
  const names = new StringTable()
  const ours = new EventBatch(names)
  const exact = new EventBatch(names)
  let rows = 0
  for (const { market, bytes } of frames) {
    ours.clear()
    exact.clear()
    decodeFrame(wires[market], bytes, ours)
    decodeExact(wires[market], bytes, exact)
    if (ours.count === 0 || !isSameBatch(ours, exact)) return 0
    rows += ours.entryCount
  }
  return rows
}

function countEntries(frames: readonly BenchFrame[]): number {
  const batch = new EventBatch(new StringTable())
  let entries = 0
  for (const { market, bytes } of frames) {
    batch.clear()
    decodeFrame(wires[market], bytes, batch)
    entries += batch.entryCount
  }
  return entries
}

/** CPU time of this thread for one pass, over as many passes as outlast the clock's coarse steps. */
function cpuSecondsOfOne(pass: () => void): number {
  const before = process.threadCpuUsage()
  for (let passes = 1; ; passes++) {
    pass()
    const { user, system } = process.threadCpuUsage(before)
    if (user + system >= MEASURED_US) return (user + system) / 1e6 / passes
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}
