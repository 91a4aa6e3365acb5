import { carrierOf } from '@cryptoflow/ingest'
import type { ExchangeMarket, StreamSpec } from '@cryptoflow/model'
import type { MarketCollection } from '@cryptoflow/pipeline'

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
  /** Bytes of a row in a sealed file; of bars those of made-up trades. */
  rowBytes: { ticks: 13, delta: 8, image: 4.5, quote: 12, bars: 40 },
  /**
   * How many times smaller the journal is with `journal.compression: zstd`: 3.2 for two simulated symbols at 57 kB/s,
   * more for busier ones, whose blocks are larger.
   */
  zstdRatio: 3,
} as const

/** What is taken for true of streams whose name tells nothing. Not measured. */
export const assumed = {
  /** Updates and images of a book per second: the pace of the measured one. */
  updates: 10,
  /**
   * Mark prices and funding rates per second and symbol: documents of the exchanges say from ten a second to one in
   * 90 s.
   */
  funding: 5,
  /** The same of open interest that has a stream of its own: documents say one in 3 s. */
  openInterest: 1,
  /** Levels a side of an image: the most that a stream without a number in its name has. */
  imageLevels: 30,
} as const

/** What a channel brings for one symbol. */
export interface ChannelLoad {
  /** Frames per second that come for it, and bytes of one with its record's head. */
  readonly frames: number
  readonly frameBytes: number
  readonly rowsPerFrame: number
  readonly rowBytes: number
}

/**
 * What a channel brings for one symbol; null: nothing is assumed of it. `activity`: how busy the symbol is, 1 = as the
 * busy one. A channel within another comes as often as that one's frames, and those are the other's.
 */
export function channelLoad(
  spec: StreamSpec,
  market: ExchangeMarket,
  collection: MarketCollection,
  activity: number,
): ChannelLoad | null {
  const kind = kindOf(spec, collection, activity)
  if (kind === null || spec.scope === 'market') return null
  const carrier = carrierOf(market, spec)
  if (carrier !== spec) {
    const carried = channelLoad(carrier, market, collection, activity)
    return { ...kind, frames: carried?.frames ?? kind.frames }
  }
  return { ...kind, frames: pollsPerSecond(spec, collection) ?? kind.frames }
}

/** By what it fills. */
function kindOf(
  spec: StreamSpec,
  { urls, bookPoll }: MarketCollection,
  activity: number,
): ChannelLoad | null {
  const { frameBytes, rowBytes, levelsPerUpdate, trades, quotes } = busySymbol
  const speed = speedOf(spec.name)
  const updates = { frames: (speed ?? assumed.updates) * activity, frameBytes: frameBytes.update }
  const quote = { frameBytes: frameBytes.quote, rowsPerFrame: 1, rowBytes: rowBytes.quote }
  switch (spec.table) {
    case 'ticks':
      return {
        frames: trades * activity,
        frameBytes: frameBytes.trade,
        rowsPerFrame: 1,
        rowBytes: rowBytes.ticks,
      }
    case 'bbo':
      return { ...quote, frames: quotes * activity }
    case 'spot_delta':
    case 'futures_delta':
      return { ...updates, rowsPerFrame: levelsPerUpdate, rowBytes: rowBytes.delta }
    case 'spot_ob':
    case 'futures_ob': {
      const levels = 2 * levelsOf(spec.name, spec.poll === null ? urls?.bookDepth : bookPoll?.depth)
      // A level takes as much room in an image as in an update.
      const imageBytes = (frameBytes.update * levels) / levelsPerUpdate
      return { ...updates, frameBytes: imageBytes, rowsPerFrame: levels, rowBytes: rowBytes.image }
    }
    case 'funding':
      return { ...quote, frames: speed ?? assumed.funding }
    case 'open_interest':
      return { ...quote, frames: speed ?? assumed.openInterest }
    default:
      return null
  }
}

function pollsPerSecond({ name, poll }: StreamSpec, { pollEveryMs }: MarketCollection): number | null {
  return poll === null ? null : 1000 / (pollEveryMs?.[name] ?? poll.everyMs)
}

/** Messages per second as the channel's own name says: `depth@100ms`, `markPrice@1s`; null where it says nothing. */
function speedOf(name: string): number | null {
  const [, count, unit] = /@(\d+)(ms|s)$/.exec(name) ?? []
  const ms = Number(count) * (unit === 's' ? 1000 : 1)
  return ms > 0 ? 1000 / ms : null
}

/** Levels a side of an image: by its channel's name, else as they are subscribed. */
function levelsOf(name: string, bookDepth: number | undefined): number {
  return Number(/^\D+(\d+)/.exec(name)?.[1] ?? bookDepth ?? assumed.imageLevels)
}
