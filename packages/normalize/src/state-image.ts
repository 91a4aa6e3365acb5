import {
  DecimalColumn,
  type ExchangeMarket,
  type ImageOptions,
  type Market,
  type Operators,
  Side,
  type StoredTables,
  type TopSide,
} from '@cryptoflow/model'
import { Book } from './book.ts'
import type { BookKeeper } from './book-keeper.ts'
import type { BookSide } from './book-side.ts'
import { type BookState, bookStates } from './book-transitions.ts'
import { type CoverageImage, coverageImage } from './coverage-image.ts'
import { DeltaLine } from './delta-line.ts'
import type { HeldDeltas } from './held.ts'
import type { ImageGap } from './image-gaps.ts'
import type { Instrument, Keeper, KeyState } from './key-state.ts'
import { LevelSide } from './level-side.ts'
import { type BarImage, barImage } from './operators/bar-image.ts'
import type { Audits, Proven } from './second-book.ts'
import type { Stamp } from './stamps.ts'
import type { Interruption, OpenGap, StreamState } from './stream.ts'
import type { Place, StreamKeeper } from './stream-keeper.ts'
import { type StreamBookState, streamBookStates } from './stream-transitions.ts'
import type { Digits } from './top.ts'
import type { WaitingHole } from './waiting-hole.ts'

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

type Numeral = number | null

interface DecimalsImage {
  readonly mantissas: readonly (number | string)[]
  readonly scales: readonly number[]
}

/** Levels of a side, best first. */
interface LevelsImage {
  readonly prices: DecimalsImage
  readonly quantities: DecimalsImage
}

interface SideImage extends LevelsImage {
  readonly known: readonly [mantissa: string, scale: number] | 'all' | null
}

interface StampImage extends Omit<Stamp, 'sentUs'> {
  readonly sentUs: Numeral
}

interface HeldImage {
  readonly firstSeq: Numeral
  readonly lastSeq: Numeral
  readonly prevSeq: Numeral
  readonly stamp: StampImage
  readonly sides: readonly number[]
  readonly prices: DecimalsImage
  readonly quantities: DecimalsImage
}

/** What a book has wherever it begins. */
interface BookImage {
  readonly stream: string
  readonly resync: number
  readonly seq: Numeral
  readonly stamp: StampImage | null
  readonly changed: boolean
  readonly unsaved: boolean
  /** Levels a side that it keeps; absent before version 7: as books that begin now. */
  readonly cap?: number
  readonly bids: SideImage | null
  readonly asks: SideImage | null
}

interface AuditImage {
  readonly audit?: { readonly number: number; readonly book: RestKeeperImage }
}

interface RestKeeperImage extends BookImage, AuditImage {
  readonly origin: 'rest'
  readonly state: BookState
  readonly held: readonly HeldImage[]
  readonly proven?: Proven
}

interface StreamKeeperImage extends BookImage, AuditImage {
  readonly origin: 'stream'
  readonly state: StreamBookState
  /** Null: not cut. */
  readonly depth: Numeral
  /** Absent where the connect record does not say it. */
  readonly subscribedDepth?: number
  readonly proven: Place | null
  /** Since when audits know it to be right. */
  readonly audited?: Proven
  readonly missedUs: Numeral
}

type KeeperImage = RestKeeperImage | StreamKeeperImage

type WaitingImage = Omit<WaitingHole, 'rest'> & {
  readonly rest: readonly (readonly [from: number, to: number, prev: Numeral, isDense: boolean])[]
}

