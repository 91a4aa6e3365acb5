import { join } from 'node:path'
import type { ExchangeMarket } from '@cryptoflow/model'
import { type ConformanceCases, conformance, fixturesIn, type SequenceCase } from '@cryptoflow/testkit'
import { bybitInverse, bybitLinear, bybitSpot } from './index.ts'
import { QUOTE_LAG_MAX } from './rules.ts'

const folder = join(import.meta.dirname, 'fixtures')

const absent = Number.NaN

const updates: SequenceCase['rows'] = [
  [10, 9, 9, absent, 'stale'],
  [10, 10, 10, absent, 'stale'],
  [10, 11, 11, absent, 'next'],
  [9, 11, 11, absent, 'gap'],
  [10, 12, 12, absent, 'gap'],
  [11, 11, 11, absent, 'stale'],
  [12, 13, 13, absent, 'next'],
  [11, 13, 13, absent, 'gap'],
]

const quotes: SequenceCase['rows'] = [
  [10, absent, 9, absent, 'stale'],
  [10, absent, 10, absent, 'stale'],
  [10, absent, 11, absent, 'next'],
  [10, absent, 1_000, absent, 'next'],
  [1, absent, 1, absent, 'stale'],
  [1, absent, 2, absent, 'next'],
  [100_000, absent, 100_000 - QUOTE_LAG_MAX, absent, 'stale'],
]

function sequencesOf(market: ExchangeMarket): SequenceCase[] {
  return market.streams.flatMap(({ name: stream, book, follows }): SequenceCase[] => {
    if (follows === null) return []
    if (book !== null) return [{ stream, rule: 'follows', rows: updates }]
    const never = { gap: 'ids skip, so none can be seen but where they begin anew, which the resets show' }
    return [{ stream, rule: 'follows', rows: quotes, never }]
  })
}

/** `{"req_id":"1","op":"subscribe","args":["publicTrade.BTCUSDT"]}`, as the documents give it. */
function readRequest(frame: string, wanted: string): { names: string[]; id: number } | null {
  const { op, args, req_id, ...others } = JSON.parse(frame) as Record<string, unknown>
  const isOne = op === wanted && Array.isArray(args) && Object.keys(others).length === 0
  return isOne && /^\d+$/.test(String(req_id)) ? { names: args as string[], id: Number(req_id) } : null
}

const cases = (
  market: ExchangeMarket,
  more: Pick<ConformanceCases, 'symbols' | 'recognised' | 'heard'>,
): ConformanceCases => ({
  ...more,
  fixtures: fixturesIn(folder, market),
  sequences: sequencesOf(market),
  resets: [
    // The service was restarted: its first message says u = 1.
    {
      stream: 'orderbook.1',
      last: 18_521_288,
      messages: [
        [absent, 1, absent],
        [absent, 2, absent],
      ],
    },
    // The same while nobody listened.
    {
      stream: 'orderbook.1',
      last: 18_521_288,
      messages: [
        [absent, 700, absent],
        [absent, 703, absent],
      ],
    },
    {
      stream: 'orderbook.50',
      last: 18_521_288,
      begins: 'snapshot',
      messages: [
        [absent, 1, absent],
        [2, 2, absent],
        [3, 3, absent],
      ],
    },
  ],
  wireNames: Object.fromEntries(
    market.streams.map(({ name, within }) => [name, `${within ?? name}.${more.symbols[0]}`]),
  ),
  readSubscription: (frame) => readRequest(frame, 'subscribe'),
  readUnsubscription: (frame) => readRequest(frame, 'unsubscribe'),
  today: '2026-11-21',
  seed: 20_261_121,
  addresses: 'own',
})

const spot = bybitSpot()
const linear = bybitLinear()
const inverse = bybitInverse()
const wsUrl = (category: string): string => `wss://stream.bybit.com/v5/public/${category}`
const restUrl = (path: string): string => `https://api.bybit.com/v5/market/${path}`

conformance(
  spot,
  cases(spot, {
    symbols: ['BTCUSDT', 'ETHBTC', '1000SATSUSDT', '测试USDT'],
    recognised: [
      {
        fixture: 'spot-recent-trade.jsonl:2',
        url: restUrl('recent-trade?category=spot&symbol=BTCUSDT'),
        as: { stream: 'recent-trade', symbol: 'BTCUSDT' },
      },
      { fixture: 'spot-recent-trade.jsonl:2', url: restUrl('recent-trade?category=linear'), as: null },
      { fixture: 'spot-instruments-info.jsonl:2', url: null, as: { stream: 'instruments-info', symbol: '' } },
      { fixture: 'spot-instruments-info.jsonl:2', url: restUrl('tickers?category=spot'), as: null },
    ],
    heard: [
      { fixture: 'trade.jsonl:2', url: wsUrl('spot'), as: true },
      { fixture: 'trade.jsonl:2', url: wsUrl('linear'), as: false },
      { fixture: 'trade.jsonl:2', url: null, as: true },
    ],
  }),
)

conformance(
  linear,
  cases(linear, {
    symbols: ['BTCUSDT', 'BTCPERP', 'BTCUSDT-26DEC25', '1000PEPEUSDT', '测试USDT'],
    recognised: [
      {
        fixture: 'linear-recent-trade.jsonl:2',
        url: null,
        as: { stream: 'recent-trade', symbol: 'BTCUSDT' },
      },
      {
        fixture: 'linear-funding-history.jsonl:3',
        url: null,
        as: { stream: 'funding/history', symbol: 'ETHPERP' },
      },
      {
        fixture: 'linear-funding-history.jsonl:3',
        url: restUrl('funding/history?category=linear&symbol=ETHPERP'),
        as: { stream: 'funding/history', symbol: 'ETHPERP' },
      },
      { fixture: 'linear-recent-trade.jsonl:5', url: null, as: null },
    ],
    heard: [
      { fixture: 'trade.jsonl:2', url: wsUrl('linear'), as: true },
      { fixture: 'trade.jsonl:2', url: wsUrl('spot'), as: false },
      { fixture: 'trade.jsonl:2', url: null, as: true },
      { fixture: 'outside.jsonl:2', url: null, as: null },
      { fixture: 'outside.jsonl:2', url: wsUrl('option'), as: null },
    ],
  }),
)

conformance(
  inverse,
  cases(inverse, {
    symbols: ['BTCUSD', 'BTCUSDH26', 'ETHUSD'],
    recognised: [
      {
        fixture: 'inverse-instruments-info.jsonl:2',
        url: restUrl('instruments-info?category=inverse&limit=1000'),
        as: { stream: 'instruments-info', symbol: '' },
      },
      { fixture: 'inverse-instruments-info.jsonl:5', url: null, as: null },
    ],
    heard: [
      { fixture: 'trade.jsonl:2', url: wsUrl('inverse'), as: true },
      { fixture: 'trade.jsonl:2', url: wsUrl('linear'), as: false },
      { fixture: 'trade.jsonl:2', url: null, as: true },
      { fixture: 'replies.jsonl:2', url: null, as: null },
    ],
  }),
)
