import { join } from 'node:path'
import type { ExchangeMarket } from '@cryptoflow/model'
import {
  type ChecksumCase,
  type ConformanceCases,
  conformance,
  fixturesIn,
  type SequenceCase,
} from '@cryptoflow/testkit'
import { okxInverse, okxLinear, okxSpot } from './index.ts'

const folder = join(import.meta.dirname, 'fixtures')

const absent = Number.NaN

const trades: SequenceCase['rows'] = [
  [8, 7, 7, absent, 'stale'],
  [7, 5, 7, absent, 'stale'],
  [7, 7, 7, absent, 'stale'],
  [6, 7, 7, absent, 'next'],
  [6, 7, 9, absent, 'next'],
  [6, 6, 7, absent, 'next'],
  [6, 8, 9, absent, 'gap'],
  [5, 7, 7, absent, 'gap'],
]

const books: SequenceCase['rows'] = [
  [10, absent, 15, 10, 'next'],
  [15, absent, 15, 15, 'next'],
  [15, absent, 3, 15, 'next'],
  [3, absent, 5, 3, 'next'],
  [10, absent, 15, 9, 'gap'],
  [10, absent, 15, 11, 'gap'],
  [15, absent, 15, 14, 'stale'],
  [15, absent, 14, 10, 'stale'],
  [15, absent, 16, 10, 'gap'],
  [15, absent, 3, 16, 'gap'],
  [15, absent, 5, 3, 'stale'],
]

function sequencesOf({ streams }: ExchangeMarket): SequenceCase[] {
  return streams.flatMap(({ name: stream, table, follows }): SequenceCase[] => {
    if (follows === null) return []
    return [{ stream, rule: 'follows', rows: table === 'ticks' ? trades : books }]
  })
}

/** The second example of "Checksum": a side that runs out of levels. */
const checksumOf = (stream: string): ChecksumCase => ({
  stream,
  bids: [['3366.1', '7']],
  asks: [
    ['3366.8', '9'],
    ['3368', '8'],
    ['3372', '8'],
  ],
  is: 831078360,
})

/** `books:BTC-USDT`, `instruments/SPOT`. */
function wireNamesOf({ streams }: ExchangeMarket, [symbol = '']: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    streams.map(({ name, scope }) => [name, scope === 'market' ? name : `${name}:${symbol}`]),
  )
}

/** `{"id":"1512","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`, as the documents give it. */
function reader(wanted: string): (frame: string) => { names: string[]; id: number } | null {
  return (frame) => {
    const { id, op, args, ...others } = JSON.parse(frame) as {
      id: string
      op: string
      args: Record<string, string>[]
    }
    if (op !== wanted || Object.keys(others).length > 0 || !/^[a-z0-9]{1,32}$/i.test(id)) return null
    const names = args.map(({ channel, instId, instType }) =>
      instId === undefined ? `${channel}/${instType}` : `${channel}:${instId}`,
    )
    return { names, id: Number(id) }
  }
}

const api = 'https://www.okx.com/api/v5'

const cases = (
  market: ExchangeMarket,
  more: Pick<ConformanceCases, 'symbols' | 'symbolWith' | 'recognised'>,
): ConformanceCases => ({
  ...more,
  fixtures: fixturesIn(folder, market),
  sequences: sequencesOf(market),
  resets: ['books', 'books-l2-tbt', 'books50-l2-tbt'].map((stream) => ({
    stream,
    last: 15,
    begins: 'next',
    messages: [
      [absent, 3, 15],
      [absent, 5, 3],
    ],
  })),
  checksums: ['books', 'books-l2-tbt', 'books50-l2-tbt'].map(checksumOf),
  wireNames: wireNamesOf(market, more.symbols),
  readSubscription: reader('subscribe'),
  readUnsubscription: reader('unsubscribe'),
  heard: [
    { fixture: 'trade.jsonl:2', url: 'wss://ws.okx.com:8443/ws/v5/public', as: true },
    { fixture: 'trade.jsonl:2', url: null, as: true },
    { fixture: 'replies.jsonl:4', url: null, as: true },
    { fixture: 'outside.jsonl:2', url: null, as: false },
    { fixture: 'outside.jsonl:4', url: null, as: null },
    { fixture: 'ignored.jsonl:11', url: null, as: null },
    { fixture: 'replies.jsonl:17', url: null, as: null },
  ],
  today: '2026-11-21',
  seed: 20_261_121,
  addresses: 'own',
})