interface StreamImage {
  readonly name: string
  readonly connections: readonly number[]
  /** Null: it is subscribed. */
  readonly wantedUntil: Numeral
  readonly heard: boolean
  readonly lastSeq: Numeral
  readonly lastFrame: number
  readonly lastReceivedUs: Numeral
  readonly deadLetter: number
  readonly interrupted: Interruption | null
  readonly openGap: OpenGap | null
  readonly holes: readonly (readonly [from: Numeral, to: number])[]
  /** Absent: none. */
  readonly waiting?: readonly WaitingImage[]
  readonly line?: { readonly lastSeq: number; readonly deltas: readonly HeldImage[] }
  /** Hashes, oldest first. */
  readonly ids?: readonly number[]
  /** The last image, where changes are derived from it. */
  readonly image?: { readonly bids: LevelsImage; readonly asks: LevelsImage }
}

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

export function numeral(value: number): Numeral {
  return Number.isFinite(value) ? value : null
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

function streamImage(stream: StreamState): StreamImage {
  return {
    name: stream.spec.name,
    connections: stream.connections,
    wantedUntil: numeral(stream.wantedUntil),
    heard: stream.heard,
    lastSeq: numeral(stream.lastSeq),
    lastFrame: stream.lastFrame,
    lastReceivedUs: numeral(stream.lastReceivedUs),
    deadLetter: stream.deadLetter,
    interrupted: stream.interrupted,
    openGap: stream.openGap === null ? null : { id: stream.openGap.id, cause: stream.openGap.cause },
    holes: stream.holes.map((hole) => [numeral(hole.from), hole.to]),
    ...(stream.waiting.length === 0 ? {} : { waiting: stream.waiting.map(waitingImage) }),
    ...(stream.line === null
      ? {}
      : { line: { lastSeq: stream.line.lastSeq, deltas: heldImages(stream.line.deltas) } }),
    ...(stream.ids === null ? {} : { ids: stream.ids.hashes() }),
    ...(stream.image === null
      ? {}
      : { image: { bids: levelsImage(stream.image.bids), asks: levelsImage(stream.image.asks) } }),
  }
}

function levelsImage({ price, quantity, count }: TopSide): LevelsImage {
  return { prices: decimalsImage(price, 0, count), quantities: decimalsImage(quantity, 0, count) }
}

function restoreLevels({ prices, quantities }: LevelsImage): TopSide {
  const count = prices.mantissas.length
  return { count, price: restoreDecimals(prices), quantity: restoreDecimals(quantities) }
}

export function restoreStream(stream: StreamState, image: StreamImage): void {
  stream.connections = [...image.connections]
  stream.wantedUntil = image.wantedUntil ?? Number.POSITIVE_INFINITY
  stream.heard = image.heard
  stream.lastSeq = image.lastSeq ?? Number.NaN
  stream.lastFrame = image.lastFrame
  stream.lastReceivedUs = image.lastReceivedUs ?? Number.NaN
  stream.deadLetter = image.deadLetter
  stream.interrupted = image.interrupted
  stream.openGap = image.openGap
  stream.holes = image.holes.map(([from, to]) => ({ from: from ?? Number.NEGATIVE_INFINITY, to }))
  stream.waiting = (image.waiting ?? []).map(restoreWaiting)
  if (image.line !== undefined) {
    stream.line = new DeltaLine(image.line.lastSeq)
    for (const delta of image.line.deltas) restoreHeld(stream.line.deltas, delta)
  }
  for (const hash of image.ids ?? []) stream.ids?.add(hash)
  if (image.image !== undefined) {
    stream.image = { bids: restoreLevels(image.image.bids), asks: restoreLevels(image.image.asks) }
  }
}

function waitingImage({ rest, ...hole }: WaitingHole): WaitingImage {
  return { ...hole, rest: rest.map(({ from, to, prev, isDense }) => [from, to, numeral(prev), isDense]) }
}

function restoreWaiting({ rest, ...hole }: WaitingImage): WaitingHole {
  const parts = rest.map(([from, to, prev, isDense]) => ({ from, to, prev: prev ?? Number.NaN, isDense }))
  return { ...hole, rest: parts }
}

function keeperImage(keeper: Keeper): KeeperImage {
  return keeper.origin === 'rest' ? restKeeperImage(keeper) : streamKeeperImage(keeper)
}

function restKeeperImage(keeper: BookKeeper): RestKeeperImage {
  const { origin, state, held, audits } = keeper
  const { proven } = audits
  return {
    origin,
    state,
    ...bookImage(keeper),
    held: heldImages(held),
    ...(proven === null ? {} : { proven: { ...proven } }),
    ...auditImage(audits),
  }
}

function auditImage({ second }: Audits): AuditImage {
  return second === null ? {} : { audit: { number: second.number, book: restKeeperImage(second.book) } }
}

function streamKeeperImage(keeper: StreamKeeper): StreamKeeperImage {
  const { origin, state, depth, subscribedDepth, proven, audits, missedUs } = keeper
  return {
    origin,
    state,
    ...bookImage(keeper),
    depth: numeral(depth),
    ...(subscribedDepth === null ? {} : { subscribedDepth }),
    proven,
    ...(audits.proven === null ? {} : { audited: { ...audits.proven } }),
    missedUs: numeral(missedUs),
    ...auditImage(audits),
  }
}

function bookImage(keeper: Keeper): BookImage {
  return {
    stream: keeper.stream,
    resync: keeper.resync,
    seq: numeral(keeper.seq),
    stamp: keeper.stamp === null ? null : stampImage(keeper.stamp),
    changed: keeper.changed,
    unsaved: keeper.unsaved,
    ...(keeper.book === null ? {} : { cap: keeper.book.cap }),
    bids: keeper.book === null ? null : sideImage(keeper.book.bids),
    asks: keeper.book === null ? null : sideImage(keeper.book.asks),
  }
}

/** Does nothing when the key's book is another one now. */
export function restoreKeeper(keeper: Keeper, image: KeeperImage, depthCap: number): void {
  if (keeper.stream !== image.stream) return
  if (keeper.origin === 'rest' && image.origin === 'rest') restoreRestKeeper(keeper, image, depthCap)
  else if (keeper.origin === 'stream' && image.origin === 'stream') {
    if (!streamBookStates.includes(image.state)) refuseState(image.state)
    keeper.state = image.state
    restoreBook(keeper, image, keeper.cap)
    keeper.depth = image.depth ?? Number.POSITIVE_INFINITY
    keeper.subscribedDepth = image.subscribedDepth ?? null
    keeper.proven = image.proven
    keeper.missedUs = image.missedUs ?? Number.NaN
    keeper.audits.proven = image.audited ?? null
    restoreAudit(keeper.audits, image, keeper.cap)
  }
}

function restoreRestKeeper(keeper: BookKeeper, image: RestKeeperImage, depthCap: number): void {
  if (!bookStates.includes(image.state)) refuseState(image.state)
  restoreBook(keeper, image, depthCap)
  for (const held of image.held) restoreHeld(keeper.held, held)
  keeper.state = image.state
  keeper.audits.proven = image.proven ?? null
  restoreAudit(keeper.audits, image, depthCap)
}

/** `cap`: of the second book. What it is made with must be restored before. */
function restoreAudit(audits: Audits, { audit }: AuditImage, cap: number): void {
  if (audit !== undefined) restoreRestKeeper(audits.open(audit.number), audit.book, cap)
}

export function restoreImageGap({ imageGap }: KeyImage): ImageGap | null {
  if (imageGap === undefined) return null
  const [id, fromSeq, fromUs] = imageGap
  return { id, fromSeq: fromSeq ?? Number.NaN, fromUs }
}

function refuseState(state: string): never {
  throw new Error(`reading a state image: found state ${state}`)
}

function restoreBook(keeper: Keeper, image: BookImage, cap: number): void {
  const { bids, asks } = image
  keeper.resync = image.resync
  keeper.seq = image.seq ?? Number.NaN
  keeper.stamp = image.stamp === null ? null : restoreStamp(image.stamp)
  keeper.changed = image.changed
  keeper.unsaved = image.unsaved
  keeper.book = bids === null || asks === null ? null : bookOf(bids, asks, image.cap ?? cap)
}

function stampImage(stamp: Stamp): StampImage {
  return {
    eventUs: stamp.eventUs,
    timeSource: stamp.timeSource,
    sentUs: numeral(stamp.sentUs),
    receivedUs: stamp.receivedUs,
    frame: stamp.frame,
  }
}

function restoreStamp(image: StampImage): Stamp {
  return { ...image, sentUs: image.sentUs ?? Number.NaN }
}

function sideImage(side: BookSide): SideImage {
  const prices = new DecimalColumn()
  const quantities = new DecimalColumn()
  prices.reserve(side.count)
  quantities.reserve(side.count)
  side.write(prices, quantities, 0, side.count)
  const known = side.known()
  return {
    prices: decimalsImage(prices, 0, side.count),
    quantities: decimalsImage(quantities, 0, side.count),
    known: known === null || known === 'all' ? known : [known.mantissa.toString(), known.scale],
  }
}

function bookOf(bids: SideImage, asks: SideImage, cap: number): Book {
  const book = new Book(cap)
  for (const [image, code] of [
    [bids, Side.bid],
    [asks, Side.ask],
  ] as const) {
    const count = image.prices.mantissas.length
    const levels = {
      side: new Uint8Array(count).fill(code),
      price: restoreDecimals(image.prices),
      quantity: restoreDecimals(image.quantities),
    }
    book.apply(levels, 0, count)
    const isBid = code === Side.bid
    if (image.known === 'all') (isBid ? book.bids : book.asks).knowAll()
    else if (image.known !== null) restoreKnown(book, isBid, image.known)
  }
  return book
}

function restoreKnown(book: Book, isBid: boolean, [text, scale]: readonly [string, number]): void {
  const side = isBid ? book.bids : book.asks
  const mantissa = BigInt(text)
  if (side instanceof LevelSide && side.setKnown(mantissa, scale)) return
  book.exactSide(isBid).setKnown(mantissa, scale)
}

function heldImages(held: HeldDeltas): HeldImage[] {
  return Array.from({ length: held.count }, (_, at) => {
    const { firstSeq, lastSeq, prevSeq, stamp, start, end } = held.at(at)
    return {
      firstSeq: numeral(firstSeq),
      lastSeq: numeral(lastSeq),
      prevSeq: numeral(prevSeq),
      stamp: stampImage(stamp),
      sides: Array.from(held.side.subarray(start, end)),
      prices: decimalsImage(held.price, start, end),
      quantities: decimalsImage(held.quantity, start, end),
    }
  })
}

function restoreHeld(held: HeldDeltas, image: HeldImage): void {
  const levels = {
    side: Uint8Array.from(image.sides),
    price: restoreDecimals(image.prices),
    quantity: restoreDecimals(image.quantities),
  }
  const delta = {
    firstSeq: image.firstSeq ?? Number.NaN,
    lastSeq: image.lastSeq ?? Number.NaN,
    prevSeq: image.prevSeq ?? Number.NaN,
    stamp: restoreStamp(image.stamp),
    start: 0,
    end: image.sides.length,
  }
  held.push(delta, levels)
}

function decimalsImage(column: DecimalColumn, start: number, end: number): DecimalsImage {
  const mantissas: (number | string)[] = []
  for (let i = start; i < end; i++) {
    const value = column.mantissas[i] as number
    mantissas.push(Number.isNaN(value) ? String(column.mantissa(i)) : value)
  }
  return { mantissas, scales: Array.from(column.scales.subarray(start, end)) }
}

function restoreDecimals(image: DecimalsImage): DecimalColumn {
  const column = new DecimalColumn(image.mantissas.length)
  image.mantissas.forEach((mantissa, i) => {
    column.set(i, BigInt(mantissa), image.scales[i] as number)
  })
  return column
}
