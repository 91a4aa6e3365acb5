import { Session } from 'node:inspector/promises'
import { EventBatch, EventKind, type ExchangeMarket, StringTable } from '@cryptoflow/model'
import type { BenchFrame, FrameSet } from './frames.ts'
import { type Bench, costLine } from './line.ts'
import { openBuffers, openOurs, type RowBuffers, type RowReader } from './our-rows.ts'
import { openPlain } from './plain-rows.ts'

/** Small, so that a few objects per message cannot hide between two samples. */
const SAMPLE_EVERY_BYTES = 512
/** Frames between two uses of a batch, as a lane decodes them: block by block. */
const FRAMES_PER_BLOCK = 256
const WARM_UP_PASSES = 5
const SAMPLED_PASSES = 3

/** The smallest object takes 12 bytes: one in twelve levels would be more than this. */
const BYTES_PER_LEVEL_MAX = 1

/**
 * Bytes of objects made on the way, collected ones included, by V8's sampling of allocations. What lies in typed
 * arrays is not counted: they are used again.
 *
 * Diffs of few and of many levels are sampled apart, and the two tell what a level costs and what a message does.
 */
export function allocationsBench(setOf: () => Promise<FrameSet>): Bench {
  return {
    name: 'allocations',
    async run() {
      const all = await setOf()
      const halves = halvesByLevels(all)
      const decode = await costsOf(halves, decodePass)
      const parse = await costsOf(halves, parsePass)
      const ours = await costsOf(halves, rowsPass(openOurs))
      const plain = await costsOf(halves, rowsPass(openPlain))
      const mix = {
        ours: (await bytesOfPass(rowsPass(openOurs)(all))) / all.frames.length,
        yardstick: (await bytesOfPass(rowsPass(openPlain)(all))) / all.frames.length,
      }
      const perLevel = (a: Costs, b: Costs) => ({ ours: a.level, yardstick: b.level })
      const perMessage = (a: Costs, b: Costs) => ({ ours: a.message, yardstick: b.message })
      const level = 'bytes/level'
      const message = 'bytes/message'
      return [
        costLine('allocations, decode, of a level', level, perLevel(decode, parse), BYTES_PER_LEVEL_MAX),
        costLine('allocations, decode, of a diff', message, perMessage(decode, parse)),
        costLine('allocations, rows, of a level', level, perLevel(ours, plain), BYTES_PER_LEVEL_MAX),
        costLine('allocations, rows, of a diff', message, perMessage(ours, plain)),
        costLine('allocations, rows, all messages', message, mix),
      ]
    },
  }
}

interface Half {
  readonly set: FrameSet
  readonly levels: number
}

/** Bytes that each level adds, and each message whatever its levels. */
interface Costs {
  readonly level: number
  readonly message: number
}

/** Diffs with fewer levels than the median, and the others. */
function halvesByLevels(all: FrameSet): readonly [Half, Half] {
  const batch = new EventBatch(new StringTable())
  const counted = all.frames.flatMap((frame) => {
    batch.clear()
    marketOf(all, frame).decodeFrame(frame.bytes, batch)
    return batch.kind[0] === EventKind.bookDelta ? [{ frame, levels: batch.entryCount }] : []
  })
  const sorted = counted.toSorted((a, b) => a.levels - b.levels)
  const middle = sorted[sorted.length >> 1]?.levels ?? 0
  const half = (isOf: (levels: number) => boolean): Half => {
    const chosen = counted.filter(({ levels }) => isOf(levels))
    const frames = chosen.map(({ frame }) => frame)
    return { set: { ...all, frames }, levels: chosen.reduce((sum, { levels }) => sum + levels, 0) }
  }
  return [half((levels) => levels < middle), half((levels) => levels >= middle)]
}

async function costsOf(
  [few, many]: readonly [Half, Half],
  passOf: (set: FrameSet) => () => void,
): Promise<Costs> {
  const ofMessage = async ({ set }: Half) => (await bytesOfPass(passOf(set))) / set.frames.length
  const levelsOf = ({ set, levels }: Half) => levels / set.frames.length
  const fewBytes = await ofMessage(few)
  const level = ((await ofMessage(many)) - fewBytes) / (levelsOf(many) - levelsOf(few))
  return { level, message: fewBytes - level * levelsOf(few) }
}

function rowsPass(open: (set: FrameSet, buffers: RowBuffers) => RowReader): (set: FrameSet) => () => void {
  const buffers = openBuffers()
  return (set) => () => {
    const reader = open(set, buffers)
    for (let i = 0; i < set.frames.length; i++) {
      if (i % FRAMES_PER_BLOCK === 0) reader.reset()
      reader.read(set.frames[i] as BenchFrame, i)
    }
  }
}

function decodePass(set: FrameSet): () => void {
  const batch = new EventBatch(new StringTable())
  return () => {
    for (let i = 0; i < set.frames.length; i++) {
      const frame = set.frames[i] as BenchFrame
      if (i % FRAMES_PER_BLOCK === 0) batch.clear()
      marketOf(set, frame).decodeFrame(frame.bytes, batch)
    }
  }
}

function parsePass(set: FrameSet): () => void {
  return () => {
    for (const { bytes } of set.frames) JSON.parse(bytes.toString('utf8'))
  }
}

function marketOf({ sources }: FrameSet, { source }: BenchFrame): ExchangeMarket {
  return sources[source] as ExchangeMarket
}

/** Estimated bytes of one pass, by samples; the compiler has seen the pass before. */
async function bytesOfPass(pass: () => void): Promise<number> {
  for (let i = 0; i < WARM_UP_PASSES; i++) pass()
  const session = new Session()
  session.connect()
  try {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: SAMPLE_EVERY_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
    for (let i = 0; i < SAMPLED_PASSES; i++) pass()
    const { profile } = await session.post('HeapProfiler.stopSampling')
    return selfBytes(profile.head) / SAMPLED_PASSES
  } finally {
    session.disconnect()
  }
}

interface SampleNode {
  readonly selfSize: number
  readonly children: readonly SampleNode[]
}

function selfBytes({ selfSize, children }: SampleNode): number {
  return children.reduce((sum, child) => sum + selfBytes(child), selfSize)
}
