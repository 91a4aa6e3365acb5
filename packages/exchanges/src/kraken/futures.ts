import type { DecodeOutcome, EventBatch, StringTable } from '@cryptoflow/model'
import { FRAME_AT, load, space } from '../bytes.ts'
import { FieldReader, field, isArray, isObject, type JsonObject, malformed, parseJson } from '../json.ts'
import {
  EMPTY,
  EVENTS,
  GENERATED,
  HEARTBEAT,
  ignored,
  NAMES_FULL,
  NO_JSON,
  OBSOLETE,
  OTHER_MARKET,
  UNKNOWN,
} from '../outcomes.ts'
import { isSpelled, spelled } from '../spelled.ts'
import {
  readFuturesDelta,
  readFuturesSnapshot,
  scanFuturesDelta,
  scanFuturesSnapshot,
} from './futures-book.ts'
import { readTicker } from './futures-ticker.ts'
import { readFuturesTrade, scanFuturesTrade } from './futures-trades.ts'
import { productMarket, protocolOf } from './protocols.ts'
import { readFuturesReply } from './replies.ts'
import { inOrderOfIds } from './spot-trades.ts'
import type { FuturesMarket } from './symbols.ts'

/**
 * Frames of Kraken Futures: read by their bytes where they are written exactly as the exchange writes them (the fast
 * path), and as JSON otherwise (the exact path). Linear and inverse products come over one address; a frame about a
 * product of the other market is left to it.
 */

/** Summaries of a market, where they hold no event of a table. */
const TICKER = ignored('ticker')

const NO_OBJECT = malformed('malformed', 'a trade is not an object')
const NO_LIST = malformed('malformed', 'trades is not a list')

/** Reads one websocket frame of the market. Never throws; on anything but `events` the batch is as before. */
export function decodeFuturesFrame(market: FuturesMarket, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  return decodeFuturesFast(market, bytes, out) ? EVENTS : decodeFuturesExact(market, bytes, out)
}

/** Ids of the streams in one table of names, -1 where it is full. */
interface StreamIds {
  readonly names: StringTable
  readonly book: number
  readonly trade: number
  readonly liquidations: number
  readonly ticker: number
  readonly openInterest: number
  /** The usual type of a trade. */
  readonly fill: number
}

/** Looked up once for as long as the same table of names is asked for. */
let known: StreamIds | null = null

function idsIn(names: StringTable): StreamIds {
  if (known?.names === names) return known
  known = {
    names,
    book: names.idOf('book'),
    trade: names.idOf('trade'),
    liquidations: names.idOf('trade/liquidations'),
    ticker: names.idOf('ticker'),
    openInterest: names.idOf('ticker/open_interest'),
    fill: names.idOf('fill'),
  }
  return known
}

const { view } = space
const DELTA_HEAD = spelled('{"feed":"book","product_id":"')
const SNAPSHOT_HEAD = spelled('{"feed":"book_snapshot","product_id":"')
const TRADE_HEAD = spelled('{"feed":"trade","product_id":"')

/** Appends the frame's event and answers true, or leaves the batch as it was and answers false. */
export function decodeFuturesFast(market: FuturesMarket, bytes: Uint8Array, out: EventBatch): boolean {
  const { count } = out
  if (load(bytes) && scanFrame(market, out)) return true
  out.rollback(count)
  return false
}

function scanFrame(market: FuturesMarket, out: EventBatch): boolean {
  const ids = idsIn(out.names)
  if (isSpelled(FRAME_AT, DELTA_HEAD)) {
    const at = FRAME_AT + DELTA_HEAD.bytes
    return isOurs(market, at) && scanFuturesDelta(at, ids.book, out)
  }
  if (isSpelled(FRAME_AT, TRADE_HEAD)) {
    const at = FRAME_AT + TRADE_HEAD.bytes
    return isOurs(market, at) && scanFuturesTrade(at, ids.trade, ids.fill, out)
  }
  const at = FRAME_AT + SNAPSHOT_HEAD.bytes
  return isSpelled(FRAME_AT, SNAPSHOT_HEAD) && isOurs(market, at) && scanFuturesSnapshot(at, ids.book, out)
}

