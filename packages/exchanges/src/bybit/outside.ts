import type { DecodeOutcome, Market } from '@cryptoflow/model'
import { field, isArray, isObject, type JsonObject } from '../json.ts'
import { GENERATED, ignored, OBSOLETE, OTHER_MARKET, OUT_OF_SCOPE, UNKNOWN } from '../outcomes.ts'
import { isOutOfScope } from './symbols.ts'

/**
 * Messages that this market does not keep: of older protocols, of options and spreads, of channels that are not
 * stored.
 * Source: bybit-exchange/docs 2026-07-24, v5/websocket/public and v5/spread/websocket/public; the old protocols from
 * tardis-node 2026-08-22 and crypto-msg-parser 37de71d.
 */

/** First parts of topics of v2 derivatives (until 2023), the last one of spot v3. */
const oldTopics: readonly string[] = [
  'orderBookL2_25',
  'orderBook_200',
  'instrument_info',
  'trade',
  'klineV2',
  'candle',
  'bookticker',
]
/** Depths that spot v3 had alone. */
const OLD_BOOK = /^orderbook\.40\./
/** Topics whose names went over into v5, where every message has a `ts`. */
const renewedTopics: readonly string[] = ['liquidation', 'insurance', 'kline', 'tickers']

/** Topics that are known and not stored; of `orderbook`, by its second part too. */
const skippedTopics = new Map<string, DecodeOutcome>(
  Object.entries({
    kline: 'kline',
    kline_lt: 'kline',
    tickers: 'ticker',
    tickers_lt: 'ticker',
    lt: 'leveraged_token',
    // One per second and symbol at most, and its side is not documented alike everywhere; allLiquidation has all.
    liquidation: 'liquidation',
    insurance: 'insurance',
    adlAlert: 'adl_alert',
    priceLimit: 'price_limit',
    system: 'status',
    'orderbook.rpi': 'rpi_book',
    'orderbook.full': 'full_book',
  }).map(([topic, reason]) => [topic, ignored(reason)]),
)

/** What a message is that no market of this exchange keeps; null when one may. */
export function outsideOf(json: JsonObject): DecodeOutcome | null {
  if (field(json, 'generated') === true) return GENERATED
  const topic = field(json, 'topic')
  if (typeof topic !== 'string') return null
  if (isOld(topic, json)) return OBSOLETE
  const symbol = topic.slice(symbolStart(topic))
  return isOutOfScope(symbol) || isOutOfScope(symbolInside(json)) ? OUT_OF_SCOPE : null
}

/** Spot v1 says in `params` what was subscribed. */
function isOld(topic: string, json: JsonObject): boolean {
  const [first = ''] = topic.split('.', 1)
  if (isObject(field(json, 'params')) || oldTopics.includes(first) || OLD_BOOK.test(topic)) return true
  return renewedTopics.includes(first) && field(json, 'ts') === undefined
}

/** Where the symbol begins in a topic: behind the channel, which for books and klines has a part more. */
export function symbolStart(topic: string): number {
  const first = topic.indexOf('.') + 1
  const isParted = /^(?:orderbook|kline)\./.test(topic)
  return isParted ? topic.indexOf('.', first) + 1 : first
}

/** Trades of options are subscribed by their base coin, so only they themselves tell the symbol. */
function symbolInside(json: JsonObject): string {
  const data = field(json, 'data')
  const row = isArray(data) ? data[0] : undefined
  const symbol = isObject(row) ? field(row, 's') : undefined
  return typeof symbol === 'string' ? symbol : ''
}

/** What a message is whose topic is none of the market's channels. */
export function skipped(market: Market, topic: string): DecodeOutcome {
  // Only futures have them; on the socket of spot they are never sent.
  if (market === 'spot' && topic.startsWith('allLiquidation.')) return OTHER_MARKET
  const [first = '', second = ''] = topic.split('.', 2)
  return skippedTopics.get(`${first}.${second}`) ?? skippedTopics.get(first) ?? UNKNOWN
}
