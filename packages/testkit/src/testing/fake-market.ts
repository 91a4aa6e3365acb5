import {
  type Continuity,
  type DecodeOutcome,
  EventKind,
  type ExchangeMarket,
  type Follows,
  type Limit,
  type RestBookRule,
} from '@cryptoflow/model'
import type { ConformanceCases, Fixture } from '../cases.ts'
import { fixturesOf } from '../fixtures.ts'
import { appendBook, appendRate, appendTrade, attempt, isFields, parse } from './fake-decode.ts'
import type { Flaw } from './flaw.ts'

/** A limit of nobody. */
export const limit = (value: number): Limit => ({ value, source: 'invented', read: '2026-11-20' })
const UNKNOWN: DecodeOutcome = { kind: 'unknown', reason: 'unknown_message', detail: 'no known message' }
const NO_JSON: DecodeOutcome = { kind: 'malformed', reason: 'malformed', detail: 'no JSON' }

/** A market of nobody's, right in everything but its flaws. */
export function fakeMarket(...given: readonly Flaw[]): ExchangeMarket {
  const flaws = new Set(given)
  const book = bookRule(flaws)
  return {
    exchange: 'fake',
    market: 'linear',
    aliases: [],
    decoderVersion: 'fake-json/1',
    quantityUnit: 'base',
    session: {
      routes: { main: 'wss://fake.invalid/stream' },
      restUrl: 'https://fake.invalid',
      restPool: 'fake',
      streamsPerConnectionMax: limit(100),
      messagesPerSecondMax: limit(5),
      subscribeFrameBytesMax: limit(400),
      connectsPerFiveMinutesMax: limit(300),
      connectionLifeMs: limit(86_400_000),
      serverPingMs: limit(20_000),
      restWeightPerMinute: limit(1_000),
      subscribesPerHourMax: null,
      streamsPerFrameMax: null,
      clientPing: null,
      openingFrames: {},
      confirms: 'frame',
      usedWeightHeader: null,
      restBan: null,
      streamName: (stream, symbol) => `${stream}:${symbol}`,
      subscribeGroup: () => '',
      subscribeFrame: (names, id) => JSON.stringify({ sub: names, id }),
      unsubscribeFrame: (names, id) => JSON.stringify({ unsub: names, id }),
      snapshotRequest: (symbol) => ({ path: `/book?s=${encodeURIComponent(symbol)}`, weight: 10 }),
    },
    streams: [
      {
        name: 'trade',
        table: 'ticks',
        scope: 'symbol',
        route: 'main',
        within: null,
        idWindow: 0,
        follows: follower(flaws),
        book: null,
        poll: null,
      },
      {
        name: 'book',
        table: 'futures_delta',
        scope: 'symbol',
        route: 'main',
        within: null,
        idWindow: 0,
        follows: book.follows,
        book,
        poll: null,
      },
      {
        name: 'rates',
        table: 'funding',
        scope: 'market',
        route: null,
        within: null,
        idWindow: 0,
        follows: null,
        book: null,
        poll: { everyMs: 60_000, request: () => ({ path: '/rates', weight: 1 }) },
      },
    ],
    collectors: { ticks: ['trade'], futures_delta: ['book'], futures_ob: ['book'], funding: ['rates'] },
    decodeFrame(bytes, out) {
      if (new TextDecoder().decode(bytes) === 'ping') return { kind: 'heartbeat' }
      const fields = parse(bytes, flaws)
      if (!isFields(fields)) return NO_JSON
      const keys = Object.keys(fields)
      if (flaws.has('trusts the order of keys') && keys[0] !== 'ch' && keys.includes('ch')) return UNKNOWN
      if (flaws.has('refuses keys that it does not know') && keys.includes('zzUnknown')) return UNKNOWN
      if (Object.hasOwn(fields, 'ok')) return { kind: 'ack', id: 5 }
      if (fields.ch === 'trade')
        return attempt({ flaws, out }, () => appendTrade({ flaws, out }, fields, bytes))
      if (fields.ch === 'book') {
        return attempt({ flaws, out }, () =>
          appendBook({ flaws, out }, fields, EventKind.bookDelta, fields.sym),
        )
      }
      return strange(flaws, bytes)
    },
    decodeAnswer(context, body, out) {
      const fields = parse(body, flaws)
      if (!isFields(fields)) return NO_JSON
      if (context.stream === 'book') {
        return attempt({ flaws, out }, () =>
          appendBook({ flaws, out }, fields, EventKind.bookSnapshot, context.symbol),
        )
      }
      const { rates } = fields
      if (flaws.has('trusts what was asked for') && context.stream === 'rates') (rates as unknown[]).at(0)
      if (!Array.isArray(rates) || !rates.every(isFields)) return UNKNOWN
      return attempt({ flaws, out }, () => {
        for (const rate of rates) appendRate({ flaws, out }, rate)
      })
    },
    hears: () => null,
    symbolMeant: () => null,
    recognise(url, body) {
      if (flaws.has('throws while recognising addresses') && url !== null) new URL(url)
      if (flaws.has('throws while recognising')) JSON.parse(new TextDecoder().decode(body))
      return url?.startsWith('https://fake.invalid/rates') ? { stream: 'rates', symbol: '' } : null
    },
  }
}

function strange(flaws: ReadonlySet<Flaw>, bytes: Uint8Array): DecodeOutcome {
  if (flaws.has('says an outcome that nobody knows')) return { kind: 'odd' } as never
  if (!flaws.has('repeats the wire in a detail')) return UNKNOWN
  return { kind: 'unknown', reason: 'unknown_message', detail: new TextDecoder().decode(bytes) }
}

