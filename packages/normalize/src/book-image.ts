import { DecimalColumn, Side } from '@cryptoflow/model'
import { Book } from './book.ts'
import type { BookKeeper } from './book-keeper.ts'
import type { BookSide } from './book-side.ts'
import { type BookState, bookStates } from './book-transitions.ts'
import { decimalsImage, type LevelsImage, type Numeral, numeral, restoreDecimals } from './decimals-image.ts'
import {
  type HeldImage,
  heldImages,
  restoreHeld,
  restoreStamp,
  type StampImage,
  stampImage,
} from './held-image.ts'
import type { Keeper } from './key-state.ts'
import { LevelSide } from './level-side.ts'
import type { Audits, Proven } from './second-book.ts'
import type { Place, StreamKeeper } from './stream-keeper.ts'
import { type StreamBookState, streamBookStates } from './stream-transitions.ts'

interface SideImage extends LevelsImage {
  readonly known: readonly [mantissa: string, scale: number] | 'all' | null
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

/** A key's book in a state image, with its state, what it holds back and its audit. */
export type KeeperImage = RestKeeperImage | StreamKeeperImage

export function keeperImage(keeper: Keeper): KeeperImage {
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
