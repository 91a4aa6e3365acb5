import type { DecodeOutcome, EventBatch } from '@cryptoflow/model'
import {
  FieldReader,
  field,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  malformed,
  parseJson,
  wholeNumber,
} from '../json.ts'
import { CLOSING, EVENTS, ignored, NAMES_FULL, NO_JSON, UNKNOWN } from '../outcomes.ts'
import type { Channel, Wire } from './channels.ts'
import { readReply } from './subscribe.ts'

/** Types of messages that are known and not stored. */
const ignoredTypes = new Map<string, DecodeOutcome>(
  Object.entries({
    blockTrade: 'block_trade',
    kline: 'kline',
    continuous_kline: 'kline',
    indexPrice_kline: 'kline',
    markPrice_kline: 'kline',
    '24hrTicker': 'ticker',
    '24hrMiniTicker': 'mini_ticker',
    '1hTicker': 'window_ticker',
    '4hTicker': 'window_ticker',
    '1dTicker': 'window_ticker',
    avgPrice: 'average_price',
    indexPriceUpdate: 'index_price',
    compositeIndex: 'composite_index',
    assetIndexUpdate: 'asset_index',
    contractInfo: 'contract_info',
  }).map(([type, reason]) => [type, ignored(reason)]),
)
/** The same by their channel, where the type is another's or not documented. */
const ignoredChannels = new Map<string, DecodeOutcome>([
  ['rpiDepth@500ms', ignored('rpi_depth')],
  ['tradingSession', ignored('trading_session')],
])
const OTHER_MARKET: DecodeOutcome = { kind: 'outside', reason: 'other_market' }
/** Books that a recorder fetched and put among the frames. Source: tardis-dev/tardis-node c1d73fb of 2026-08-22, its mapper for this exchange. */
const GENERATED: DecodeOutcome = { kind: 'outside', reason: 'generated' }
const EMPTY = ignored('empty')
const NO_OBJECT = malformed('malformed', 'data is not an object')
const WRONG_TYPE = malformed('malformed', 'e is not what the stream carries')
const NO_SYMBOL = malformed('bad_symbol', 'a partial book without the name of its stream has no symbol')

/** A prices list without an envelope counts as the stream of once a second, as a single price does. */
const BARE_PRICES = '!markPrice@arr@1s'

/** Reads a frame in any spelling that JSON allows; what it refuses leaves the batch as it was. */
export function decodeExact(wire: Wire, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const json = parseJson(bytes)
  if (isArray(json)) return readBareList(wire, json, out)
  if (!isObject(json)) return NO_JSON
  if (field(json, 'generated') === true) return GENERATED
  const stream = field(json, 'stream')
  return typeof stream === 'string'
    ? readEnveloped(wire, stream, field(json, 'data'), out)
    : readBare(wire, json, out)
}

/** Symbol and channel are parted by the first `@`; channels of the whole market begin with `!`. */
function readEnveloped(wire: Wire, stream: string, data: Json | undefined, out: EventBatch): DecodeOutcome {
  const isWide = stream.startsWith('!')
  const at = isWide ? 0 : stream.indexOf('@') + 1
  const name = stream.slice(at)
  const channel = isWide === name.startsWith('!') ? wire.byName.get(name) : undefined
  if (channel === undefined) return ignoredChannels.get(name) ?? otherwise(data)
  return readAll(
    wire,
    channel,
    isList(channel, data) ? data : [data],
    stream.slice(0, Math.max(at - 1, 0)),
    out,
  )
}

/** Prices come as lists too: of all symbols, and on COIN-M of all symbols of a pair. */
function isList(channel: Channel, data: Json | undefined): data is readonly Json[] {
  return channel.type === 'markPriceUpdate' && isArray(data)
}

function readBareList(wire: Wire, messages: readonly Json[], out: EventBatch): DecodeOutcome {
  const channel = wire.byName.get(BARE_PRICES)
  const isPrices = channel !== undefined && typeOf(messages[0]) === channel.type
  return isPrices ? readAll(wire, channel, messages, '', out) : otherwise(messages)
}

/** Messages without an envelope are known by their type, those without a type by their fields. */
function readBare(wire: Wire, json: JsonObject, out: EventBatch): DecodeOutcome {
  const type = typeOf(json)
  if (type !== undefined) {
    const channel = wire.byType.get(type)
    return channel?.type === type ? readAll(wire, channel, [json], '', out) : otherwise(json)
  }
  const reply = readReply(json)
  if (reply !== null) return reply
  if (Object.hasOwn(json, 'lastUpdateId')) return NO_SYMBOL
  const quote = wire.byType.get('bookTicker')
  const isQuote = quote?.type === undefined && Object.hasOwn(json, 'u') && Object.hasOwn(json, 'B')
  return quote !== undefined && isQuote ? readAll(wire, quote, [json], '', out) : UNKNOWN
}

/** Appends all messages of the frame, or none when one is refused. */
function readAll(
  wire: Wire,
  channel: Channel,
  messages: readonly (Json | undefined)[],
  streamSymbol: string,
  out: EventBatch,
): DecodeOutcome {
  const { count } = out
  const stream = out.names.idOf(channel.name)
  if (stream < 0) return NAMES_FULL
  for (const message of messages) {
    const refusal = readOne(wire, channel, message, streamSymbol, stream, out)
    if (refusal === null) continue
    out.rollback(count)
    return refusal
  }
  if (out.count > count) return EVENTS
  return messages.length === 0 ? EMPTY : OTHER_MARKET
}

/** Null when the message is appended, or left out because it is of another market. */
function readOne(
  wire: Wire,
  channel: Channel,
  message: Json | undefined,
  streamSymbol: string,
  stream: number,
  out: EventBatch,
): DecodeOutcome | null {
  if (!isObject(message)) return NO_OBJECT
  if (field(message, 'e') !== channel.type) return WRONG_TYPE
  const isMixed = channel.fast === null || streamSymbol === ''
  if (isMixed && isOfOther(wire, message)) return null
  const fields = new FieldReader(message)
  channel.read(fields, stream, out, message, streamSymbol)
  return fields.refusal
}

/**
 * Streams of the whole market bring messages of USD-M and COIN-M since 2026-06-30, and a message without its stream's
 * name may come from one. `st` stands in the message, of liquidations also in the order inside it.
 */
function isOfOther({ kind }: Wire, message: JsonObject): boolean {
  const order = field(message, 'o')
  const told = wholeNumber(field(message, 'st') ?? (isObject(order) ? field(order, 'st') : undefined))
  return told !== null && kind !== null && told !== kind
}

function typeOf(json: Json | undefined): string | undefined {
  const type = isObject(json) ? field(json, 'e') : undefined
  return typeof type === 'string' ? type : undefined
}

/** What is not stored. Streams of all symbols come as a list, whose first message tells the type. */
function otherwise(json: Json | undefined): DecodeOutcome {
  const type = typeOf(isArray(json) ? json[0] : json) ?? ''
  return type === 'serverShutdown' ? CLOSING : (ignoredTypes.get(type) ?? UNKNOWN)
}
