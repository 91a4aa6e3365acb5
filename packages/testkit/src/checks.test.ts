import type { ExchangeMarket, Limit } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import type { ConformanceCases } from './cases.ts'
import { checkChecksums } from './check-checksums.ts'
import { checkGolden } from './check-golden.ts'
import { checkIds } from './check-ids.ts'
import { checkMutations } from './check-mutations.ts'
import { checkNames } from './check-names.ts'
import { checkNumbers } from './check-numbers.ts'
import { checkPurity } from './check-purity.ts'
import { checkResets } from './check-resets.ts'
import { checkSequences } from './check-sequences.ts'
import { checkSession } from './check-session.ts'
import { checkStreams } from './check-streams.ts'
import { checkTimes } from './check-times.ts'
import { type Check, checks, conformance } from './conformance.ts'
import { fakeCases, fakeMarket } from './testing/fake-market.ts'
import type { Flaw } from './testing/flaw.ts'
import { foundBy } from './testing/found-by.ts'

const cases = fakeCases()

conformance(fakeMarket(), cases)

describe('every check', () => {
  it('is in the suite', () => {
    expect(Object.values(checks)).toEqual([
      checkGolden,
      checkStreams,
      checkSession,
      checkSequences,
      checkResets,
      checkChecksums,
      checkMutations,
      checkNumbers,
      checkTimes,
      checkIds,
      checkNames,
      checkPurity,
    ])
  })
})

const flaws: readonly (readonly [Check, readonly Flaw[]])[] = [
  [
    checkGolden,
    ['swaps sides', 'throws while recognising addresses', 'forgets a field', 'changes what was before'],
  ],
  [
    checkMutations,
    [
      'throws on no JSON',
      'throws while recognising',
      'trusts what was asked for',
      'leaves half a message',
      'mends cut messages',
      'nests without end',
      'takes any number of levels',
      'gives levels for trades',
      'gives the wrong detail',
      'writes into the message',
      'changes what was before',
      'trusts the order of keys',
      'passes long words on',
      'refuses keys that it does not know',
      'says an outcome that nobody knows',
      'repeats the wire in a detail',
      'takes broken UTF-8',
    ],
  ],
  [
    checkNumbers,
    [
      'reads through floats',
      'reads numbers loosely',
      'drops the sign',
      'rounds ids',
      'takes any time',
      'says nothing of the range',
      'takes what is no number for absent',
      'takes any interval',
    ],
  ],
  [
    checkNames,
    [
      'takes long names',
      'trims names',
      'takes broken UTF-8',
      'indexes objects by names',
      'trusts the table of names',
    ],
  ],
  [checkPurity, ['forgets a field', 'counts frames', 'keeps ids of another table']],
  [checkSequences, ['takes holes for next', 'takes absence for next', 'remembers positions']],
  [checkResets, ['takes a reset for stale']],
]

describe.each(flaws.map(([check, found]) => [check.name, check, found] as const))(
  '%s',
  (_name, check, found) => {
    it.each(found)('finds a market that %s', (flaw) => {
      // One flaw changes prototypes, which only this check's own market may see.
      const before = Object.getOwnPropertyNames(Object.prototype)
      try {
        expect(foundBy(check, fakeMarket(flaw), cases)).not.toEqual([])
      } finally {
        for (const name of Object.getOwnPropertyNames(Object.prototype)) {
          if (!before.includes(name)) delete (Object.prototype as unknown as Record<string, unknown>)[name]
        }
      }
    })
  },
)

const right = fakeMarket()
const [trade, book, rates] = right.streams as [(typeof right.streams)[number], never, never]
const session = (changes: object): ExchangeMarket => ({
  ...right,
  session: { ...right.session, ...changes },
})
const limit = (changes: Partial<Limit>): ExchangeMarket =>
  session({ serverPingMs: { ...right.session.serverPingMs, ...changes } })
const streams = (...changed: object[]): ExchangeMarket => ({
  ...right,
  streams: changed as unknown as ExchangeMarket['streams'],
})
const polled = (path: (symbol: string) => string, weight = 1): ExchangeMarket =>
  streams(trade, book, {
    ...(rates as object),
    scope: 'symbol',
    poll: { everyMs: 1, request: (symbol: string) => ({ path: path(symbol), weight }) },
  })

