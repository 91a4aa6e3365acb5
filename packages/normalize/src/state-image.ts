import type { ExchangeMarket, ImageOptions, Market, Operators, StoredTables } from '@cryptoflow/model'
import { type KeeperImage, keeperImage } from './book-image.ts'
import { type CoverageImage, coverageImage } from './coverage-image.ts'
import { type Numeral, numeral } from './decimals-image.ts'
import type { ImageGap } from './image-gaps.ts'
import type { Instrument, KeyState } from './key-state.ts'
import { type BarImage, barImage } from './operators/bar-image.ts'
import { type StreamImage, streamImage } from './stream-image.ts'
import type { Digits } from './top.ts'

/**
 * The state image: JSON of everything that later rows depend on, byte for byte the same for the same records.
 *
 * NaN and the infinities are null, a mantissa beyond 2^53 is text, ids of names are written as their texts.
 * Order is the order of first sight, which is part of the state. A key that was only heard of (thousands stand in an
 * instrument list) is a symbol, a name and a hash: what it has none of is left out, and its market is an index.
 */
export const STATE_IMAGE_VERSION = 7

/**
 * What can be read: version 6 is the same without holes that wait for another connection and without how images are
 * made, 5 without operators and what they remember as well, 4 without holes of images as well.
 * The oldest is that of the oldest warehouse that is kept (`test/fixtures`).
 */
const READABLE: readonly number[] = [4, 5, 6, STATE_IMAGE_VERSION]

export interface KeyImage extends CoverageImage {
  /** Index in `markets`. */
  readonly market: number
  readonly symbol: string
  readonly instrument?: readonly [name: string, hash: number, digits?: Digits]
  readonly streams?: readonly StreamImage[]
  readonly keeper?: KeeperImage
  readonly bars?: BarImage
  readonly imageGap?: readonly [id: string, fromSeq: Numeral, fromUs: number]
}

export interface StateImage {
  readonly version: number
  /** Grid cells and minute of the last record. */
  readonly derivedCell: Numeral
  readonly checkpointCell: Numeral
  readonly minute: Numeral
  /** Absent before version 6. */
  readonly barCell?: Numeral
  /** No images are made for now; absent: they are. */
  readonly isWithheld?: boolean
  readonly connections: readonly {
    readonly number: number
    readonly exchange: string
    readonly market: Market
    readonly marketWide: readonly string[]
    readonly deadLetter: number
    readonly lastSeq: number
    readonly lastFrame: number
  }[]
  /** Which tables are stored, where not all are. */
  readonly stored?: StoredTables
  /** What is done with messages on their way to rows, as the last start said. */
  readonly operators?: Operators
  /** How images are made, where the last start said it. */
  readonly images?: ImageOptions
  /** Of the keys, in order of first sight. */
  readonly markets: readonly (readonly [exchange: string, market: Market])[]
  readonly keys: readonly KeyImage[]
}

export function encodeStateImage(image: StateImage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(image))
}

/** Throws when the bytes are no state image of this version: the caller starts from an earlier one. */
export function decodeStateImage(bytes: Uint8Array): StateImage {
  const image = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as StateImage
  if (!READABLE.includes(image.version)) {
    throw new Error(
      `reading a state image: found version ${image.version}, expected ${READABLE.join(' or ')}`,
    )
  }
  return image
}

/** The keys' images with the markets that they name. */
export function keyImages(states: readonly KeyState[]): Pick<StateImage, 'markets' | 'keys'> {
  const markets: StateImage['markets'][number][] = []
  const indexes = new Map<ExchangeMarket, number>()
  const indexOf = (market: ExchangeMarket): number => {
    const known = indexes.get(market)
    if (known !== undefined) return known
    indexes.set(market, markets.length)
    return markets.push([market.exchange, market.market]) - 1
  }
  return { markets, keys: states.map((state) => keyImage(state, indexOf(state.market))) }
}

function keyImage(state: KeyState, market: number): KeyImage {
  const { key, instrument, streams, keeper, imageGap, bars } = state
  return {
    market,
    symbol: key.symbol,
    ...(instrument === null ? {} : { instrument: instrumentImage(instrument) }),
    ...(streams.length === 0 ? {} : { streams: streams.map(streamImage) }),
    ...(keeper === null ? {} : { keeper: keeperImage(keeper) }),
    ...(bars === null ? {} : { bars: barImage(bars) }),
    ...(imageGap === null
      ? {}
      : { imageGap: [imageGap.id, numeral(imageGap.fromSeq), imageGap.fromUs] as const }),
    ...coverageImage(state),
  }
}

function instrumentImage({ name, hash, digits }: Instrument): NonNullable<KeyImage['instrument']> {
  return digits === null ? [name, hash] : [name, hash, { price: digits.price, quantity: digits.quantity }]
}

export function restoreImageGap({ imageGap }: KeyImage): ImageGap | null {
  if (imageGap === undefined) return null
  const [id, fromSeq, fromUs] = imageGap
  return { id, fromSeq: fromSeq ?? Number.NaN, fromUs }
}
