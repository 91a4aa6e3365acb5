import { EventBatch, StringTable } from '@cryptoflow/model'
import { decodeExact } from '../src/binance/frame.ts'
import { binanceSpot } from '../src/index.ts'
import { benchFrames, inOneBlock } from './frames.ts'
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
 * `capturesDirectory` holds the BTCUSDT capture; without it the frames are made up.
 */
export async function decodeBench(capturesDirectory?: string): Promise<BenchLine[]> {
  const { source, frames } = benchFrames(capturesDirectory)
  const trades = frames.filter((frame) => frame.includes('@trade"'))
  const diffs = frames.filter((frame) => frame.includes('@depth@100ms"'))
  const stored = frames.filter((frame) => !frame.includes('@bookTicker"'))
  const quotes = frames.length - stored.length
  const mix = `${diffs.length} diffs, ${trades.length} trades, ${quotes} quotes`
  return [
    measure(`decode, all streams (${source}: ${mix})`, frames),
    measure(`decode, stored streams (${diffs.length} diffs, ${trades.length} trades)`, stored),
    measure('decode, diffs only', diffs),
    measure('decode, trades only', trades),
  ]
}

function measure(name: string, selected: readonly Buffer[]): BenchLine {
  const frames = inOneBlock(selected)
  const rows = verifiedRows(frames)
  const market = binanceSpot()
  const batch = new EventBatch(new StringTable())
  const plain = plainColumns(frames.length, countEntries(frames))
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const ourSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) batch.clear()
        market.decodeFrame(frames[i] as Buffer, batch)
      }
    })
    const theirSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) plain.count = plain.entryCount = 0
        decodePlain(frames[i] as Buffer, plain)
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
function verifiedRows(frames: readonly Buffer[]): number {
  const market = binanceSpot()
  const names = new StringTable()
  const ours = new EventBatch(names)
  const exact = new EventBatch(names)
  let rows = 0
  for (const frame of frames) {
    ours.clear()
    exact.clear()
    market.decodeFrame(frame, ours)
    decodeExact(frame, exact)
    if (!isEqual(ours, exact)) return 0
    rows += ours.entryCount
  }
  return rows
}

function isEqual(a: EventBatch, b: EventBatch): boolean {
  if (a.count !== b.count || a.entryCount !== b.entryCount) return false
  const events = ['kind', 'symbol', 'stream', 'engineUs', 'sentUs', 'firstSeq', 'lastSeq', 'prevSeq'] as const
  for (const column of events) {
    for (let i = 0; i < a.count; i++) if (!Object.is(a[column][i], b[column][i])) return false
  }
  for (let i = 0; i < a.count; i++) if (a.entryStart[i + 1] !== b.entryStart[i + 1]) return false
  for (let i = 0; i < a.entryCount; i++) {
    if (a.side[i] !== b.side[i]) return false
    for (const column of ['price', 'quantity'] as const) {
      if (a[column].mantissa(i) !== b[column].mantissa(i) || a[column].scales[i] !== b[column].scales[i])
        return false
    }
  }
  return true
}

function countEntries(frames: readonly Buffer[]): number {
  const batch = new EventBatch(new StringTable())
  const market = binanceSpot()
  let entries = 0
  for (const frame of frames) {
    batch.clear()
    market.decodeFrame(frame, batch)
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
