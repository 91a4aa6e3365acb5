import { join } from 'node:path'
import type { ExchangeMarket } from '@cryptoflow/model'
import { type ConformanceCases, conformance, fixturesIn, type SequenceCase } from '@cryptoflow/testkit'
import { krakenInverse, krakenLinear, krakenSpot } from './index.ts'

const folder = join(import.meta.dirname, 'fixtures')
const DEPTH = 10
const SPOT_URL = 'wss://ws.kraken.com/v2'
const FUTURES_URL = 'wss://futures.kraken.com/ws/v1'
const LISTING_URL = 'https://futures.kraken.com/derivatives/api/v3/instruments'

const absent = Number.NaN

/** Ids of trades, and what futures books count by: one more every time. */
const byOne: SequenceCase['rows'] = [
  [8, 7, 7, absent, 'stale'],
  [7, 7, 7, absent, 'stale'],
  [6, 7, 7, absent, 'next'],
  [5, 7, 7, absent, 'gap'],
  [4, 7, 7, absent, 'gap'],
]

function sequencesOf({ streams }: ExchangeMarket): SequenceCase[] {
  return streams.flatMap(({ name: stream, follows }): SequenceCase[] =>
    follows === null ? [] : [{ stream, rule: 'follows', rows: byOne }],
  )
}

type Read = { names: string[]; id: number | null } | null

/** `{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10,"snapshot":true},"req_id":11}`. */
function readSpot(method: string, frame: string): Read {
  const message = JSON.parse(frame) as { method: string; params: Record<string, unknown>; req_id: number }
  const { channel, symbol, depth, snapshot, ...others } = message.params
  const isBook = channel === 'book'
  const isOne =
    message.method === method &&
    Object.keys(others).length === 0 &&
    depth === (isBook ? DEPTH : undefined) &&
    snapshot === (method === 'subscribe' ? true : undefined)
  // The last digit says which channel a refusal is about.
  const id = Math.floor(message.req_id / 10)
  if (!isOne) return null
  return {
    names: symbol === undefined ? [`${channel}`] : (symbol as string[]).map((s) => `${channel}:${s}`),
    id,
  }
}

/** `{"event":"subscribe","feed":"book","product_ids":["PI_XBTUSD"]}`. */
function readFutures(event: string, frame: string): Read {
  const { feed, product_ids, ...others } = JSON.parse(frame) as { feed: string; product_ids: string[] }
  const isOne = JSON.stringify(others) === JSON.stringify({ event })
  return isOne ? { names: product_ids.map((product) => `${feed}:${product}`), id: null } : null
}

const common = { today: '2026-11-21', seed: 20_261_121, addresses: 'own' } as const
const noResets =
  'no document, no capture and no client tells of ids that began anew; books begin with every snapshot'

const spot = krakenSpot()

conformance(spot, {
  ...common,
  fixtures: fixturesIn(folder, spot),
  sequences: sequencesOf(spot),
  resets: { none: noResets },
  symbols: ['BTC/USD', 'AAPLx/USD', '1INCH/EUR', '测试/USD'],
  wireNames: { book: 'book:BTC/USD', trade: 'trade:BTC/USD', instrument: 'instrument' },
  readSubscription: (frame) => readSpot('subscribe', frame),
  readUnsubscription: (frame) => readSpot('unsubscribe', frame),
  // Source: docs.kraken.com as copied 2026-05-27, guides/spot-ws-book-v2.
  checksums: [
    {
      stream: 'book',
      asks: [
        ['45285.2', '0.00100000'],
        ['45286.4', '1.54571953'],
        ['45286.6', '1.54571109'],
        ['45289.6', '1.54560911'],
        ['45290.2', '0.15890660'],
        ['45291.8', '1.54553491'],
        ['45294.7', '0.04454749'],
        ['45296.1', '0.35380000'],
        ['45297.5', '0.09945542'],
        ['45299.5', '0.18772827'],
      ],
      bids: [
        ['45283.5', '0.10000000'],
        ['45283.4', '1.54582015'],
        ['45282.1', '0.10000000'],
        ['45281.0', '0.10000000'],
        ['45280.3', '1.54592586'],
        ['45279.0', '0.07990000'],
        ['45277.6', '0.03310103'],
        ['45277.5', '0.30000000'],
        ['45277.3', '1.54602737'],
        ['45276.6', '0.15445238'],
      ],
      is: 3310070434,
    },
  ],
  recognised: [
    { fixture: 'book.jsonl:2', url: 'https://api.kraken.com/0/public/Depth?pair=XBTUSD', as: null },
    { fixture: 'book.jsonl:2', url: null, as: null },
  ],
  heard: [
    { fixture: 'book.jsonl:2', url: null, as: true },
    { fixture: 'book.jsonl:2', url: SPOT_URL, as: true },
    { fixture: 'ignored.jsonl:11', url: null, as: true },
    { fixture: 'ignored.jsonl:13', url: null, as: false },
    { fixture: 'ignored.jsonl:13', url: FUTURES_URL, as: false },
    { fixture: 'ignored.jsonl:21', url: null, as: null },
    { fixture: 'ignored.jsonl:21', url: SPOT_URL, as: true },
  ],
})

for (const [market, product, dated] of [
  [krakenLinear(), 'PF_XBTUSD', 'FF_XBTUSD_260925'],
  [krakenInverse(), 'PI_XBTUSD', 'FI_XBTUSD_260925'],
] as const) {
  conformance(market, {
    ...common,
    fixtures: fixturesIn(folder, market),
    sequences: sequencesOf(market),
    resets: { none: noResets },
    symbols: [product, dated, `${product.slice(0, 3)}1INCHUSD`, `${product.slice(0, 3)}测试USD`],
    symbolWith: (text) => `${product.slice(0, 3)}${text}USD`,
    spelledInLists: (symbol) => symbol.toLowerCase(),
    wireNames: { book: `book:${product}`, trade: `trade:${product}`, ticker: `ticker:${product}` },
    readSubscription: (frame) => readFutures('subscribe', frame),
    readUnsubscription: (frame) => readFutures('unsubscribe', frame),
    recognised: [
      {
        fixture: `${market.market}-instruments.jsonl:2`,
        url: LISTING_URL,
        as: { stream: 'instruments', symbol: '' },
      },
      {
        fixture: `${market.market}-instruments.jsonl:2`,
        url: null,
        as: { stream: 'instruments', symbol: '' },
      },
      {
        fixture: `${market.market}-instruments.jsonl:2`,
        url: 'https://futures.kraken.com/derivatives/api/v3/tickers',
        as: null,
      },
    ],
    heard: [
      { fixture: 'book.jsonl:3', url: null, as: true },
      { fixture: 'book.jsonl:3', url: FUTURES_URL, as: true },
      { fixture: 'book.jsonl:3', url: SPOT_URL, as: false },
      { fixture: 'replies.jsonl:2', url: null, as: true },
      { fixture: 'ignored.jsonl:2', url: FUTURES_URL, as: null },
      { fixture: 'ignored.jsonl:5', url: FUTURES_URL, as: false },
      { fixture: 'ignored.jsonl:8', url: null, as: false },
    ],
  } satisfies ConformanceCases)
}