const LETTER_F = 70
const LETTER_I = 73
const LETTER_P = 80
const LETTER_V = 86
const UNDERSCORE = 95

/** Whether the product at `at` is by its letters one of the market; what has none is left to the exact path. */
function isOurs(market: FuturesMarket, at: number): boolean {
  const first = view.getUint8(at)
  const second = view.getUint8(at + 1)
  if (view.getUint8(at + 2) !== UNDERSCORE || (first !== LETTER_P && first !== LETTER_F)) return false
  return market === 'inverse' ? second === LETTER_I : second === LETTER_F || second === LETTER_V
}

/** Reads a frame in any spelling that JSON allows; what it refuses leaves the batch as it was. */
export function decodeFuturesExact(market: FuturesMarket, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const json = parseJson(bytes)
  const protocol = protocolOf(json)
  if (isObject(json) && field(json, 'generated') === true) return GENERATED
  if (protocol === 'version1') return OBSOLETE
  if (protocol === 'spot') return OTHER_MARKET
  if (!isObject(json)) return isArray(json) ? UNKNOWN : NO_JSON
  if (protocol === null) return UNKNOWN
  const feed = field(json, 'feed')
  if (typeof feed !== 'string' || field(json, 'event') !== undefined) return readFuturesReply(json) ?? UNKNOWN
  const told = productMarket(json)
  return told === null || told === market ? readFeed(feed, json, out) : OTHER_MARKET
}

function readFeed(feed: string, message: JsonObject, out: EventBatch): DecodeOutcome {
  const ids = idsIn(out.names)
  switch (feed) {
    case 'book':
      return readOne(message, ids, out, (fields) => readFuturesDelta(fields, ids.book, out))
    case 'book_snapshot':
      return readOne(message, ids, out, (fields) => readFuturesSnapshot(fields, ids.book, out))
    case 'trade':
      return readOne(message, ids, out, (fields) => readFuturesTrade(fields, ids, out))
    case 'trade_snapshot':
      return readTrades(message, ids, out)
    case 'ticker':
      return readOne(message, ids, out, (fields) => readTicker(fields, message, ids, out))
    case 'ticker_lite':
      return TICKER
    case 'heartbeat':
      return HEARTBEAT
    default:
      return UNKNOWN
  }
}

/** Appends what the message holds, or nothing when it is refused. */
function readOne(
  message: JsonObject,
  ids: StreamIds,
  out: EventBatch,
  read: (fields: FieldReader) => void,
): DecodeOutcome {
  const { count } = out
  if (isFull(ids)) return NAMES_FULL
  const fields = new FieldReader(message, true)
  read(fields)
  if (fields.refusal === null) return out.count > count ? EVENTS : TICKER
  out.rollback(count)
  return fields.refusal
}

/** The trades before the subscription come newest first; their events are in the order of their numbers. */
function readTrades(message: JsonObject, ids: StreamIds, out: EventBatch): DecodeOutcome {
  const trades = field(message, 'trades')
  if (!isArray(trades)) return NO_LIST
  if (isFull(ids)) return NAMES_FULL
  const { count } = out
  for (const trade of inOrderOfIds(trades, 'seq')) {
    const refusal = isObject(trade)
      ? refusalOf(readOne(trade, ids, out, (fields) => readFuturesTrade(fields, ids, out)))
      : NO_OBJECT
    if (refusal === null) continue
    out.rollback(count)
    return refusal
  }
  return out.count > count ? EVENTS : EMPTY
}

function refusalOf(outcome: DecodeOutcome): DecodeOutcome | null {
  return outcome.kind === 'events' ? null : outcome
}

function isFull({ book, trade, liquidations, ticker, openInterest }: StreamIds): boolean {
  return Math.min(book, trade, liquidations, ticker, openInterest) < 0
}
