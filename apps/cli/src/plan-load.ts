import type { StreamSpec } from '@cryptoflow/model'
import type { PlannedMarket } from './plan-figures.ts'

/**
 * What a busy symbol brings. Measured on BTCUSDT of the first exchange's spot market: 99,573 messages in 651 s of
 * 2024-08-08, replayed into tables with the default settings.
 */
export const busySymbol = {
  /** Messages per second, of streams without a speed of their own. */
  trades: 30.6,
  quotes: 112.5,
  /** Rows of an update of the book. */
  levelsPerUpdate: 46,
  /** Bytes of a frame with its record's head, by what it is. */
  frameBytes: { trade: 201, update: 1637, quote: 179 },
  /** Bytes of a row in a sealed file. */
  rowBytes: { ticks: 13, delta: 8, image: 4.5, quote: 12 },
  /**
   * How many times smaller the journal is with `journal.compression: zstd`: 3.2 for two simulated symbols at 57 kB/s,
   * more for busier ones, whose blocks are larger.
   */
  zstdRatio: 3,
} as const

/** The emission settings that decide how many image rows there are. */
export interface ImageSettings {
  readonly derivedEveryMs: number
  readonly derivedLevels: number
  readonly checkpointEveryMs: number
  readonly depthCap: number
}

/** What a table takes in. */
export interface TableLoad {
  readonly table: string
  readonly rowsPerSecond: number
  readonly bytesPerSecond: number
}

/** What is expected, from the assumptions above and nothing else. */
export interface LoadPlan {
  readonly tables: readonly TableLoad[]
  /** Of frames as they come, before compression. */
  readonly journalBytesPerSecond: number
  /** Channels for which nothing is assumed: rare events. */
  readonly notCounted: readonly string[]
}

interface ChannelLoad {
  readonly frames: number
  readonly frameBytes: number
  readonly rows: number
  readonly rowBytes: number
}

/** Expected rows and bytes; `activity` is how busy each symbol is, 1 = as the busy one. */
export function planLoad(
  markets: readonly PlannedMarket[],
  images: ImageSettings,
  activity: number,
): LoadPlan {
  const tables = new Map<string, TableLoad>()
  const notCounted = new Set<string>()
  let journal = 0
  const add = (table: string, rows: number, rowBytes: number): void => {
    const before = tables.get(table) ?? { table, rowsPerSecond: 0, bytesPerSecond: 0 }
    tables.set(table, {
      table,
      rowsPerSecond: before.rowsPerSecond + rows,
      bytesPerSecond: before.bytesPerSecond + rows * rowBytes,
    })
  }
  for (const { market, collection, specs } of markets) {
    const symbols = new Set(collection.symbols).size
    const stored = storedTables(collection.streams, specs)
    const imageTable = market.market === 'spot' ? 'spot_ob' : 'futures_ob'
    for (const spec of specs) {
      const load = channelLoad(spec, activity)
      if (load === null) {
        notCounted.add(spec.name)
        continue
      }
      journal += load.frames * load.frameBytes * symbols
      if (stored.has(spec.table)) add(spec.table, load.rows * symbols, load.rowBytes)
      if (spec.book !== null && stored.has(imageTable)) {
        add(imageTable, imageRows(images) * activity * symbols, busySymbol.rowBytes.image)
      }
    }
  }
  return { tables: [...tables.values()], journalBytesPerSecond: journal, notCounted: [...notCounted] }
}

/** Tables that are named, or that a named channel fills; null is all of them. */
function storedTables(
  streams: readonly string[] | undefined,
  specs: readonly StreamSpec[],
): { has(table: string): boolean } {
  if (streams === undefined) return { has: () => true }
  const byChannel = specs.filter(({ name }) => streams.includes(name)).map(({ table }) => table)
  return new Set<string>([...streams, ...byChannel])
}

/** What a channel brings for one symbol; null: nothing is assumed of it. */
function channelLoad(spec: StreamSpec, activity: number): ChannelLoad | null {
  const { frameBytes, rowBytes, levelsPerUpdate, trades, quotes } = busySymbol
  if (spec.scope === 'market' || spec.poll !== null) return null
  switch (spec.table) {
    case 'ticks':
      return loadOf(trades * activity, frameBytes.trade, 1, rowBytes.ticks)
    case 'bbo':
      return loadOf(quotes * activity, frameBytes.quote, 1, rowBytes.quote)
    case 'spot_delta':
    case 'futures_delta':
      return loadOf(speedOf(spec.name) * activity, frameBytes.update, levelsPerUpdate, rowBytes.delta)
    case 'spot_ob':
    case 'futures_ob':
      return loadOf(speedOf(spec.name) * activity, frameBytes.update, levelsOf(spec.name), rowBytes.image)
    case 'funding':
      return loadOf(1, frameBytes.quote, 1, rowBytes.quote)
    default:
      return null
  }
}

function loadOf(frames: number, frameBytes: number, rowsPerFrame: number, rowBytes: number): ChannelLoad {
  return { frames, frameBytes, rows: frames * rowsPerFrame, rowBytes }
}

/** Image rows per second of one book that changes all the time. */
function imageRows({ derivedEveryMs, derivedLevels, checkpointEveryMs, depthCap }: ImageSettings): number {
  return (2 * derivedLevels * 1000) / derivedEveryMs + (2 * depthCap * 1000) / checkpointEveryMs
}

/** Updates per second as the channel's own name says; ten where it says nothing or "as they come". */
function speedOf(name: string): number {
  const ms = Number(/@(\d+)ms$/.exec(name)?.[1] ?? 0)
  return ms === 0 ? 10 : 1000 / ms
}

/** Rows of a limited image, by its channel's name. */
function levelsOf(name: string): number {
  return 2 * Number(/^\D+(\d+)/.exec(name)?.[1] ?? 20)
}