const listings: Readonly<Record<string, readonly [Check, ExchangeMarket]>> = {
  'a limit of zero': [checkSession, limit({ value: 0 })],
  'a limit without a source': [checkSession, limit({ source: ' ' })],
  'a limit read on no day': [checkSession, limit({ read: '2026-02-30' })],
  'a limit read tomorrow': [checkSession, limit({ read: '2026-11-22' })],
  'a limit read long ago': [checkSession, limit({ read: '2024-11-20' })],
  'a socket without TLS': [checkSession, session({ routes: { main: 'ws://fake.invalid/' } })],
  'requests without TLS': [checkSession, session({ restUrl: 'http://fake.invalid' })],
  'no route': [checkSession, session({ routes: {} })],
  'streams of one name on the wire': [checkSession, session({ streamName: (stream: string) => stream })],
  'a stream called otherwise on the wire': [
    checkSession,
    session({ streamName: (stream: string, symbol: string) => `${stream}:${symbol.toLowerCase()}` }),
  ],
  'a subscription that loses a stream': [
    checkSession,
    session({ subscribeFrame: (names: string[], id: number) => JSON.stringify({ sub: names.slice(1), id }) }),
  ],
  'a subscription without its id': [
    checkSession,
    session({ subscribeFrame: (names: string[]) => JSON.stringify({ sub: names, id: 1 }) }),
  ],
  'an end of a subscription that is one': [
    checkSession,
    session({ unsubscribeFrame: (names: string[], id: number) => JSON.stringify({ sub: names, id }) }),
  ],
  'a subscription longer than a frame': [
    checkSession,
    session({ subscribeFrameBytesMax: { ...right.session.serverPingMs, value: 20 } }),
  ],
  'a book request whose symbol is not escaped': [
    checkSession,
    session({ snapshotRequest: (symbol: string) => ({ path: `/book?s=${symbol}`, weight: 1 }) }),
  ],
  'a path that is a symbol': [checkSession, polled((symbol) => `/rates/${symbol}`)],
  'a path that two points of a symbol leave': [
    checkSession,
    polled((symbol) => `/rates/${encodeURIComponent(symbol)}/all`),
  ],
  'a request that costs nothing': [checkSession, polled(() => '/rates', 0)],
  'a path without a slash': [checkSession, polled(() => 'rates')],
  'a route that does not exist': [checkStreams, streams({ ...trade, route: 'other' })],
  'a route that every object has': [checkStreams, streams({ ...trade, route: 'constructor' })],
  'a stream that is listed twice': [checkStreams, streams(trade, trade, book, rates)],
  'a table of another market': [checkStreams, streams({ ...trade, table: 'spot_ob' })],
  'changes of what is no image': [checkStreams, streams({ ...trade, changes: 'spot_delta' })],
  'a table that only we write': [checkStreams, streams({ ...trade, table: 'gaps' })],
  'a book without a rule': [checkStreams, streams({ ...(book as object), follows: null })],
  'a collector that is no stream': [checkStreams, { ...right, collectors: { ticks: ['nothing'] } }],
  'a collector of another table': [checkStreams, { ...right, collectors: { ticks: ['book'] } }],
  'a collector that nobody brings': [
    checkStreams,
    { ...streams({ ...trade, route: null }), collectors: { ticks: ['trade'] } },
  ],
  'a decoder without a version': [checkStreams, { ...right, decoderVersion: '' }],
  'a stream that no fixture shows': [checkGolden, streams(trade, book, rates, { ...trade, name: 'other' })],
  'an event of a stream that is not listed': [checkGolden, streams(book, rates)],
  'a rule without a table': [checkSequences, streams(trade, book, rates, { ...trade, name: 'other' })],
}

describe('what a market lists', () => {
  it.each(Object.entries(listings))('is not passed with %s', (_what, [check, market]) => {
    expect(check(market, cases)).not.toEqual([])
  })
})

const without = (changes: Partial<ConformanceCases>): ConformanceCases => ({ ...cases, ...changes })
const [trades, ...books] = cases.sequences as [ConformanceCases['sequences'][number]]
const rows = (...kept: number[]): ConformanceCases =>
  without({
    sequences: [{ ...trades, rows: trades.rows.filter((_row, i) => kept.includes(i)) }, ...books],
  })

const poorCases: Readonly<Record<string, readonly [Check, ConformanceCases]>> = {
  'no row for a gap': [checkSequences, rows(0, 1, 2)],
  'no row beside the border': [checkSequences, rows(0, 2, 4)],
  'a table for a stream without a rule': [
    checkSequences,
    without({ sequences: [...cases.sequences, { ...trades, stream: 'rates' }] }),
  ],
  'an answer that never comes, and comes': [
    checkSequences,
    without({ sequences: [{ ...trades, never: { gap: 'ids skip' } }, ...books] }),
  ],
  'no resets and no reason': [checkResets, without({ resets: { none: '' } })],
  'an empty list of resets': [checkResets, without({ resets: [] })],
  'no fixtures, for numbers': [checkNumbers, without({ fixtures: [] })],
  'no fixtures, for names': [checkNames, without({ fixtures: [] })],
  'a stream without a name on the wire': [checkSession, without({ wireNames: { trade: 'trade:ABC' } })],
  'one symbol': [checkSession, without({ symbols: ['ABC'] })],
  'another golden': [
    checkGolden,
    without({
      fixtures: cases.fixtures.map((fixture) => ({ ...fixture, golden: { ...fixture.golden, events: [] } })),
    }),
  ],
  'another address of an answer': [
    checkGolden,
    without({ recognised: [{ fixture: 'rates:2', url: null, as: { stream: 'rates', symbol: '' } }] }),
  ],
}

describe('poor cases', () => {
  it.each(Object.entries(poorCases))('are not passed with %s', (_what, [check, poor]) => {
    expect(check(right, poor)).not.toEqual([])
  })

  it('may say that an answer never comes, and why', () => {
    const [first, second, third] = trades.rows as [never, never, never]
    const quoteLike = { ...trades, rows: [first, second, third], never: { gap: 'ids skip' } }
    expect(checkSequences(right, without({ sequences: [quoteLike, ...books] }))).toEqual([])
  })

  it('may say that a request is free, and where that is said', () => {
    const free = polled(() => '/rates', 0)
    expect(checkSession(free, without({ free: { rates: 'invented' } }))).toEqual([])
    expect(checkSession(free, without({ free: { rates: '' } }))).not.toEqual([])
  })

  it('may give addresses without TLS, when the market was made with them', () => {
    const local = session({ routes: { main: 'ws://127.0.0.1:1/stream' }, restUrl: 'http://127.0.0.1:2' })
    expect(checkSession(local, without({ addresses: 'given' }))).toEqual([])
  })
})
