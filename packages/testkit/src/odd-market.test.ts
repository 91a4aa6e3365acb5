import type { ExchangeMarket, SessionSpec, StreamSpec } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import type { ConformanceCases, ResetCase } from './cases.ts'
import { checkChecksums } from './check-checksums.ts'
import { checkGolden } from './check-golden.ts'
import { checkIds } from './check-ids.ts'
import { checkMutations } from './check-mutations.ts'
import { checkNames } from './check-names.ts'
import { checkNumbers } from './check-numbers.ts'
import { checkResets } from './check-resets.ts'
import { checkSequences } from './check-sequences.ts'
import { checkSession } from './check-session.ts'
import { checkStreams } from './check-streams.ts'
import { checkTimes } from './check-times.ts'
import { type Check, conformance } from './conformance.ts'
import { foundBy } from './testing/found-by.ts'
import { oddCases } from './testing/odd-cases.ts'
import type { OddFlaw } from './testing/odd-flaw.ts'
import { oddMarket } from './testing/odd-market.ts'

const cases = oddCases()

conformance(oddMarket(), cases)

const flaws: readonly (readonly [Check, readonly OddFlaw[]])[] = [
  [
    checkGolden,
    [
      'forgets text ids',
      'takes the names of other markets',
      'swaps the places of frames',
      'hears by chance',
      'throws while hearing',
    ],
  ],
  [
    checkMutations,
    [
      'leaves text ids behind',
      'changes an id that was there',
      'hears only JSON',
      'writes into what it hears',
      'takes any number of levels',
      'says that it is outside for a reason that nobody knows',
      'confirms names that are none',
      'forgets the place of what it refuses',
      'counts answers',
      'gives ids where none are remembered',
      'gives trades a range of ids',
      'gives an instrument the digits of its dreams',
      'takes long ids',
    ],
  ],
  [
    checkNumbers,
    ['reads bare numbers through floats', 'folds checksums', 'takes any place', 'shortens bare numbers'],
  ],
  [
    checkTimes,
    [
      'rounds times',
      'reads times as the engine does',
      'takes days that are none',
      'knows no nanoseconds',
      'takes nonsense for an absent time',
    ],
  ],
  [checkIds, ['reads ids through floats', 'cuts ids', 'takes long ids', 'trims ids', 'forgets text ids']],
  [
    checkChecksums,
    [
      'sums too few levels',
      'sums levels behind',
      'forgets quantities',
      'remembers a checksum',
      'cannot sum thin books',
    ],
  ],
  [checkNames, ['leaves short names beyond ASCII out']],
]

describe.each(flaws.map(([check, found]) => [check.name, check, found] as const))(
  '%s',
  (_name, check, found) => {
    it.each(found)('finds a market that %s', (flaw) => {
      expect(foundBy(check, oddMarket(flaw), cases)).not.toEqual([])
    })
  },
)

const right = oddMarket()
const [trades, forced, book, list] = right.streams as [StreamSpec, StreamSpec, StreamSpec, StreamSpec]
const session = (changes: Partial<SessionSpec>): ExchangeMarket => ({
  ...right,
  session: { ...right.session, ...changes },
})
const streams = (...changed: StreamSpec[]): ExchangeMarket => ({ ...right, streams: changed })
const booked = (changes: object): ExchangeMarket =>
  streams(trades, forced, { ...book, book: { ...book.book, ...changes } as StreamSpec['book'] }, list)
const within = (changes: Partial<StreamSpec>): ExchangeMarket =>
  streams(trades, { ...forced, ...changes }, book, list)
const value = { source: 'invented', read: '2026-11-20', value: 1_000 }

