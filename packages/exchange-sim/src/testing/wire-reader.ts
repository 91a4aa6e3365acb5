import type { Market as MarketName } from '@cryptoflow/model'
import type { EmissionRecord } from '../emission-log.ts'
import type { Json } from './flows.ts'

/** What a message says, as the log should say it. */
export type Said = Pick<
  EmissionRecord,
  'market' | 'symbol' | 'stream' | 'table' | 'first' | 'last' | 'prev' | 'sent_ms' | 'engine_ms'
> &
  Pick<EmissionRecord, 'bids' | 'asks' | 'values'>

/** What a record says of its event, in the same form. */
export function saidBy(record: Said): Said {
  const { market, symbol, stream, table, first, last, prev, sent_ms, engine_ms, bids, asks, values } = record
  return { market, symbol, stream, table, first, last, prev, sent_ms, engine_ms, bids, asks, values }
}

/** A second, plain reading of a combined message: its events that belong to the market, with times divided. */
export function readWire(market: MarketName, text: string, timeScale = 1): Said[] {
  const { stream: name, data } = JSON.parse(text) as { stream: string; data: Json | Json[] }
  return (Array.isArray(data) ? data : [data])
    .filter((message) => message.st === undefined || message.st === (market === 'linear' ? 1 : 2))
    .map((message) => saidBy(readMessage(market, name, message, timeScale)))
}

function readMessage(market: MarketName, name: string, message: Json, timeScale: number): Said {
  const at = name.indexOf('@')
  const stream = name.startsWith('!') ? name : name.slice(at + 1)
  const symbol = message.s ?? message.o?.s ?? name.slice(0, at).toUpperCase()
  const ms = (time: number | undefined): number | null => (time === undefined ? null : time / timeScale)
  const times = { sent_ms: ms(message.E), engine_ms: ms(message.T) }
  const none = { first: null, last: null, prev: null, bids: [], asks: [], values: null }
  const said = { market, symbol, stream, ...none, ...times }
  const isSpot = market === 'spot'
  const tables = isSpot ? (['spot_delta', 'spot_ob'] as const) : (['futures_delta', 'futures_ob'] as const)
  const isImage = /^depth(5|10|20)(@|$)/.test(stream)
  if (message.lastUpdateId !== undefined) {
    return { ...said, table: tables[1], last: message.lastUpdateId, bids: message.bids, asks: message.asks }
  }
  switch (message.e ?? 'bookTicker') {
    case 'trade':
      return { ...said, table: 'ticks', first: message.t, last: message.t, values: tradeValues(message) }
    case 'aggTrade':
      return { ...said, table: 'ticks', first: message.a, last: message.a, values: aggregateValues(message) }
    case 'depthUpdate': {
      const sides = { last: message.u, bids: message.b, asks: message.a }
      if (isImage) return { ...said, table: tables[1], ...sides }
      return { ...said, table: tables[0], first: message.U, prev: message.pu ?? null, ...sides }
    }
    case 'bookTicker':
      return { ...said, table: 'bbo', last: message.u, values: quoteValues(message) }
    case 'markPriceUpdate':
      return { ...said, table: 'funding', engine_ms: null, values: fundingValues(message) }
    case 'forceOrder':
      return { ...said, table: 'liquidations', engine_ms: message.o.T, values: forcedValues(message.o) }
    default:
      throw new Error(`a message of no known kind: ${message.e}`)
  }
}

const tradeValues = (message: Json) => ({
  trade_id: String(message.t),
  kind: 'trade',
  side: message.m ? 'sell' : 'buy',
  price: message.p,
  quantity: message.q,
  trade_count: null,
  first_trade_id: null,
  last_trade_id: null,
  trade_type: message.X ?? null,
})

const aggregateValues = (message: Json) => ({
  trade_id: String(message.a),
  kind: 'aggregate',
  side: message.m ? 'sell' : 'buy',
  price: message.p,
  quantity: message.q,
  trade_count: String(message.l - message.f + 1),
  first_trade_id: String(message.f),
  last_trade_id: String(message.l),
  trade_type: null,
})

const quoteValues = (message: Json) => ({
  bid_price: message.b,
  bid_quantity: message.B,
  ask_price: message.a,
  ask_quantity: message.A,
})

const fundingValues = (message: Json) => ({
  mark_price: message.p,
  index_price: message.i,
  estimated_settle_price: message.P,
  funding_rate: message.r === '' ? null : message.r,
  funding_ts: message.T === 0 ? null : `${message.T}000`,
  interval_hours: null,
  kind: 'current',
})

const forcedValues = (order: Json) => ({
  side: order.S === 'SELL' ? 'sell' : 'buy',
  position_side: order.S === 'SELL' ? 'long' : 'short',
  price: order.p,
  price_kind: 'order',
  average_price: order.ap,
  quantity: order.q,
  filled_quantity: order.z,
  status: order.X,
  sampled: 'true',
})
