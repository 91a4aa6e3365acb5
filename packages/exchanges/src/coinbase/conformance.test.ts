import { join } from 'node:path'
import type { ExchangeMarket } from '@cryptoflow/model'
import {
  type ConformanceCases,
  conformance,
  type Fixture,
  fixturesIn,
  type SequenceCase,
} from '@cryptoflow/testkit'
import { coinbaseLinear, coinbaseSpot } from './index.ts'

const folder = join(import.meta.dirname, 'fixtures')

/** Trades that change places when an id changes are looked at by `trades.test.ts`: the kit takes places for fixed. */
const hasFixedPlaces = ({ name }: Fixture): boolean => !name.includes('order')

const absent = Number.NaN
const ids: SequenceCase['rows'] = [
  [8, 7, 7, absent, 'stale'],
  [7, 7, 7, absent, 'stale'],
  [6, 7, 7, absent, 'next'],
  [5, 7, 7, absent, 'gap'],
  [4, 7, 7, absent, 'gap'],
]

function sequencesOf(market: ExchangeMarket): SequenceCase[] {
  return market.streams
    .filter(({ follows }) => follows !== null)
    .map(({ name: stream }) => ({ stream, rule: 'follows', rows: ids }))
}

/**
 * `{"type":"subscribe","product_ids":["BTC-USD"],"channel":"level2"}`, of the Exchange socket
 * `{"type":"subscribe","product_ids":["BTC-USD"],"channels":["matches"]}`, as the documents give them.
 */
function readControl(type: string): NonNullable<ConformanceCases['readUnsubscription']> {
  return (frame) => {
    const {
      type: told,
      product_ids,
      channel,
      channels,
      ...others
    } = JSON.parse(frame) as Record<string, unknown>
    const isAdvanced = ['level2', 'market_trades'].includes(channel as string) && channels === undefined
    const [name, ...more] = isAdvanced ? [channel] : (channels as unknown[])
    const isExchange = ['level2_batch', 'matches'].includes(name as string) && channel === undefined
    const isOne = told === type && more.length === 0 && Object.keys(others).length === 0
    if (!isOne || !(isAdvanced || isExchange)) return null
    return { names: (product_ids as string[]).map((product) => `${name}:${product}`), id: null }
  }
}

/** Frames of the Advanced socket have a channel, and their place on the connection. */
function connectionSeqOf(frame: string): number | null {
  if (!frame.startsWith('{') || !frame.endsWith('}')) return null
  const { channel, sequence_num } = JSON.parse(frame) as { channel?: unknown; sequence_num?: unknown }
  return typeof channel === 'string' && Number.isSafeInteger(sequence_num) ? (sequence_num as number) : null
}

const cases = (
  market: ExchangeMarket,
  more: Pick<ConformanceCases, 'symbols' | 'recognised' | 'heard' | 'symbolWith'>,
): ConformanceCases => ({
  ...more,
  fixtures: fixturesIn(folder, market).filter(hasFixedPlaces),
  sequences: sequencesOf(market),
  resets: {
    none: 'ids of trades never begin anew; books have no sequence, and the connection counts from 0',
  },
  wireNames: Object.fromEntries(market.streams.map(({ name }) => [name, `${name}:${more.symbols[0]}`])),
  readSubscription: readControl('subscribe'),
  readUnsubscription: readControl('unsubscribe'),
  connectionSeqOf,
  today: '2026-11-21',
  seed: 20_261_121,
  addresses: 'own',
})

const spot = coinbaseSpot()
const linear = coinbaseLinear()
const EXCHANGE = 'https://api.exchange.coinbase.com'
const ADVANCED = 'https://api.coinbase.com/api/v3/brokerage/market'

conformance(
  spot,
  cases(spot, {
    symbols: ['BTC-USD', '00-USD', '测试-USD'],
    symbolWith: (text) => `${text}-USD`,
    recognised: [
      {
        fixture: 'spot-products.jsonl:2',
        url: `${EXCHANGE}/products`,
        as: { stream: 'products', symbol: '' },
      },
      {
        fixture: 'spot-products.jsonl:2',
        url: 'https://api.pro.coinbase.com/products',
        as: { stream: 'products', symbol: '' },
      },
      { fixture: 'spot-products.jsonl:2', url: null, as: { stream: 'products', symbol: '' } },
      { fixture: 'spot-products.jsonl:2', url: `${EXCHANGE}/products/BTC-USD/trades`, as: null },
      { fixture: 'spot-products.jsonl:2', url: `${ADVANCED}/products?product_type=FUTURE`, as: null },
      { fixture: 'spot-products.jsonl:7', url: null, as: null },
    ],
    heard: [
      { fixture: 'level2.jsonl:2', url: null, as: true },
      { fixture: 'level2.jsonl:2', url: 'wss://advanced-trade-ws.coinbase.com', as: true },
      { fixture: 'matches.jsonl:2', url: 'wss://ws-feed.pro.coinbase.com', as: true },
      { fixture: 'replies.jsonl:2', url: 'wss://ws-feed.exchange.coinbase.com', as: true },
      { fixture: 'replies.jsonl:2', url: null, as: null },
      { fixture: 'outside.jsonl:2', url: 'wss://advanced-trade-ws.coinbase.com', as: false },
      { fixture: 'outside.jsonl:2', url: 'not an address', as: false },
    ],
  }),
)

conformance(
  linear,
  cases(linear, {
    symbols: ['BTC-PERP-INTX', '1000SHIB-PERP-INTX', '测试-PERP-INTX'],
    symbolWith: (text) => `${text}-PERP-INTX`,
    recognised: [
      {
        fixture: 'linear-products.jsonl:2',
        url: `${ADVANCED}/products?product_type=FUTURE`,
        as: { stream: 'products', symbol: '' },
      },
      { fixture: 'linear-products.jsonl:2', url: null, as: { stream: 'products', symbol: '' } },
      { fixture: 'linear-products.jsonl:2', url: `${EXCHANGE}/products`, as: null },
      { fixture: 'linear-products.jsonl:8', url: null, as: null },
    ],
    heard: [
      { fixture: 'level2.jsonl:2', url: 'wss://advanced-trade-ws.coinbase.com', as: true },
      { fixture: 'market-trades.jsonl:2', url: null, as: true },
      { fixture: 'outside.jsonl:2', url: null, as: false },
      { fixture: 'outside.jsonl:4', url: 'wss://ws-feed.exchange.coinbase.com', as: false },
      { fixture: 'replies.jsonl:2', url: 'wss://advanced-trade-ws.coinbase.com', as: null },
    ],
  }),
)