function follower(flaws: ReadonlySet<Flaw>): Follows {
  let highest = 0
  return (last, id): Continuity => {
    if (flaws.has('remembers positions')) {
      if (id < highest) return 'stale'
      highest = id
    }
    if (flaws.has('takes holes for next') && id === last + 2) return 'next'
    if (flaws.has('takes absence for next')) return id <= last ? 'stale' : id > last + 1 ? 'gap' : 'next'
    // Ids of the fake market begin anew at 1.
    if (id === 1 && last > 1 && !flaws.has('takes a reset for stale')) return 'gap'
    if (id === last + 1) return 'next'
    return id <= last ? 'stale' : 'gap'
  }
}

function bookRule(flaws: ReadonlySet<Flaw>): RestBookRule {
  const linked = (last: number, nextLast: number, prev: number): Continuity => {
    if (flaws.has('takes absence for next') && Number.isNaN(prev)) return 'next'
    return prev === last ? 'next' : nextLast <= last ? 'stale' : 'gap'
  }
  return {
    origin: 'rest',
    joins: (snapshot, _first, last, prev) => linked(snapshot, last, prev),
    follows: (last, _first, nextLast, prev) => linked(last, nextLast, prev),
  }
}

/** Fixtures and tables that the fake market passes. */
export function fakeCases(): ConformanceCases {
  return {
    fixtures: fakeFixtures(),
    sequences: [
      {
        stream: 'trade',
        rule: 'follows',
        rows: [
          [7, 6, 6, Number.NaN, 'stale'],
          [7, 7, 7, Number.NaN, 'stale'],
          [7, 8, 7, Number.NaN, 'next'],
          [7, 8, 9, Number.NaN, 'next'],
          [7, 9, 9, Number.NaN, 'gap'],
        ],
      },
      ...(['joins', 'follows'] as const).map((rule) => ({
        stream: 'book',
        rule,
        rows: [
          [10, 8, 10, 9, 'stale'],
          [10, 8, 10, 10, 'next'],
          [10, 11, 12, 9, 'gap'],
          [10, 11, 12, 10, 'next'],
          [10, 11, 12, 11, 'gap'],
        ] as const,
      })),
    ],
    resets: [
      {
        stream: 'trade',
        last: 1_000_000,
        messages: [
          [1, 1, Number.NaN],
          [2, 2, Number.NaN],
        ],
      },
    ],
    wireNames: { trade: 'trade:ABC', book: 'book:ABC' },
    symbols: ['ABC', '测试ABC', 'ABCDEF'],
    readSubscription: (frame) => {
      const { sub, id } = JSON.parse(frame) as { sub?: string[]; id: number }
      return sub === undefined ? null : { names: sub, id }
    },
    recognised: [
      { fixture: 'rates:2', url: 'https://fake.invalid/rates', as: { symbol: '', stream: 'rates' } },
      { fixture: 'rates:2', url: null, as: null },
    ],
    today: '2026-11-21',
    seed: 7,
    addresses: 'own',
  }
}

const asked = { exchange: 'fake', market: 'linear', resync: 0, status: 200 } as const

function fakeFixtures(): Fixture[] {
  return [
    ...fixturesOf({
      name: 'frames',
      answer: null,
      frames: `{"from":"invented"}
{"ch":"trade","sym":"ABC","id":7,"px":"1.50","qty":"2","ts":1700000000000,"buy":true,"type":"NORMAL"}
{"ch":"book","sym":"ABC","from":1,"to":3,"prev":0,"bids":[["1","2"],["0.9","3"]],"asks":[["1.1","0"]]}
{"ok":5}
ping
{"hello":"world"}`,
      goldens: `{"of":"frames"}
{"outcome":{"kind":"events"},"events":[{"kind":"trade","symbol":"ABC","stream":"trade","sentUs":1700000000000000,"engineUs":null,"firstSeq":7,"lastSeq":7,"tradeType":"NORMAL","entries":[["buy","1.50","2"]]}]}
{"outcome":{"kind":"events"},"events":[{"kind":"bookDelta","symbol":"ABC","stream":"book","firstSeq":1,"lastSeq":3,"prevSeq":0,"entries":[["bid","1","2"],["bid","0.9","3"],["ask","1.1","0"]]}]}
{"outcome":{"kind":"ack","id":5},"events":[]}
{"outcome":{"kind":"heartbeat"},"events":[]}
{"outcome":{"kind":"unknown","reason":"unknown_message","detail":"no known message"},"events":[]}`,
    }),
    ...fixturesOf({
      name: 'rest-book',
      answer: { ...asked, stream: 'book', symbol: 'ABC' },
      frames: `{"from":"invented"}
{"to":3,"bids":[["1","2"]],"asks":[]}`,
      goldens: `{"of":"rest-book"}
{"outcome":{"kind":"events"},"events":[{"kind":"bookSnapshot","symbol":"ABC","stream":"book","lastSeq":3,"entries":[["bid","1","2"]]}]}`,
    }),
    ...fixturesOf({
      name: 'rates',
      answer: { ...asked, stream: 'rates', symbol: '' },
      frames: `{"from":"invented"}
{"rates":[{"sym":"ABC","rate":"-0.01","next":1700000000000,"hours":8},{"sym":"DEF","rate":"","next":0}]}`,
      goldens: `{"of":"rates"}
{"outcome":{"kind":"events"},"events":[{"kind":"funding","symbol":"ABC","stream":"rates","detail":{"fundingRate":"-0.01","fundingUs":1700000000000000,"intervalHours":8,"kind":"current"},"entries":[]},{"kind":"funding","symbol":"DEF","stream":"rates","detail":{"kind":"current"},"entries":[]}]}`,
    }),
  ]
}
