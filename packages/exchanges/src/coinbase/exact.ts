import type { DecodeOutcome, EventBatch, Market } from '@cryptoflow/model'
import { FieldReader, field, isObject, type JsonObject, parseJson } from '../json.ts'
import {
  EVENTS,
  GENERATED,
  HEARTBEAT,
  ignored,
  NAMES_FULL,
  NO_JSON,
  OTHER_MARKET,
  OUT_OF_SCOPE,
  UNKNOWN,
} from '../outcomes.ts'
import { readSnapshot, readUpdate } from './changes.ts'
import { readLevel2 } from './level2.ts'
import { readMatch } from './matches.ts'
import { outsideOf } from './products.ts'
import { readAdvancedAck, readError, readExchangeAck } from './subscribe.ts'
import { readMarketTrades } from './trades.ts'

/** Messages of the Advanced socket, by `channel`, that are known and not stored. */
const ignoredChannels = new Map<string, DecodeOutcome>([
  ['ticker', ignored('ticker')],
  ['ticker_batch', ignored('ticker')],
  ['candles', ignored('kline')],
  ['status', ignored('status')],
])

/** The same of the Exchange socket, by `type`. What happens to single orders needs a key, and recorders had one. */
const ignoredTypes = new Map<string, DecodeOutcome>([
  ['ticker', ignored('ticker')],
  ['status', ignored('status')],
  ['auction', ignored('auction')],
  ['rfq_match', ignored('rfq_match')],
  ...['received', 'open', 'done', 'change', 'activate'].map((type) => [type, ignored('order')] as const),
])

/** Coinbase International, another exchange, writes its channels so: frames of 2024, tardis-node, read 2026-08-22. */
const INTERNATIONAL = /^[A-Z][A-Z0-9_]*$/

/** Reads a frame in any spelling that JSON allows; what it refuses leaves the batch as it was. */
export function decodeExact(market: Market, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  out.connectionSeq = Number.NaN
  const json = parseJson(bytes)
  if (!isObject(json)) return NO_JSON
  const { count } = out
  const channel = field(json, 'channel')
  const outcome =
    typeof channel === 'string'
      ? readAdvanced(market, channel, json, out)
      : readExchange(market, field(json, 'type'), json, out)
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
}

/** Every frame of the Advanced socket has its place on the connection, whatever it says. */
function readAdvanced(market: Market, channel: string, json: JsonObject, out: EventBatch): DecodeOutcome {
  const fields = new FieldReader(json)
  const position = fields.optionalInteger('sequence_num')
  if (fields.refusal === null) out.connectionSeq = position
  if (isGenerated(json)) return GENERATED
  if (INTERNATIONAL.test(channel)) return OUT_OF_SCOPE
  if (fields.refusal !== null) return fields.refusal
  switch (channel) {
    case 'l2_data':
      return withStream('level2', out, (stream) => readLevel2(market, json, stream, out))
    case 'market_trades':
      return withStream('market_trades', out, (stream) => readMarketTrades(market, json, stream, out))
    case 'heartbeats':
      return HEARTBEAT
    case 'subscriptions':
      return readAdvancedAck(json)
    default:
      return ignoredChannels.get(channel) ?? UNKNOWN
  }
}

function readExchange(market: Market, type: unknown, json: JsonObject, out: EventBatch): DecodeOutcome {
  if (isGenerated(json)) return GENERATED
  switch (type) {
    case 'match':
    case 'last_match':
    case 'snapshot':
    case 'l2update':
      return readProduct(market, type, json, out)
    case 'heartbeat':
      return HEARTBEAT
    case 'subscriptions':
      return readExchangeAck(json)
    case 'error':
      return readError(json)
    default:
      return ignoredTypes.get(String(type)) ?? UNKNOWN
  }
}

/** The Exchange trades spot only. */
function readProduct(market: Market, type: string, json: JsonObject, out: EventBatch): DecodeOutcome {
  if (market !== 'spot') return OTHER_MARKET
  const outside = outsideOf(market, field(json, 'product_id'))
  if (outside !== null) return outside
  const isTrade = type === 'match' || type === 'last_match'
  return withStream(isTrade ? 'matches' : 'level2_batch', out, (stream) => {
    const fields = new FieldReader(json)
    if (isTrade) readMatch(fields, json, stream, out)
    else if (type === 'snapshot') readSnapshot(fields, stream, out)
    else readUpdate(fields, json, stream, out)
    return fields.refusal ?? EVENTS
  })
}

function withStream(name: string, out: EventBatch, read: (stream: number) => DecodeOutcome): DecodeOutcome {
  const stream = out.names.idOf(name)
  return stream < 0 ? NAMES_FULL : read(stream)
}

/** Made by whoever recorded it. */
function isGenerated(json: JsonObject): boolean {
  return field(json, 'generated') === true
}
