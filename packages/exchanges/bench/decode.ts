import { binanceFrames } from './binance.ts'
import { bybitFrames } from './bybit.ts'
import { coinbaseFrames } from './coinbase.ts'
import { type BenchFrame, type ExchangeFrames, interleaved } from './frames.ts'
import { krakenFrames } from './kraken.ts'
import type { BenchLine, SkippedLine } from './line.ts'
import { fallbackLine, overPlain } from './measure.ts'
import { okxFrames } from './okx.ts'
import { type LoadedTardis, overTardis } from './tardis.ts'
import { upbitFrames } from './upbit.ts'

const OVER_TARDIS = { floor: 4, goal: 8 }
/** Of each exchange in the mixed set; one that has fewer has them again. */
const MIXED_FRAMES = 4_000

/** One benchmark of decoders: bytes to events in columns. */
export interface DecodeBench {
  readonly name: string
  run(): Promise<readonly (BenchLine | SkippedLine)[]>
}

/** The yardstick's package, or why it is not there. */
export type TardisOf = () => LoadedTardis | string

const exchanges = {
  binance: binanceFrames,
  bybit: bybitFrames,
  okx: okxFrames,
  coinbase: coinbaseFrames,
  kraken: krakenFrames,
  upbit: upbitFrames,
}

/**
 * The decoder of each exchange, then of all together, over JSON.parse and Number and over tardis-dev, in rows per CPU
 * second. A row is a trade, a side of a quote or a book level. All is alternated in this process and compared row by
 * row before it is measured.
 *
 * `capturesDirectory` holds the captures. What was not published is made up after the documents, everything without it.
 */
export function decodeBenches(capturesDirectory: string | undefined, tardisOf: TardisOf): DecodeBench[] {
  const each = Object.entries(exchanges).map(([exchange, framesOf]) => ({
    name: `decode, ${exchange}`,
    run: async () => exchangeLines(framesOf(capturesDirectory), tardisOf()),
  }))
  const all = {
    name: 'decode, all exchanges',
    run: async () =>
      mixedLines(
        Object.values(exchanges).map((of) => of(capturesDirectory)),
        tardisOf(),
      ),
  }
  return [...each, all]
}

function exchangeLines(frames: ExchangeFrames, tardis: LoadedTardis | string): (BenchLine | SkippedLine)[] {
  const prefix = `decode, ${frames.exchange}`
  const lines: (BenchLine | SkippedLine)[] = frames.sets.map((set) => overPlain(`${prefix} ${set.name}`, set))
  for (const { name, mapped } of frames.sets) {
    if (mapped !== undefined) lines.push(tardisLine(`${prefix} ${name}`, mapped, tardis))
  }
  if (frames.unmapped !== null) {
    lines.push({ name: `${prefix}, the rest over tardis-dev`, skipped: frames.unmapped })
  }
  return [...lines, fallbackLine(prefix, frames)]
}

function mixedLines(
  exchangeFrames: readonly ExchangeFrames[],
  tardis: LoadedTardis | string,
): (BenchLine | SkippedLine)[] {
  const connections = exchangeFrames.map(({ sets }) => repeated(sets.flatMap(({ mapped = [] }) => mapped)))
  const frames = interleaved(connections)
  const name = 'decode, all exchanges in turns'
  return [overPlain(name, { name, frames }), tardisLine(name, frames, tardis)]
}

function repeated(frames: readonly BenchFrame[]): BenchFrame[] {
  return Array.from({ length: MIXED_FRAMES }, (_, i) => frames[i % frames.length] as BenchFrame)
}

function tardisLine(
  name: string,
  mapped: readonly BenchFrame[],
  tardis: LoadedTardis | string,
): BenchLine | SkippedLine {
  if (typeof tardis === 'string') return { name: `${name}, over tardis-dev`, skipped: tardis }
  return overTardis(`${name}, over tardis-dev ${tardis.version}`, mapped, tardis, OVER_TARDIS)
}
