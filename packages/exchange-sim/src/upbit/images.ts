import type { Level } from '../book-side.ts'
import type { EmissionContent, LevelText } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import { bookContent } from '../stage/contents.ts'
import type { Listing } from '../stage/listing.ts'
import type { BookText } from './dialect.ts'
import { numberText, spellingsOfBook } from './numbers.ts'

/** The best levels a side at a moment, which every book message of it shows the best of. */
export interface Image {
  readonly timeMs: number
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

/** Most levels a side that the exchange shows. */
export const DEPTH_MAX = 30
/** In one second of so many, one side has fewer levels than are shown, or none. */
const THIN_SECONDS = 16
const SECOND_MS = 1_000

/** The image of now. */
export function imageOf({ instrument, market }: Listing, nowMs: number): Image {
  const { bids, asks } = market.snapshot(DEPTH_MAX)
  const draw = hashOf(`thin ${instrument.symbol} ${Math.floor(nowMs / SECOND_MS)}`)
  if (draw % THIN_SECONDS !== 0) return { timeMs: nowMs, bids, asks }
  const levels = (draw >>> 4) % DEPTH_MAX
  return (draw >>> 9) % 2 === 0
    ? { timeMs: nowMs, bids: bids.slice(0, levels), asks }
    : { timeMs: nowMs, bids, asks: asks.slice(0, levels) }
}

/** Whether two images show the same to who sees `depth` levels a side. */
export function isSameImage(a: Image, b: Image, depth: number): boolean {
  const shown = ({ bids, asks }: Image): string =>
    `${bids.slice(0, depth).join(' ')}|${asks.slice(0, depth).join(' ')}`
  return shown(a) === shown(b)
}

/** An image as it is told and logged to who sees `depth` levels a side. */
export function tellImage(
  { instrument }: Listing,
  image: Image,
  depth: number,
  stream = 'orderbook',
): { readonly text: BookText; readonly content: EmissionContent } {
  const { symbol, priceDigits, quantityDigits } = instrument
  const { timeMs } = image
  const spellings = spellingsOfBook(symbol, timeMs)
  const textsOf = (levels: readonly Level[]): LevelText[] =>
    levels.map(([price, lots]) => [
      numberText(price, priceDigits, spellings.price),
      numberText(lots, quantityDigits, spellings.quantity),
    ])
  const totalOf = (levels: readonly Level[]): string =>
    numberText(
      levels.reduce((sum, [, lots]) => sum + lots, 0),
      quantityDigits,
      'fixed',
    )
  const [bids, asks] = [image.bids.slice(0, depth), image.asks.slice(0, depth)]
  const sides = { bids: textsOf(bids), asks: textsOf(asks) }
  const zero = spellings.price === 'double' ? '0.0' : '0'
  return {
    text: {
      symbol,
      sentMs: timeMs,
      ...sides,
      bidTotal: totalOf(bids),
      askTotal: totalOf(asks),
      padding: [zero, zero],
    },
    content: bookContent(
      { exchange: 'upbit', market: 'spot', symbol, stream, table: 'spot_ob', atMs: timeMs },
      { sentMs: timeMs },
      { ...sides, isSnapshot: false },
    ),
  }
}