const spot = okxSpot()
const linear = okxLinear()
const inverse = okxInverse()

conformance(
  spot,
  cases(spot, {
    symbols: ['BTC-USDT', 'A-B', '1000SATS-USDT', '测试-USDT'],
    symbolWith: (text) => `${text}-USDT`,
    recognised: [
      {
        fixture: 'spot-books.jsonl:2',
        url: `${api}/market/books?instId=BTC-USDT&sz=400`,
        as: { stream: 'book', symbol: 'BTC-USDT' },
      },
      { fixture: 'spot-books.jsonl:2', url: `${api}/market/books?instId=BTC-USDT-SWAP`, as: null },
      { fixture: 'spot-books.jsonl:2', url: null, as: { stream: 'book', symbol: null } },
      {
        fixture: 'spot-trades.jsonl:2',
        url: `${api}/market/history-trades?instId=BTC-USDT&type=1`,
        as: { stream: 'market/history-trades', symbol: 'BTC-USDT' },
      },
      { fixture: 'spot-trades.jsonl:2', url: null, as: { stream: 'market/trades', symbol: 'BTC-USDT' } },
      {
        fixture: 'spot-instruments.jsonl:2',
        url: `${api}/public/instruments?instType=SPOT`,
        as: { stream: 'public/instruments/SPOT', symbol: '' },
      },
      {
        fixture: 'spot-instruments.jsonl:4',
        url: `${api}/public/instruments?instType=OPTION&uly=BTC-USD`,
        as: { stream: 'public/instruments/SPOT', symbol: '' },
      },
      { fixture: 'spot-instruments.jsonl:4', url: `${api}/public/instruments?instType=SWAP`, as: null },
      { fixture: 'spot-instruments.jsonl:4', url: null, as: null },
      { fixture: 'trade.jsonl:2', url: null, as: null },
    ],
  }),
)

conformance(
  linear,
  cases(linear, {
    symbols: ['BTC-USDT-SWAP', 'BTC-USDT-260925', '1000SHIB-USDC-SWAP', 'BTC-USD_UM-SWAP', '测试-USDT-SWAP'],
    symbolWith: (text) => `${text}-USDT-SWAP`,
    recognised: [
      {
        fixture: 'linear-open-interest-swap.jsonl:2',
        url: null,
        as: { stream: 'public/open-interest/SWAP', symbol: '' },
      },
      {
        fixture: 'linear-open-interest-swap.jsonl:3',
        url: null,
        as: { stream: 'public/open-interest/SWAP', symbol: '' },
      },
      {
        fixture: 'linear-funding-rate-history.jsonl:2',
        url: 'https://www.okx.com',
        as: { stream: 'public/funding-rate-history', symbol: 'BTC-USDT-SWAP' },
      },
      {
        fixture: 'linear-instruments-futures.jsonl:2',
        url: null,
        as: { stream: 'public/instruments/FUTURES', symbol: '' },
      },
      { fixture: 'linear-instruments-futures.jsonl:3', url: null, as: null },
    ],
  }),
)

conformance(
  inverse,
  cases(inverse, {
    symbols: ['BTC-USD-SWAP', 'BTC-USD-260925', '测试-USD-SWAP'],
    symbolWith: (text) => `${text}-USD-SWAP`,
    recognised: [
      {
        fixture: 'inverse-funding-rate-history.jsonl:2',
        url: `${api}/public/funding-rate-history?instId=BTC-USD-SWAP`,
        as: { stream: 'public/funding-rate-history', symbol: 'BTC-USD-SWAP' },
      },
      {
        fixture: 'inverse-funding-rate-history.jsonl:2',
        url: 'https://www.okx.com/api/v5/public/mark-price?instType=SWAP',
        as: null,
      },
    ],
  }),
)
