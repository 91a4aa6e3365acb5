import { type MarketOperators, marketText, type Operators } from '@cryptoflow/model'
import type { BenchFrame, FrameSet } from './frames.ts'
import { type Bench, costLine } from './line.ts'
import { medianCpuSeconds, SEVEN } from './measure.ts'
import { openBuffers, openOurs, type RowBuffers } from './our-rows.ts'

/** Frames between two uses of the row buffers, as a lane decodes them: block by block. */
const FRAMES_PER_BLOCK = 256

const filter: MarketOperators = {
  filter: {
    ticks: { priceMin: '0.01', quantityMin: '0.00000001', notionalMin: '0.01' },
    bbo: { deny: ['NONE*'] },
  },
}
const dedupe: MarketOperators = { dedupe: { window: 65_536 } }
const bars = (...windows: string[]): MarketOperators => ({
  watermark: { allowedLatenessMs: 5_000, late: 'revision', idleMs: 1_000 },
  aggregate: { windows },
})
const minutes = bars('1m', '1h')
/** One of each. */
export const allOperators: MarketOperators = { ...filter, ...dedupe, ...minutes }

/**
 * What operators cost: nanoseconds for each frame that decoding and normalizing with them takes, beside the same with
 * none. The rules are those that pass everything.
 */
export function operatorsBench(setOf: () => Promise<FrameSet>): Bench {
  return {
    name: 'operators',
    async run() {
      const set = await setOf()
      const chains = [
        ['none', {}],
        ['filter', filter],
        ['dedupe', dedupe],
        ['bars of a minute and an hour', minutes],
        ['all of these', allOperators],
        ['bars of a second, and of five minutes each second', bars('1s', '5m/1s')],
      ] as const
      const seconds = await medianCpuSeconds(
        chains.map(([, own]) => {
          const buffers = openBuffers()
          const operators = Object.fromEntries(set.sources.map((market) => [marketText(market), own]))
          return () => readAll(set, buffers, operators)
        }),
        SEVEN,
      )
      const perFrame = (at: number): number => ((seconds[at] as number) / set.frames.length) * 1e9
      return chains
        .slice(1)
        .map(([name], at) =>
          costLine(`operators, ${name}`, 'ns a frame', { ours: perFrame(at + 1), yardstick: perFrame(0) }),
        )
    },
  }
}

function readAll(set: FrameSet, buffers: RowBuffers, operators: Operators): void {
  const reader = openOurs(set, buffers, () => {}, operators)
  for (let i = 0; i < set.frames.length; i++) {
    reader.read(set.frames[i] as BenchFrame, i)
    if ((i + 1) % FRAMES_PER_BLOCK === 0) reader.reset()
  }
  reader.reset()
}
