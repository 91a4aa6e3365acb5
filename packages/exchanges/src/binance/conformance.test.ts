import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExchangeMarket } from '@cryptoflow/model'
import {
  type ConformanceCases,
  conformance,
  type Fixture,
  fixturesOf,
  type SequenceCase,
} from '@cryptoflow/testkit'
import { binanceInverse, binanceLinear, binanceSpot } from './index.ts'

const folder = join(import.meta.dirname, 'fixtures')

/** Frames and book snapshots of one market, and what it answers to other requests. */
function fixturesIn({ exchange, market }: ExchangeMarket): Fixture[] {
  const asked = { exchange, market, resync: 0, status: 200 }
  return [
    ...filesOf(market).flatMap((name) => {
      const isBook = name.startsWith('rest-')
      const answer = isBook ? { ...asked, stream: 'depth@100ms', symbol: 'BNBBTC', resync: 1 } : null
      return fixturesOf({ ...textsOf(market, name), answer })
    }),
    ...filesOf('answers')
      .filter((name) => name.startsWith(`${market}-`))
      .flatMap((name) => {
        const texts = textsOf('answers', name)
        const [about = ''] = texts.frames.split('\n')
        const { stream, symbol } = JSON.parse(about) as { stream: string; symbol: string }
        return fixturesOf({ ...texts, answer: { ...asked, stream, symbol } }).map(spelledOut)
      }),
  ]
}

function filesOf(part: string): string[] {
  return readdirSync(join(folder, part)).filter((name) => /^[^.]+\.jsonl$/.test(name))
}

function textsOf(part: string, name: string): { name: string; frames: string; goldens: string } {
  const read = (file: string): string => readFileSync(join(folder, part, file), 'utf8')
  return { name, frames: read(name), goldens: read(name.replace('.jsonl', '.golden.jsonl')) }
}

/** Goldens of answers name sequences by their order. */
function spelledOut(fixture: Fixture): Fixture {
  const events = fixture.golden.events.map((event) => {
    const { seqs, tradeIds, ...rest } = event as {
      seqs: (number | null)[]
      tradeIds?: (number | null)[]
      kind: string
    }
    const [firstSeq, lastSeq, prevSeq] = seqs
    const ids = rest.kind === 'aggregate' ? { firstTradeId: tradeIds?.[0], lastTradeId: tradeIds?.[1] } : {}
    return { entries: [], ...rest, firstSeq, lastSeq, prevSeq, ...ids }
  })
  return { ...fixture, golden: { ...fixture.golden, events } }
}

const absent = Number.NaN

const ids: SequenceCase['rows'] = [
  [8, 7, 7, absent, 'stale'],
  [7, 7, 7, absent, 'stale'],
  [6, 7, 7, absent, 'next'],
  [5, 7, 7, absent, 'gap'],
  [4, 7, 7, absent, 'gap'],
]

const growing: SequenceCase['rows'] = [
  [10, absent, 9, absent, 'stale'],
  [10, absent, 10, absent, 'stale'],
  [10, absent, 11, absent, 'next'],
  [10, absent, 1_000, absent, 'next'],
]

const spotBook: SequenceCase['rows'] = [
  [10, 8, 9, absent, 'stale'],
  [10, 8, 10, absent, 'stale'],
  [10, 8, 11, absent, 'next'],
  [10, 10, 12, absent, 'next'],
  [10, 11, 12, absent, 'next'],
  [10, 12, 12, absent, 'gap'],
  [10, 13, 13, absent, 'gap'],
]

const futuresJoins: SequenceCase['rows'] = [
  [10, 8, 8, 7, 'stale'],
  [10, 8, 9, 7, 'stale'],
  [10, 8, 10, 7, 'next'],
  [10, 8, 11, 7, 'next'],
  [10, 9, 12, 7, 'next'],
  [10, 10, 12, 7, 'next'],
  [10, 11, 12, 7, 'gap'],
  [10, 11, 12, 9, 'gap'],
  [10, 11, 12, 10, 'next'],
  [10, 11, 12, 11, 'gap'],
]

const futuresFollows: SequenceCase['rows'] = [
  [10, 8, 9, 9, 'stale'],
  [10, 8, 10, 9, 'stale'],
  [10, 8, 10, 10, 'next'],
  [10, 8, 11, 9, 'gap'],
  [10, 11, 12, 9, 'gap'],
  [10, 11, 12, 10, 'next'],
  [10, 15, 20, 10, 'next'],
  [10, 11, 12, 11, 'gap'],
]

