import { type Column, DecimalColumn, type EventBatch, type Follows, type RowBuffer } from '@cryptoflow/model'
import { partitionOf } from '@cryptoflow/partitioner'
import type { BenchFrame, FrameSet } from './frames.ts'
import { type Bench, rateLine } from './line.ts'
import { medianCpuSeconds, SEVEN } from './measure.ts'
import { openBuffers, openOurs, type RowBuffers } from './our-rows.ts'

/** Frames between two uses of the row buffers, as a lane decodes them: block by block. */
const FRAMES_PER_BLOCK = 256

/** What each way of writing rows is worth: decode and normalize with it, over the same without. */
export function rowTricksBench(setOf: () => Promise<FrameSet>): Bench {
  return {
    name: 'rows, tricks',
    async run() {
      const set = await setOf()
      const buffers = [openBuffers(), openBuffers(), placedOneByOne(openBuffers()), openBuffers()] as const
      const asking = { set: askingEachRule(set), buffers: openBuffers() }
      const count = openCounts()
      const [usual, spread, placed, counted, asked] = (await medianCpuSeconds(
        [
          () => readAll(set, buffers[0], () => {}),
          () => readAll(set, buffers[1], spreadEvents),
          () => readAll(set, buffers[2], () => {}),
          () => readAll(set, buffers[3], () => {}, count),
          () => readAll(asking.set, asking.buffers, () => {}),
        ],
        SEVEN,
      )) as [number, number, number, number, number]
      const frames = set.frames.length
      const line = (name: string, without: number) =>
        rateLine(`rows, tricks, ${name}`, 'frames/CPU-s', {
          ours: frames / usual,
          yardstick: frames / without,
        })
      return [
        line('columns of an event once, over once per level', spread),
        line('rows placed by the window of a buffer, over one by one', placed),
        line('what became of messages counted once, over twice', counted),
        line('usual messages judged without a call, over each by its rule', asked),
      ]
    },
  }
}

function readAll(
  set: FrameSet,
  buffers: RowBuffers,
  finish: (buffer: RowBuffer) => void,
  also?: (batch: EventBatch, from: number) => void,
): void {
  const reader = openOurs(set, buffers, also)
  for (let i = 0; i < set.frames.length; i++) {
    reader.read(set.frames[i] as BenchFrame, i)
    if ((i + 1) % FRAMES_PER_BLOCK !== 0) continue
    for (const buffer of reader.tables.values()) finish(buffer)
    reader.reset()
  }
}

/** Writes into every level's row what its event says, column by column; from behind, since no event stands behind its rows. */
function spreadEvents({ table, columns, heads, count }: RowBuffer): void {
  if (heads === null) return
  for (const [name, column] of Object.entries(columns as Record<string, Column>)) {
    if (table.levelColumns?.includes(name) || column instanceof DecimalColumn) continue
    const { values } = column
    if (values instanceof Float64Array) spreadNumbers(values, heads, count)
    else if (values instanceof Int32Array) spreadNames(values, heads, count)
    else spreadTruths(values as Uint8Array, heads, count)
  }
}

// One function per kind of array: each loop then knows its own.
function spreadNumbers(values: Float64Array, heads: Uint32Array, count: number): void {
  for (let row = count - 1; row >= 0; row--) values[row] = values[heads[row] as number] as number
}

function spreadNames(values: Int32Array, heads: Uint32Array, count: number): void {
  for (let row = count - 1; row >= 0; row--) values[row] = values[heads[row] as number] as number
}

function spreadTruths(values: Uint8Array, heads: Uint32Array, count: number): void {
  for (let row = count - 1; row >= 0; row--) values[row] = values[heads[row] as number] as number
}

/** Counts events as `coverage` does, under the symbol: the way to a message's counts is none of their cost. */
function openCounts(): (batch: EventBatch, from: number) => void {
  const counts: { received: number; stored: number }[] = []
  return (batch, from) => {
    for (let event = from; event < batch.count; event++) {
      const symbol = batch.symbol[event] as number
      while (counts.length <= symbol) counts.push({ received: 0, stored: 0 })
      const own = counts[symbol] as (typeof counts)[number]
      own.received += 1
      own.stored += 1
    }
  }
}

/** The same set of markets whose rules do not say what is usual. */
function askingEachRule(set: FrameSet): FrameSet {
  const asked =
    (follows: Follows): Follows =>
    (last, first, next, prev) =>
      follows(last, first, next, prev)
  const sources = set.sources.map((market) => ({
    ...market,
    streams: market.streams.map((spec) => {
      const follows = spec.follows ?? spec.book?.follows ?? null
      return { ...spec, follows: follows === null ? null : asked(follows), book: null }
    }),
  }))
  return { ...set, sources }
}

/** Buffers that never say what belongs to them, so that the partitioner is asked for each message. */
function placedOneByOne(buffers: RowBuffers): RowBuffers {
  return {
    ...buffers,
    rowsFor(table, exchange, eventUs) {
      const buffer = buffers.rowsFor(table, exchange, eventUs)
      partitionOf(buffer.table, exchange, eventUs)
      buffer.untilUs = Number.NEGATIVE_INFINITY
      return buffer
    },
  }
}