const listings: Readonly<Record<string, readonly [Check, ExchangeMarket]>> = {
  'a ping without a source': [
    checkSession,
    session({ clientPing: { everyMs: { ...value, source: '' }, frame: null } }),
  ],
  'a ping that is no JSON': [
    checkSession,
    session({ clientPing: { everyMs: value, frame: '{"op":"ping"' } }),
  ],
  'an empty ping': [checkSession, session({ clientPing: { everyMs: value, frame: '' } })],
  'a ban of unknown length': [
    checkSession,
    session({ restBan: { statuses: [403], ms: { ...value, value: 0 } } }),
  ],
  'a ban by no status': [checkSession, session({ restBan: { statuses: [], ms: value } })],
  'a ban by a status that all have': [checkSession, session({ restBan: { statuses: [429], ms: value } })],
  'a ban by success': [checkSession, session({ restBan: { statuses: [200], ms: value } })],
  'an opening of no route': [checkSession, session({ openingFrames: { other: ['{}'] } })],
  'an opening that is no JSON': [checkSession, session({ openingFrames: { main: ['[1'] } })],
  'a limit of streams in a frame that nobody read': [
    checkSession,
    session({ streamsPerFrameMax: { ...value, read: 'once' } }),
  ],
  'a limit of subscriptions that is none': [
    checkSession,
    session({ subscribesPerHourMax: { ...value, value: -1 } }),
  ],
  'a group that changes': [checkSession, session({ subscribeGroup: () => String(Math.random()) })],
  'a subscription that loses a stream of one group': [
    checkSession,
    session({
      subscribeFrame: (names) =>
        JSON.stringify({ sub: names.filter((name, i) => i === 0 || !name.startsWith('book')) }),
    }),
  ],
  'a subscription that changes': [
    checkSession,
    session({ subscribeFrame: (names) => JSON.stringify({ sub: names, at: Math.random() }) }),
  ],
  'an id that has no place in the frame, and is the confirmation': [
    checkSession,
    session({ confirms: 'frame' }),
  ],
  'an end that is a subscription': [
    checkSession,
    session({ unsubscribeFrame: (names) => JSON.stringify({ sub: names }) }),
  ],
  'an end of other streams': [
    checkSession,
    session({ unsubscribeFrame: () => JSON.stringify({ unsub: ['book:X_ABC'] }) }),
  ],
  'a stream within another that is called otherwise': [
    checkSession,
    session({ streamName: (stream, symbol) => `${stream}:${symbol}` }),
  ],
  'confirmations of streams that are called otherwise': [
    checkSession,
    session({
      streamName: (stream, symbol) =>
        stream.startsWith('trades') ? `trades/${symbol}` : `${stream}/${symbol}`,
    }),
  ],
  'snapshots that no book needs': [
    checkStreams,
    session({ snapshotRequest: () => ({ path: '/book', weight: 1 }) }),
  ],
  'a stream within none': [checkStreams, within({ within: 'nothing' })],
  'a stream within itself': [checkStreams, within({ within: 'trades/forced' })],
  'a stream within one that is polled': [checkStreams, within({ within: 'list' })],
  'a stream within one of another scope': [checkStreams, within({ scope: 'market' })],
  'a stream within one of another route': [checkStreams, within({ route: null })],
  'a stream within one of the same table': [checkStreams, within({ table: 'ticks' })],
  'a stream within one that is within another': [
    checkStreams,
    streams({ ...trades, within: 'book', table: 'bbo' }, forced, book, list),
  ],
  'a window of less than nothing': [checkStreams, streams({ ...trades, idWindow: -1 }, forced, book, list)],
  'depths that fall': [checkStreams, booked({ depths: [10, 2] })],
  'a depth of nothing': [checkStreams, booked({ depths: [0] })],
  'no depths in the list of them': [checkStreams, booked({ depths: [] })],
  'a checksum of no levels': [checkStreams, booked({ checksum: { depth: 0, of: () => 0 } })],
  'a book whose stream has another rule': [checkStreams, booked({ follows: () => 'next' })],
  'an answer of hears that is none': [checkGolden, { ...right, hears: () => undefined as never }],
  'its own name among the others': [checkStreams, { ...right, aliases: ['odd'] }],
  'another name twice': [checkStreams, { ...right, aliases: ['a', 'a'] }],
  'another name that is empty': [checkStreams, { ...right, aliases: [''] }],
  'a checksum that is not sent': [
    checkNumbers,
    { ...right, decodeFrame: (bytes, out) => withoutChecksums(right.decodeFrame(bytes, out), out) },
  ],
  'ids that no message has': [checkGolden, streams(trades, forced, { ...book, idWindow: 9 }, list)],
}

function withoutChecksums(
  outcome: ReturnType<ExchangeMarket['decodeFrame']>,
  out: Parameters<ExchangeMarket['decodeFrame']>[1],
): ReturnType<ExchangeMarket['decodeFrame']> {
  out.checksum.fill(Number.NaN)
  return outcome
}

describe('what an odd market lists', () => {
  it.each(Object.entries(listings))('is not passed with %s', (_what, [check, market]) => {
    expect(check(market, cases)).not.toEqual([])
  })

  it('may have a stream within one that is polled', () => {
    const inner: StreamSpec = { ...list, name: 'list/quotes', table: 'bbo', poll: null, within: 'list' }
    const market = { ...streams(...right.streams, inner), collectors: { bbo: ['list/quotes'] } }
    expect(checkStreams(market, cases)).toEqual([])
    const alone = { ...streams(...right.streams, { ...inner, within: null }), collectors: market.collectors }
    expect(checkStreams(alone, cases)).not.toEqual([])
  })

  it('is never asked for a frame of more streams than it takes', () => {
    let most = 0
    const subscribeFrame: SessionSpec['subscribeFrame'] = (names, id) => {
      most = Math.max(most, names.length)
      return right.session.subscribeFrame(names, id)
    }
    const streamsPerFrameMax = { ...value, value: 3 }
    expect(checkSession(session({ subscribeFrame, streamsPerFrameMax }), cases)).toEqual([])
    expect(most).toBe(3)
  })

  it('may leave limits out, ping by the protocol, and open nothing', () => {
    const plain = session({
      streamsPerFrameMax: null,
      subscribesPerHourMax: null,
      restBan: null,
      openingFrames: {},
    })
    expect(checkSession(plain, cases)).toEqual([])
    expect(checkSession(session({ clientPing: { everyMs: value, frame: null } }), cases)).toEqual([])
    expect(checkSession(session({ unsubscribeFrame: () => null, confirms: 'data' }), cases)).toEqual([])
  })
})

