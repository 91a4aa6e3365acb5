import type { BookSnapshot } from '../market.ts'
import { bookContent } from './contents.ts'
import type { Listing } from './listing.ts'
import { isRefusal, numberOf, type RestAnswer, type RestWorld, refused, symbolOf } from './rest-answer.ts'
import { levelsJson, levelTexts } from './text.ts'

const SPOT_LIMIT_DEFAULT = 100
const FUTURES_LIMIT_DEFAULT = 500

/** Weights of futures books by the only limits that there are. Source: derivatives docs, 2026-05-28. */
const FUTURES_WEIGHTS: ReadonlyMap<number, number> = new Map([
  [5, 2],
  [10, 2],
  [20, 2],
  [50, 2],
  [100, 5],
  [500, 10],
  [1000, 20],
])

/** Source: the exchange's rest-api.md, order book, as of 2026-07-21. */
export function spotDepthWeight(limit: number): number {
  if (limit <= 100) return 5
  if (limit <= 500) return 25
  return limit <= 1000 ? 50 : 250
}

/**
 * Answers books. Every second answer for a futures symbol shows the book as its diff stream last told of it, so that
 * the next diff names the answer as its predecessor; the others show the moment, as all spot answers do. A book
 * remembered for a fault goes first.
 */
export function createBookAnswers(world: RestWorld): (query: URLSearchParams) => RestAnswer {
  const answered = new Map<Listing, number>()
  const isSpot = world.market === 'spot'

  const bookOf = (listing: Listing, levels: number): BookSnapshot => {
    const count = (answered.get(listing) ?? 0) + 1
    answered.set(listing, count)
    return isSpot || count % 2 === 1 ? listing.book.snapshot(levels) : listing.bookTold(levels)
  }

  return (query) => {
    const listing = symbolOf(query, world)
    if (isRefusal(listing)) return listing
    const asked = numberOf(query, 'limit')
    if (isRefusal(asked)) return asked
    const limit = asked ?? (isSpot ? SPOT_LIMIT_DEFAULT : FUTURES_LIMIT_DEFAULT)
    const weight = isSpot ? spotDepthWeight(limit) : FUTURES_WEIGHTS.get(limit)
    if (weight === undefined) return refused(-4021, `'${limit}' is not valid depth limit.`)
    const levels = Math.max(1, Math.min(limit, world.limits.depthLevels))
    const stale = world.flow.takeStaleBook(listing)
    const answer = bookAnswer(world, listing, cut(stale ?? bookOf(listing, levels), levels))
    return { ...answer, weight, fault: stale === null ? null : 'staleSnapshot' }
  }
}

function cut(book: BookSnapshot, levels: number): BookSnapshot {
  return { ...book, bids: book.bids.slice(0, levels), asks: book.asks.slice(0, levels) }
}

function bookAnswer(
  { market, flow }: RestWorld,
  listing: Listing,
  book: BookSnapshot,
): Pick<RestAnswer, 'status' | 'body' | 'contents'> {
  const { listed } = listing
  const sentMs = flow.nowMs
  const bids = levelTexts(listed, book.bids)
  const asks = levelTexts(listed, book.asks)
  const times = market === 'spot' ? '' : `"E":${sentMs},"T":${book.timeMs},`
  const { symbol, pair } = listed
  const names = market === 'inverse' ? `${JSON.stringify({ symbol, pair }).slice(1, -1)},` : ''
  const sides = `"bids":${levelsJson(bids)},"asks":${levelsJson(asks)}`
  const table = market === 'spot' ? 'spot_delta' : 'futures_delta'
  const place = { listed, stream: 'snapshot', table, atMs: sentMs } as const
  return {
    status: 200,
    body: `{"lastUpdateId":${book.last},${times}${names}${sides}}`,
    contents: [bookContent(place, { last: book.last, timeMs: book.timeMs, sentMs, bids, asks })],
  }
}
