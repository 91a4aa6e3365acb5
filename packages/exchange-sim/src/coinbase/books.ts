import type { DepthDiff } from '../depth-tap.ts'
import type { LevelText } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import { bookContent, type Place } from '../stage/contents.ts'
import type { HouseMessage } from '../stage/house.ts'
import type { Feed, Listing } from '../stage/listing.ts'
import { advancedFrame, bookEvent } from './advanced-dialect.ts'
import { bookText, changesText } from './exchange-dialect.ts'
import { microTime, NO_TIME_1970, NO_TIME_YEAR_1, shortTime } from './times.ts'

/** What an update or a whole book of a product is, in the words of both sockets. */

/** Books are sent whole. */
const LEVELS_MAX = 1_000_000
/** One update in so many removes a level that was never there. */
const ORPHAN_EVERY = 40
/** One whole book in so many of the Advanced socket, and one update in so many of the other one, has no time. */
const TIMELESS_BOOK_EVERY = 3
const TIMELESS_UPDATE_EVERY = 200

/** A product's book stream at a moment. */
export interface BookMoment {
  readonly listing: Listing
  readonly feed: Feed
  /** Of the stream, and of now. */
  readonly place: Place
}

/** Levels of an update, as text: those that changed, and now and then the removal of one that nobody knows. */
export function changesOf({ listing, place }: BookMoment, diff: DepthDiff): DepthTexts {
  const { symbol, atMs } = place
  const draw = hashOf(`orphan ${symbol} ${atMs}`)
  const { startTicks } = listing.instrument
  // No side of a simulated book ever reaches twice the price that it began with.
  const orphan: LevelText[] =
    draw % ORPHAN_EVERY === 0
      ? [[listing.price(2 * startTicks + ((draw >>> 8) % 1000)), draw % 16 < 8 ? '0' : listing.quantity(0)]]
      : []
  const isBid = (draw >>> 7) % 2 === 0
  return {
    bids: [...zeroed(listing.levels(diff.bids), draw), ...(isBid ? orphan : [])],
    asks: [...zeroed(listing.levels(diff.asks), draw), ...(isBid ? [] : orphan)],
  }
}

interface DepthTexts {
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

/** A removal is written with all its digits, or as a plain `0`. */
function zeroed(levels: readonly LevelText[], draw: number): LevelText[] {
  const isPlain = (draw >>> 3) % 2 === 0
  return levels.map(([price, quantity]) => [price, isPlain && Number(quantity) === 0 ? '0' : quantity])
}

/** An update of `level2`. Its levels have times of their own, the latest of which is the book's; none before `sinceMs`. */
export function advancedUpdate(moment: BookMoment, diff: DepthDiff, sinceMs: number): HouseMessage {
  const { place } = moment
  const texts = changesOf(moment, diff)
  const times = (index: number): string => shortTime(Math.max(sinceMs, diff.timeMs - 2 * (index % 4)))
  const event = bookEvent('update', place.symbol, { ...texts, times })
  const content = bookContent(
    place,
    { sentMs: place.atMs, engineMs: diff.timeMs },
    { ...texts, isSnapshot: false },
  )
  return {
    streamName: `level2:${place.symbol}`,
    kind: 'guarded',
    contents: [content],
    textFor: (peer) => advancedFrame(peer, 'l2_data', place.atMs, event),
  }
}

/** The book of `level2` as of its last update; some say 1970 in place of a time. */
export function advancedBook({ listing, feed, place }: BookMoment): HouseMessage {
  const { symbol, atMs } = place
  const texts = listing.bookOf(feed, LEVELS_MAX)
  const isTimeless = hashOf(`book ${symbol} ${atMs}`) % TIMELESS_BOOK_EVERY === 0
  const { takenMs } = feed.tap
  const event = bookEvent('snapshot', symbol, {
    ...texts,
    times: () => (isTimeless ? NO_TIME_1970 : shortTime(takenMs)),
  })
  const times = isTimeless ? { sentMs: atMs } : { sentMs: atMs, engineMs: takenMs }
  return {
    streamName: `level2:${symbol}`,
    kind: 'guarded',
    contents: [bookContent(place, times, { ...texts, isSnapshot: true })],
    textFor: (peer) => advancedFrame(peer, 'l2_data', atMs, event),
  }
}

/** An update of `level2_batch`, in which nothing tells that one is missing. Few have no time. */
export function batchUpdate(moment: BookMoment, diff: DepthDiff): HouseMessage {
  const { place } = moment
  const { symbol, atMs } = place
  const { bids, asks } = changesOf(moment, diff)
  const isTimeless = hashOf(`batch ${symbol} ${atMs}`) % TIMELESS_UPDATE_EVERY === 0
  const text = changesText(symbol, bids, asks, isTimeless ? NO_TIME_YEAR_1 : microTime(diff.timeMs))
  const times = isTimeless ? {} : { engineMs: diff.timeMs }
  return {
    streamName: `level2_batch:${symbol}`,
    kind: 'sampled',
    contents: [bookContent(place, times, { bids, asks, isSnapshot: false })],
    textFor: () => text,
  }
}

/** The book of `level2_batch` as of its last update. */
export function batchBook({ listing, feed, place }: BookMoment): HouseMessage {
  const { bids, asks } = listing.bookOf(feed, LEVELS_MAX)
  const text = bookText(place.symbol, bids, asks)
  return {
    streamName: `level2_batch:${place.symbol}`,
    kind: 'sampled',
    contents: [bookContent(place, {}, { bids, asks, isSnapshot: true })],
    textFor: () => text,
  }
}