/** Which of the tables a stream has, by what it carries. */
function sequencesOf(market: ExchangeMarket): SequenceCase[] {
  return market.streams.flatMap(({ name: stream, table, book, follows }): SequenceCase[] => {
    if (follows === null) return []
    if (table === 'ticks') return [{ stream, rule: 'follows', rows: ids }]
    if (book === null) {
      return [
        { stream, rule: 'follows', rows: growing, never: { gap: 'update ids skip, so no gap can be seen' } },
      ]
    }
    const isSpot = market.market === 'spot'
    return [
      { stream, rule: 'joins', rows: isSpot ? spotBook : futuresJoins },
      { stream, rule: 'follows', rows: isSpot ? spotBook : futuresFollows },
    ]
  })
}

/** Symbols in lower case, then the channel; streams of the whole market are called what they are. */
function wireNamesOf({ streams }: ExchangeMarket, [symbol = '']: readonly string[]): Record<string, string> {
  const lower = symbol.toLowerCase()
  return Object.fromEntries(
    streams.map(({ name }) => [name, name.startsWith('!') ? name : `${lower}@${name}`]),
  )
}

/** `{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}`, as the documents give it. */
function readSubscription(frame: string): { names: string[]; id: number } | null {
  const { method, params, id, ...others } = JSON.parse(frame) as Record<string, unknown>
  const isOne = method === 'SUBSCRIBE' && Array.isArray(params) && Object.keys(others).length === 0
  return isOne && Number.isSafeInteger(id) ? { names: params as string[], id: id as number } : null
}

const cases = (
  market: ExchangeMarket,
  more: Pick<ConformanceCases, 'symbols' | 'recognised' | 'free'>,
): ConformanceCases => ({
  ...more,
  fixtures: fixturesIn(market),
  sequences: sequencesOf(market),
  resets: { none: 'no document, no capture and no client tells of ids that began anew' },
  wireNames: wireNamesOf(market, more.symbols),
  readSubscription,
  today: '2026-11-21',
  seed: 20_261_121,
  addresses: 'own',
})

const spot = binanceSpot()
const linear = binanceLinear()
const inverse = binanceInverse()

conformance(
  spot,
  cases(spot, {
    symbols: ['BTCUSDT', 'ETHBTC', '1000SATSUSDT', '测试USDT'],
    recognised: [
      {
        fixture: 'rest-depth.jsonl:2',
        url: 'https://api.binance.com/api/v3/depth?symbol=BNBBTC&limit=5000',
        as: { stream: 'book', symbol: 'BNBBTC' },
      },
      { fixture: 'rest-depth.jsonl:2', url: null, as: { stream: 'book', symbol: null } },
      {
        fixture: 'spot-trades.jsonl:2',
        url: 'https://api.binance.com/api/v3/trades?symbol=BNBBTC',
        as: { stream: 'trades', symbol: 'BNBBTC' },
      },
      {
        fixture: 'spot-trades.jsonl:2',
        url: 'https://fapi.binance.com/fapi/v1/trades?symbol=BNBBTC',
        as: null,
      },
    ],
  }),
)

conformance(
  linear,
  cases(linear, {
    symbols: ['BTCUSDT', 'BTCUSDT_260925', '1000SHIBUSDT', '测试USDT'],
    free: { fundingInfo: 'its own pool of 500 in five minutes; Get Funding Rate Info, read 2026-05-28' },
    recognised: [
      {
        fixture: 'linear-premium-index.jsonl:2',
        url: 'https://fapi.binance.com/fapi/v1/premiumIndex',
        as: { stream: 'premiumIndex', symbol: '' },
      },
      {
        fixture: 'linear-open-interest.jsonl:2',
        url: 'https://fapi.binance.com/fapi/v1/openInterest?symbol=BTCUSDT',
        as: { stream: 'openInterest', symbol: 'BTCUSDT' },
      },
    ],
  }),
)

conformance(
  inverse,
  cases(inverse, {
    symbols: ['BTCUSD_PERP', 'BTCUSD_260925', 'ETHUSD_PERP'],
    recognised: [
      {
        fixture: 'inverse-open-interest.jsonl:2',
        url: 'https://dapi.binance.com/dapi/v1/openInterest?symbol=BTCUSD_200626',
        as: { stream: 'openInterest', symbol: 'BTCUSD_200626' },
      },
      {
        fixture: 'inverse-open-interest.jsonl:2',
        url: 'https://fapi.binance.com/fapi/v1/openInterest?symbol=BTCUSD_200626',
        as: null,
      },
    ],
  }),
)
