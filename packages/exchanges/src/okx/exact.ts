import type { DecodeOutcome, EventBatch, StringTable } from '@cryptoflow/model'
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
  OUT_OF_SCOPE,
  UNKNOWN,
} from '../outcomes.ts'
import type { Action, Channel, Wire } from './channels.ts'
import { isWideChannel, readWide } from './market-wide.ts'
import { readEvent } from './subscribe.ts'
import { kindOf } from './symbols.ts'

/** Channels that are known and not stored, by the beginning of their names: what they are. */
const ignoredChannels: readonly (readonly [beginning: string, outcome: DecodeOutcome])[] = [
  ['candle', ignored('kline')],
  ['mark-price-candle', ignored('kline')],
  ['tickers', ignored('ticker')],
  ['block-tickers', ignored('ticker')],
  ['price-limit', ignored('price_limit')],
  ['status', ignored('status')],
  ['estimated-price', ignored('estimated_price')],
  ['books-elp', ignored('elp_book')],
  ['public-block-trades', ignored('block_trade')],
  ['public-struc-block-trades', ignored('block_trade')],
  ['adl-warning', ignored('adl_warning')],
  ['call-auction-details', ignored('call_auction')],
  ['economic-calendar', ignored('economic_calendar')],
]
/** The same of an index, whose name looks like a spot symbol and is none of any market. */
const indexChannels: typeof ignoredChannels = [
  ['index-tickers', ignored('index_price')],
  ['index-candle', ignored('kline')],
]
/** Channels of spreads and of options. */
const outsideChannels = /^(sprd-|opt-summary$|option-trades$)/

const NO_DATA = malformed('malformed', 'data is not a list')
const NO_OBJECT = malformed('malformed', 'an element of data is not an object')
const NO_ACTION = malformed('malformed', 'action is neither snapshot nor update')
const NO_MARKET = malformed('bad_symbol', 'instId has not the form of any market')
const OTHER_SYMBOL = malformed('bad_symbol', 'instId of an element is not the subscribed one')

const PONG = new TextEncoder().encode('pong')

/** Reads a frame in any spelling that JSON allows; what it refuses leaves the batch as it was. */
export function decodeExact(wire: Wire, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  if (bytes.length === PONG.length && PONG.every((byte, i) => bytes[i] === byte)) return HEARTBEAT
  const json = parseJson(bytes)
  if (!isObject(json)) return NO_JSON
  if (field(json, 'generated') === true) return GENERATED
  if (typeof field(json, 'table') === 'string') return OBSOLETE
  const event = field(json, 'event')
  if (typeof event === 'string') return readEvent(event, json)
  const arg = field(json, 'arg')
  const channel = isObject(arg) ? field(arg, 'channel') : undefined
  if (!isObject(arg) || typeof channel !== 'string') return UNKNOWN
  const known = beginningIn(indexChannels, channel)
  if (known !== undefined) return known
  if (outsideChannels.test(channel)) return OUT_OF_SCOPE
  const { count } = out
  const outcome =
    field(arg, 'instId') === undefined
      ? readByType(wire, channel, arg, json, bytes, out)
      : readBySymbol(wire, channel, arg, json, out)
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
}

function beginningIn(list: typeof ignoredChannels, channel: string): DecodeOutcome | undefined {
  return list.find(([beginning]) => channel.startsWith(beginning))?.[1]
}

/** Messages about all symbols of a type of instrument. */
function readByType(
  wire: Wire,
  channel: string,
  arg: JsonObject,
  json: JsonObject,
  bytes: Uint8Array,
  out: EventBatch,
): DecodeOutcome {
  const type = field(arg, 'instType')
  if (typeof type === 'string' && isWideChannel(channel)) {
    return readWide({ market: wire.market, channel, type, message: json, bytes }, out)
  }
  return beginningIn(ignoredChannels, channel) ?? UNKNOWN
}

/** Messages about one symbol, which says which market they are of. */
function readBySymbol(
  wire: Wire,
  channelName: string,
  arg: JsonObject,
  json: JsonObject,
  out: EventBatch,
): DecodeOutcome {
  const fields = new FieldReader(arg)
  const instId = fields.text('instId')
  const kind = kindOf(instId)
  if (kind === 'option') return OUT_OF_SCOPE
  if (kind !== null && kind !== wire.market) return OTHER_MARKET
  const known = beginningIn(ignoredChannels, channelName)
  if (known !== undefined) return known
  const channel = wire.byName.get(channelName)
  if (channel === undefined) return UNKNOWN
  const symbol = symbolOf(fields, kind !== null, out.names)
  if (fields.refusal !== null) return fields.refusal
  const stream = out.names.idOf(channel.name)
  if (stream < 0) return NAMES_FULL
  return readElements(channel, json, instId, { stream, symbol }, out)
}

function symbolOf(fields: FieldReader, hasMarket: boolean, names: StringTable): number {
  if (fields.refusal === null && !hasMarket) fields.refusal = NO_MARKET
  return fields.symbol('instId', names)
}

/** Appends all elements of the message, or refuses the first that cannot be read. */
function readElements(
  channel: Channel,
  json: JsonObject,
  instId: string,
  place: { readonly stream: number; readonly symbol: number },
  out: EventBatch,
): DecodeOutcome {
  const action = channel.isIncremental ? actionOf(field(json, 'action')) : null
  if (channel.isIncremental && action === null) return NO_ACTION
  const data = field(json, 'data')
  if (!isArray(data)) return NO_DATA
  const { count } = out
  for (const row of data) {
    if (!isObject(row)) return NO_OBJECT
    const own = field(row, 'instId')
    if (own !== undefined && own !== instId) return OTHER_SYMBOL
    const fields = new FieldReader(row)
    channel.read({ row, fields }, place, out, action)
    if (fields.refusal !== null) return fields.refusal
  }
  return out.count > count ? EVENTS : EMPTY
}

function actionOf(json: Json | undefined): Action | null {
  return json === 'snapshot' || json === 'update' ? json : null
}