const without = (changes: Partial<ConformanceCases>): ConformanceCases => ({ ...cases, ...changes })

describe('poor cases of an odd market', () => {
  it.each<readonly [string, Check, ConformanceCases]>([
    ['no checksum', checkChecksums, without({ checksums: [] })],
    [
      'a checksum of a stream without one',
      checkChecksums,
      without({ checksums: (cases.checksums ?? []).map((known) => ({ ...known, stream: 'trades' })) }),
    ],
    [
      'another checksum',
      checkChecksums,
      without({ checksums: (cases.checksums ?? []).map((known) => ({ ...known, is: known.is + 1 })) }),
    ],
    ['no count of frames', checkGolden, without({ connectionSeqOf: undefined as never })],
    ['another count of frames', checkGolden, without({ connectionSeqOf: () => 1 })],
    [
      'frames that are heard otherwise',
      checkGolden,
      without({ heard: [{ fixture: 'frames:2', url: null, as: null }] }),
    ],
    ['instruments that are spelled otherwise', checkGolden, without({ spelledInLists: undefined as never })],
    [
      'another checksum in a golden',
      checkGolden,
      without({ fixtures: cases.fixtures.map((fixture) => withChecksum(fixture, 9)) }),
    ],
    ['no ack', checkSession, without({ fixtures: cases.fixtures.filter(({ name }) => name !== 'frames:5') })],
    [
      'a table of joins',
      checkSequences,
      without({ sequences: [{ stream: 'book', rule: 'joins', rows: [] }] }),
    ],
  ])('are not passed with %s', (_what, check, poor) => {
    expect(check(right, poor)).not.toEqual([])
  })
})

function withChecksum(fixture: ConformanceCases['fixtures'][number], checksum: number): typeof fixture {
  const events = fixture.golden.events.map((event) =>
    (event as { stream: string }).stream === 'book' ? { ...(event as object), checksum } : event,
  )
  return { ...fixture, golden: { ...fixture.golden, events } }
}

describe('a thin book', () => {
  const thin = { stream: 'book', bids: [['1.50', '3']] as const, asks: [], is: 480 }

  it('has a checksum too, the same however often it is asked for', () => {
    expect(checkChecksums(right, without({ checksums: [thin] }))).toEqual([])
    expect(checkChecksums(oddMarket('remembers a checksum'), without({ checksums: [thin] }))).not.toEqual([])
  })
})

/** Books of this market with a rule: messages name their predecessor, and their numbers may fall. */
const chained = booked({ follows: null }).streams.map(
  (stream): StreamSpec =>
    stream.name === 'book'
      ? {
          ...stream,
          follows: (last, _first, next, prev) => (prev === last ? 'next' : next <= last ? 'stale' : 'gap'),
        }
      : stream,
)

describe('a sequence that begins anew', () => {
  const found = (...resets: ResetCase[]) => checkResets(streams(...chained), without({ resets }))
  const after: ResetCase['messages'] = [
    [Number.NaN, 3, 15],
    [Number.NaN, 5, 3],
  ]

  it('may name its predecessor and have a smaller number', () => {
    expect(found({ stream: 'book', last: 15, messages: after, begins: 'next' })).toEqual([])
    expect(found({ stream: 'book', last: 15, messages: after })).not.toEqual([])
    expect(found({ stream: 'book', last: 2, messages: after, begins: 'next' })).not.toEqual([])
  })

  it('may begin with a snapshot in the stream, whatever its numbers are', () => {
    const first = [Number.NaN, 1, Number.NaN] as const
    const next = [Number.NaN, 2, 1] as const
    expect(found({ stream: 'book', last: 1_000, messages: [first, next], begins: 'snapshot' })).toEqual([])
    expect(found({ stream: 'book', last: 1_000, messages: [first, next] })).not.toEqual([])
    expect(found({ stream: 'book', last: 1_000, messages: [first], begins: 'snapshot' })).not.toEqual([])
    expect(
      found({ stream: 'book', last: 1_000, messages: [first, after[1] as never], begins: 'snapshot' }),
    ).not.toEqual([])
  })

  it('has messages, a rule, and a snapshot that a fixture shows', () => {
    const messages = [
      [Number.NaN, 1, Number.NaN],
      [Number.NaN, 2, 1],
    ] as const
    expect(found({ stream: 'book', last: 1_000, messages: [] })).not.toEqual([])
    expect(found({ stream: 'trades', last: 1_000, messages, begins: 'snapshot' })).not.toEqual([])
    const resets: ResetCase[] = [{ stream: 'book', last: 1_000, messages, begins: 'snapshot' }]
    expect(checkResets(streams(...chained), without({ resets, fixtures: [] }))).not.toEqual([])
  })
})
