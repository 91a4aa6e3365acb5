import { type DecodeOutcome, type EventBatch, EventKind, type StringTable } from '@cryptoflow/model'
import { FRAME_AT, load } from '../bytes.ts'
import {
  FieldReader,
  field,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  malformed,
  parseJson,
} from '../json.ts'
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
import { protocolOf } from './protocols.ts'
import { readSpotReply } from './replies.ts'
import { readSpotBook, scanSpotBook } from './spot-book.ts'
import { readInstruments } from './spot-instruments.ts'
import { inOrderOfIds, readSpotTrade, scanSpotTrades, type TradeIds, tradeIdsIn } from './spot-trades.ts'

/**
 * Frames of spot: read by their bytes where they are written exactly as the exchange writes them (the fast path),
 * and as JSON otherwise (the exact path). The fast path answers only "done" or "not me".
 */

const NO_OBJECT = malformed('malformed', 'an element of data is not an object')
/** Summaries of a market, which hold no event of a table. */
const TICKER = ignored('ticker')
const CANDLES = ignored('kline')
const STATUS = ignored('status')
const NO_LIST = malformed('malformed', 'data is not a list')

/** Reads one websocket frame of spot. Never throws; on anything but `events` the batch is as before. */
export function decodeSpotFrame(bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  return decodeSpotFast(bytes, out) ? EVENTS : decodeSpotExact(bytes, out)
}

/** Ids of the streams that frames bring most, for as long as the same table of names is asked for. */
let known: { readonly names: StringTable; readonly book: number; readonly trades: TradeIds } | null = null

/** Appends the frame's events and answers true, or leaves the batch as it was and answers false. */
export function decodeSpotFast(bytes: Uint8Array, out: EventBatch): boolean {
  const { count, names } = out
  if (!load(bytes)) return false
  if (known?.names !== names) known = { names, book: names.idOf('book'), trades: tradeIdsIn(names) }
  if (scanSpotBook(FRAME_AT, known.book, out) || scanSpotTrades(FRAME_AT, known.trades, out)) return true
  out.rollback(count)
  return false
}

/** Reads a frame in any spelling that JSON allows; what it refuses leaves the batch as it was. */
export function decodeSpotExact(bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const json = parseJson(bytes)
  const protocol = protocolOf(json)
  if (isObject(json) && field(json, 'generated') === true) return GENERATED
  if (protocol === 'version1') return OBSOLETE
  if (protocol === 'futures') return OTHER_MARKET
  if (!isObject(json)) return isArray(json) ? UNKNOWN : NO_JSON
  if (protocol === null) return UNKNOWN
  const channel = field(json, 'channel')
  return typeof channel === 'string' ? readChannel(channel, json, bytes, out) : readSpotReply(json)
}

function readChannel(
  channel: string,
  message: JsonObject,
  bytes: Uint8Array,
  out: EventBatch,
): DecodeOutcome {
  const type = field(message, 'type')
  const isSnapshot = type === 'snapshot'
  const isEvents = isSnapshot || type === 'update'
  switch (channel) {
    case 'book': {
      const kind = isSnapshot ? EventKind.bookSnapshot : EventKind.bookDelta
      return isEvents ? readBooks(message, kind, out) : UNKNOWN
    }
    case 'trade':
      return isEvents ? readTrades(message, isSnapshot, out) : UNKNOWN
    case 'instrument':
      return isEvents ? readInstruments(message, bytes, out) : UNKNOWN
    case 'ticker':
      return TICKER
    case 'ohlc':
      return CANDLES
    case 'status':
      return STATUS
    case 'heartbeat':
      return HEARTBEAT
    default:
      return UNKNOWN
  }
}

function readBooks(message: JsonObject, kind: number, out: EventBatch): DecodeOutcome {
  return readAll(field(message, 'data'), 'book', out, (fields, book, stream) =>
    readSpotBook(fields, book, kind, stream, out),
  )
}

/** The order of a snapshot is not documented; its events are in the order of their ids. */
function readTrades(message: JsonObject, isSnapshot: boolean, out: EventBatch): DecodeOutcome {
  const data = field(message, 'data')
  const trades = isSnapshot && isArray(data) ? inOrderOfIds(data, 'trade_id') : data
  return readAll(trades, 'trade', out, (fields, trade, stream) => readSpotTrade(fields, trade, stream, out))
}

/** Appends all elements, or none when one is refused. */
function readAll(
  elements: Json | undefined,
  streamName: string,
  out: EventBatch,
  read: (fields: FieldReader, message: JsonObject, stream: number) => void,
): DecodeOutcome {
  if (!isArray(elements)) return NO_LIST
  const { count } = out
  const stream = out.names.idOf(streamName)
  if (stream < 0) return NAMES_FULL
  for (const element of elements) {
    const fields = new FieldReader(isObject(element) ? element : {}, true)
    if (isObject(element)) read(fields, element, stream)
    const refusal = isObject(element) ? fields.refusal : NO_OBJECT
    if (refusal === null) continue
    out.rollback(count)
    return refusal
  }
  return out.count > count ? EVENTS : EMPTY
}
