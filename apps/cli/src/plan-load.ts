import { carrierOf } from '@cryptoflow/ingest'
import { type StreamSpec, windowOf } from '@cryptoflow/model'
import type { MarketCollection } from '@cryptoflow/pipeline'
import { busySymbol, channelLoad } from './plan-assumptions.ts'
import type { PlannedMarket } from './plan-figures.ts'

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

/** What is expected, from the stated assumptions and nothing else. */
export interface LoadPlan {
  readonly tables: readonly TableLoad[]
  /** Of frames as they come, before compression. */
  readonly journalBytesPerSecond: number
  /** Channels for which nothing is assumed: rare events, and what is told of the whole market at once. */
  readonly notCounted: readonly string[]
}

/** Expected rows and bytes; `activity` is how busy each symbol is, 1 = as the busy one. */
export function planLoad(
  markets: readonly PlannedMarket[],
  images: ImageSettings,
  activity: number,
): LoadPlan {
  const tables = new Map<string, TableLoad>()
  for (const row of markets.flatMap((planned) => tableLoads(planned, images, activity))) {
    const before = tables.get(row.table) ?? { rowsPerSecond: 0, bytesPerSecond: 0 }
    tables.set(row.table, {
      table: row.table,
      rowsPerSecond: before.rowsPerSecond + row.rowsPerSecond,
      bytesPerSecond: before.bytesPerSecond + row.bytesPerSecond,
    })
  }
  const journal = markets.map((planned) => frameBytes(planned, activity))
  return {
    tables: [...tables.values()],
    journalBytesPerSecond: journal.reduce((total, bytes) => total + bytes, 0),
    notCounted: [...new Set(markets.flatMap((planned) => uncounted(planned, activity)))],
  }
}

/** Rows of one market, by channel and by book. */
function tableLoads(
  { market, collection, specs }: PlannedMarket,
  images: ImageSettings,
  activity: number,
): TableLoad[] {
  const symbols = new Set(collection.symbols).size
  const imageTable = market.market === 'spot' ? 'spot_ob' : 'futures_ob'
  const ofImages = specs
    .filter(({ book }) => book !== null)
    .map((spec) =>
      loadOf(imageTable, imageRows(images, spec) * activity * symbols, busySymbol.rowBytes.image),
    )
  const ofChannels = specs.flatMap((spec) => {
    const load = channelLoad(spec, market, collection, activity)
    if (load === null) return []
    const own = loadOf(spec.table, load.frames * load.rowsPerFrame * symbols, load.rowBytes)
    if (spec.changes === undefined) return [own]
    // As many levels are different from image to image as an update has, and never more than an image has.
    const changed = Math.min(busySymbol.levelsPerUpdate, load.rowsPerFrame)
    return [own, loadOf(spec.changes, load.frames * changed * symbols, busySymbol.rowBytes.delta)]
  })
  const stored = storedTables(collection.streams, specs)
  const ofTables = [...ofChannels, ...ofImages].filter(({ table }) => stored.has(table))
  const bars = barRows(collection, activity) * symbols
  return bars === 0 ? ofTables : [...ofTables, loadOf('bars', bars, busySymbol.rowBytes.bars)]
}

/** Rows of bars per second of a symbol that trades all the time: of each step its bar, and once more when it is final. */
function barRows({ operators }: MarketCollection, activity: number): number {
  const { aggregate, watermark } = operators ?? {}
  const rowsOfBar =
    watermark === undefined || watermark.late === 'drop' || watermark.allowedLatenessMs === 0 ? 1 : 2
  const perSecond = (aggregate?.windows ?? []).map(
    (text) => 1e6 / (windowOf(text)?.stepUs ?? Number.POSITIVE_INFINITY),
  )
  // No bar is made where nothing trades.
  return (
    perSecond.reduce((total, rate) => total + Math.min(rate, busySymbol.trades * activity), 0) * rowsOfBar
  )
}

function loadOf(table: string, rowsPerSecond: number, rowBytes: number): TableLoad {
  return { table, rowsPerSecond, bytesPerSecond: rowsPerSecond * rowBytes }
}

/** Bytes per second that come in; what comes within another channel has no frames of its own. */
function frameBytes({ market, collection, specs }: PlannedMarket, activity: number): number {
  const symbols = new Set(collection.symbols).size
  const carriers = new Set(specs.map((spec) => carrierOf(market, spec)))
  return [...carriers].reduce((total, carrier) => {
    const load = channelLoad(carrier, market, collection, activity)
    return load === null ? total : total + load.frames * load.frameBytes * symbols
  }, 0)
}

function uncounted({ market, collection, specs }: PlannedMarket, activity: number): string[] {
  return specs
    .filter((spec) => channelLoad(spec, market, collection, activity) === null)
    .map(({ name }) => name)
}

/** Tables that are named, or that a named channel fills; null is all of them. */
function storedTables(
  streams: readonly string[] | undefined,
  specs: readonly StreamSpec[],
): { has(table: string): boolean } {
  if (streams === undefined) return { has: () => true }
  const byChannel = specs
    .filter(({ name }) => streams.includes(name))
    .flatMap(({ table, changes }) => [table, ...(changes === undefined ? [] : [changes])])
  return new Set<string>([...streams, ...byChannel])
}

/** Image rows per second of one book that changes all the time; a book has no more levels than are subscribed. */
function imageRows(
  { derivedEveryMs, derivedLevels, checkpointEveryMs, depthCap }: ImageSettings,
  { book }: StreamSpec,
): number {
  const kept = book?.origin === 'stream' ? (book.subscribed ?? book.depths?.[0]) : undefined
  const levels = kept ?? Number.POSITIVE_INFINITY
  const derived = (2 * Math.min(derivedLevels, levels) * 1000) / derivedEveryMs
  return derived + (2 * Math.min(depthCap, levels) * 1000) / checkpointEveryMs
}
