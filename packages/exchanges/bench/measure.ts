import { EventBatch, StringTable } from '@cryptoflow/model'
import { isSameBatch } from '../src/test-support.ts'
import { type BenchFrame, type ExchangeFrames, type FrameSet, inOneBlock } from './frames.ts'
import { type BenchLine, rateLine } from './line.ts'
import { clearPlain, plainColumns } from './plain.ts'

const ROUNDS = 7
const WARM_UP_ROUNDS = 2
/** Frames between two uses of a batch, as a lane decodes them: block by block. */
const FRAMES_PER_BATCH = 256
/** The CPU clock goes in steps of 4 ms on common kernels. */
const MEASURED_US = 150_000
const TARGET = { floor: 4, goal: 6 }
/** Percent of the frames that may be left to the exact path; above it the fast path is not what we measure. */
const FALLBACKS_MAX = 3

/** Our decoder beside JSON.parse and Number into the same columns, rows per CPU second. */
export function overPlain(name: string, set: FrameSet): BenchLine {
  const frames = inOneBlock(set.frames)
  const checked = check(name, frames)
  const decode = decoding(frames)
  const out = plainColumns(checked.eventsMax + 1, checked.rowsMax + 1)
  const [ours = 0, yardstick = 0] = medianCpuSeconds([
    decode,
    () => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) clearPlain(out)
        const { protocol, bytes } = frames[i] as BenchFrame
        protocol.plain(bytes, out)
      }
    },
  ])
  return rateLine(name, { ...checked, ours, yardstick }, TARGET)
}

/** One pass of our decoder over the frames. */
export function decoding(frames: readonly BenchFrame[]): () => void {
  const batch = new EventBatch(new StringTable())
  return () => {
    for (let i = 0; i < frames.length; i++) {
      if (i % FRAMES_PER_BATCH === 0) batch.clear()
      const { protocol, bytes } = frames[i] as BenchFrame
      protocol.market.decodeFrame(bytes, batch)
    }
  }
}

/** How many of the exchange's frames are read by the exact path, in percent. */
export function fallbackLine(prefix: string, { sets }: ExchangeFrames): BenchLine {
  const frames = new Set(sets.flatMap((set) => set.frames))
  let fallbacks = 0
  const batch = new EventBatch(new StringTable())
  for (const { protocol, bytes } of frames) {
    batch.clear()
    if (!protocol.fast(bytes, batch)) fallbacks += 1
  }
  const value = (fallbacks * 100) / frames.size
  const numbers = { value, baseline: Number.NaN, ratio: Number.NaN, floor: 0, goal: 0 }
  const name = `${prefix}, left to the exact path (of ${frames.size} frames)`
  return { name, unit: '%', ...numbers, most: FALLBACKS_MAX, met: value <= FALLBACKS_MAX }
}

/** What is known of a set before it is measured. */
export interface Checked {
  readonly rows: number
  /** Every column is as the exact path makes it, and the fast path reads nearly all frames. */
  readonly isRight: boolean
  readonly eventsMax: number
  readonly rowsMax: number
}

/** Counts the rows of all frames and compares each column of them with the exact path's. */
export function check(name: string, frames: readonly BenchFrame[]): Checked {
  const names = new StringTable()
  const [ours, exact] = [new EventBatch(names), new EventBatch(names)]
  const wrong = { events: 0, fallbacks: 0 }
  const total = { events: 0, rows: 0 }
  for (const { protocol, bytes } of frames) {
    ours.clear()
    if (!protocol.fast(bytes, ours)) wrong.fallbacks += 1
    ours.clear()
    exact.clear()
    protocol.market.decodeFrame(bytes, ours)
    protocol.exact(bytes, exact)
    if (ours.count === 0 || !isSameBatch(ours, exact, protocol.market)) wrong.events += 1
    total.events += ours.count
    total.rows += ours.entryCount
  }
  const isRight = wrong.events === 0 && wrong.fallbacks * 100 <= frames.length * FALLBACKS_MAX
  if (!isRight) {
    const { events, fallbacks } = wrong
    process.stderr.write(
      `${name}: ${events} of ${frames.length} frames wrong, ${fallbacks} by the exact path\n`,
    )
  }
  return { rows: total.rows, isRight, eventsMax: total.events, rowsMax: total.rows }
}

/**
 * CPU seconds of one pass of each candidate, user and system time of all threads: medians in their order. Every round
 * runs all candidates, so that whatever else the machine does falls on all of them.
 */
export function medianCpuSeconds(candidates: readonly (() => void)[]): number[] {
  const samples: number[][] = candidates.map(() => [])
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const [i, candidate] of candidates.entries()) {
      const seconds = cpuSecondsOfOne(candidate)
      if (round >= WARM_UP_ROUNDS) samples[i]?.push(seconds)
    }
  }
  return samples.map((values) => values.toSorted((a, b) => a - b)[values.length >> 1] as number)
}

/** Over as many passes as outlast the clock's coarse steps. */
function cpuSecondsOfOne(pass: () => void): number {
  const before = process.cpuUsage()
  for (let passes = 1; ; passes++) {
    pass()
    const { user, system } = process.cpuUsage(before)
    if (user + system >= MEASURED_US) return (user + system) / 1e6 / passes
  }
}
