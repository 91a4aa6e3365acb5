import {
  type AnswerContext,
  type DecodeOutcome,
  type EventBatch,
  type StringTable,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import { FRAME_AT, isEight, isFive, isSeven, type Space, spaceOf, word } from '../bytes.ts'
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
import { readDepth, readSnapshot, scanDepth, scanSnapshot } from './book.ts'
import { STREAM_AT, scanStreamSymbol } from './envelope.ts'
import { channelIds, channels } from './names.ts'
import { readQuote, scanQuote } from './quotes.ts'
import { readReply } from './subscribe.ts'
import { readTrade, scanTrade } from './trades.ts'

/**
 * A frame is read by its bytes when it is written exactly as the exchange writes it (the fast path), and as
 * JSON otherwise (the exact path). The fast path answers only "done" or "not me": all that is refused is
 * refused by the exact path, in one place.
 */

const encoder = new TextEncoder()
const EVENTS: DecodeOutcome = { kind: 'events' }
const NO_JSON = malformed('malformed', 'not a JSON object in UTF-8 of bounded depth')
const UNKNOWN: DecodeOutcome = {
  kind: 'unknown',
  reason: 'unknown_message',
  detail: 'no known type of message',
}
const NAMES_FULL = malformed('bad_symbol', 'more names than the table of names holds')

/** Types of messages that are known and not stored. */
const ignoredTypes = new Map<string, DecodeOutcome>(
  [
    ['aggTrade', 'agg_trade'],
    ['blockTrade', 'block_trade'],
    ['kline', 'kline'],
    ['24hrTicker', 'ticker'],
    ['24hrMiniTicker', 'mini_ticker'],
    ['1hTicker', 'window_ticker'],
    ['4hTicker', 'window_ticker'],
    ['1dTicker', 'window_ticker'],
    ['avgPrice', 'average_price'],
    ['serverShutdown', 'server_shutdown'],
  ].map(([type, reason]) => [type as string, { kind: 'ignored', reason: reason as string }]),
)
const PARTIAL_DEPTH: DecodeOutcome = { kind: 'ignored', reason: 'partial_depth' }
const EXCHANGE_INFO: DecodeOutcome = { kind: 'ignored', reason: 'exchange_info' }

export function decodeFrame(bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  return decodeFast(bytes, out) ? EVENTS : decodeExact(bytes, out)
}

/** Appends the frame's events and answers true, or leaves the batch as it was and answers false. */
export function decodeFast(bytes: Uint8Array, out: EventBatch): boolean {
  const { count } = out
  if (scanFrame(spaceOf(bytes), out)) return true
  out.rollback(count)
  return false
}

const ENVELOPE = word('{"st')
const ENVELOPE_NAME = word('ream')
const ENVELOPE_TAIL = word('m":"')
const DATA_1 = word(',"da')
const DATA_2 = word('ta":')
const TRADE = word('@tra')
const TRADE_TAIL = word('ade"')
const DEPTH = word('@dep')
const DEPTH_TAIL = word('pth"')
const DEPTH_100_2 = word('th@1')
const DEPTH_100_3 = word('00ms')
const DEPTH_100_TAIL = word('0ms"')
const QUOTE = word('@boo')
const QUOTE_2 = word('kTic')
const QUOTE_TAIL = word('ker"')

function scanFrame(space: Space, out: EventBatch): boolean {
  const ids = channelIds(out.names)
  const { view } = space
  if (
    view.getInt32(FRAME_AT, true) !== ENVELOPE ||
    !isSeven(view, FRAME_AT + 4, ENVELOPE_NAME, ENVELOPE_TAIL)
  ) {
    return (
      scanTrade(space, FRAME_AT, 0, ids.trade, out) ||
      scanDepth(space, FRAME_AT, 0, ids.depth100ms, out) ||
      scanQuote(space, FRAME_AT, 0, ids.quote, out)
    )
  }
  const at = scanStreamSymbol(view)
  const symbolBytes = at - STREAM_AT
  if (isSeven(view, at, TRADE, TRADE_TAIL)) {
    if (!isEight(view, at + 7, DATA_1, DATA_2)) return false
    return scanTrade(space, at + 15, symbolBytes, ids.trade, out)
  }
  if (isEight(view, at, QUOTE, QUOTE_2)) {
    if (view.getInt32(at + 8, true) !== QUOTE_TAIL || !isEight(view, at + 12, DATA_1, DATA_2)) return false
    return scanQuote(space, at + 20, symbolBytes, ids.quote, out)
  }
  if (isEight(view, at, DEPTH, DEPTH_100_2)) {
    if (!isFive(view, at + 8, DEPTH_100_3, DEPTH_100_TAIL)) return false
    if (!isEight(view, at + 13, DATA_1, DATA_2)) return false
    return scanDepth(space, at + 21, symbolBytes, ids.depth100ms, out)
  }
  if (!isSeven(view, at, DEPTH, DEPTH_TAIL) || !isEight(view, at + 7, DATA_1, DATA_2)) return false
  return scanDepth(space, at + 15, symbolBytes, ids.depth, out)
}

/** Reads a frame in any spelling that JSON allows; what it refuses leaves the batch as it was. */
export function decodeExact(bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const json = parseJson(bytes)
  if (isArray(json)) return ignoredOrUnknown(json)
  if (!isObject(json)) return NO_JSON
  const stream = field(json, 'stream')
  if (typeof stream === 'string') return readEnveloped(stream, field(json, 'data'), out)
  switch (field(json, 'e')) {
    case 'trade':
      return append(readTrade, json, channels.trade, out)
    case 'depthUpdate':
      return append(readDepth, json, channels.depth100ms, out)
    case undefined:
      return readUntyped(json, out)
    default:
      return ignoredOrUnknown(json)
  }
}

/** Payloads without a type, known by their fields. */
function readUntyped(json: JsonObject, out: EventBatch): DecodeOutcome {
  const reply = readReply(json)
  if (reply !== null) return reply
  if (Object.hasOwn(json, 'lastUpdateId')) return PARTIAL_DEPTH
  return Object.hasOwn(json, 'u') && Object.hasOwn(json, 'B')
    ? append(readQuote, json, channels.quote, out)
    : UNKNOWN
}

function readEnveloped(stream: string, data: Json | undefined, out: EventBatch): DecodeOutcome {
  const channel = stream.slice(stream.indexOf('@') + 1)
  if (/^depth(5|10|20)(@\d+ms)?$/.test(channel)) return PARTIAL_DEPTH
  const isDepth = /^depth(@[1-9]\d{0,3}ms)?$/.test(channel)
  if (!isDepth && channel !== channels.trade && channel !== channels.quote) return ignoredOrUnknown(data)
  if (!isObject(data)) return malformed('malformed', 'data is not an object')
  const type = field(data, 'e')
  if (isDepth && type === 'depthUpdate') return append(readDepth, data, channel, out)
  if (channel === channels.trade && type === 'trade') return append(readTrade, data, channel, out)
  if (channel === channels.quote && type === undefined) return append(readQuote, data, channel, out)
  return malformed('malformed', 'e is not what the stream carries')
}

type Reader = (fields: FieldReader, stream: number, out: EventBatch) => void

function append(reader: Reader, message: JsonObject, channel: string, out: EventBatch): DecodeOutcome {
  const stream = out.names.idOf(channel)
  if (stream < 0) return NAMES_FULL
  const { count } = out
  const fields = new FieldReader(message)
  reader(fields, stream, out)
  if (fields.refusal === null) return EVENTS
  out.rollback(count)
  return fields.refusal
}

/** All-market streams come as a list, whose first message tells the type. */
function ignoredOrUnknown(json: Json | undefined): DecodeOutcome {
  const message = isArray(json) ? json[0] : json
  const type = isObject(message) ? field(message, 'e') : undefined
  return (typeof type === 'string' && ignoredTypes.get(type)) || UNKNOWN
}

/** Reads the body of a REST answer: the order book, whose symbol only the request knew. */
export function decodeAnswer(context: AnswerContext, body: Uint8Array, out: EventBatch): DecodeOutcome {
  const symbol = symbolId(context.symbol, out.names)
  const stream = out.names.idOf(context.stream)
  if (symbol < 0) return malformed('bad_symbol', `the request's symbol is not 1 to ${SYMBOL_BYTES_MAX} bytes`)
  if (stream < 0) return NAMES_FULL
  return decodeAnswerFast(body, stream, symbol, out) ? EVENTS : decodeAnswerExact(body, stream, symbol, out)
}

export function decodeAnswerFast(body: Uint8Array, stream: number, symbol: number, out: EventBatch): boolean {
  const { count } = out
  if (scanSnapshot(spaceOf(body), stream, symbol, out)) return true
  out.rollback(count)
  return false
}

export function decodeAnswerExact(
  body: Uint8Array,
  stream: number,
  symbol: number,
  out: EventBatch,
): DecodeOutcome {
  const json = parseJson(body)
  if (!isObject(json)) return NO_JSON
  if (!Object.hasOwn(json, 'lastUpdateId')) return Object.hasOwn(json, 'symbols') ? EXCHANGE_INFO : UNKNOWN
  const { count } = out
  const fields = new FieldReader(json)
  readSnapshot(fields, stream, symbol, out)
  if (fields.refusal === null) return EVENTS
  out.rollback(count)
  return fields.refusal
}

function symbolId(symbol: string, names: StringTable): number {
  const bytes = encoder.encode(symbol)
  return bytes.length > 0 && bytes.length <= SYMBOL_BYTES_MAX ? names.idOfBytes(bytes, 0, bytes.length) : -1
}
