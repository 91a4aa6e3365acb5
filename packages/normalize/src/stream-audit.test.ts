import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Row, START_US, type Step } from './lane-fixture.ts'
import { of, Stream } from './stream-fixture.ts'

const BID: Level = ['bid', '100.0', '1']
const ASK: Level = ['ask', '101.0', '2']
const FAR: Level = ['bid', '90.0', '5']

const about = { exchange: 'other', market: 'linear' } as const
const question = (stream: string): Step => ({ kind: 'audit', ...about, stream })
const answer = (stream: string, audit: number, last: number, levels: readonly Level[], engineUs?: number) =>
  ({
    kind: 'answer',
    ...about,
    stream,
    resync: 0,
    audit,
    isFrame: true,
    snapshot: { last, levels, ...(engineUs === undefined ? {} : { engineUs }) },
  }) as const satisfies Step
const pick = (rows: readonly Row[], ...names: string[]): unknown[][] =>
  rows.map((row) => names.map((name) => row[name]))

/** A live book of four levels at 11; its audit is asked for by record 4. */
function audited(stream = 'depth', levels = [BID, ASK, FAR]): Stream {
  const world = new Stream('linear', stream)
  world.snapshot(10, levels)
  world.delta(11, [['bid', '99.0', '3']])
  world.play(question(stream))
  return world
}
const NINETY_NINE: Level = ['bid', '99.0', '3']
const FOUND = ['last_seq', 'levels_compared', 'levels_wrong', 'side', 'price', 'ours', 'theirs', 'healed']

describe('an audit of a book that begins in its stream', () => {
  it('finds a right book right, and stores the snapshot as one that does not replace the book', () => {
    const world = audited()
    world.delta(12, [ASK])
    const heard = world.play(answer('depth', 4, 11, [BID, ASK, FAR, NINETY_NINE]))
    expect(pick(of(heard, 'book_audit'), ...FOUND)).toEqual([[12, 4, 0, null, null, null, null, 0]])
    const stored = of(heard, 'futures_delta')
    expect(pick(stored, 'is_snapshot', 'source', 'last_seq', 'book_state')).toEqual(
      Array(4).fill([1, 'ws', 11, 'stale']),
    )
    // The stream goes on as if nothing had been asked.
    const next = world.delta(13, [BID])
    expect([of(next, 'gaps'), of(next, 'book_audit')]).toEqual([[], []])
  })

  it('names each wrong level, puts the right book in its place, and marks the span since it was last known', () => {
    const world = audited()
    world.play(answer('depth', 4, 13, [BID, ['ask', '101.0', '2.5'], FAR, ['bid', '98.0', '4']]))
    world.delta(12, [['bid', '98.0', '4']])
    world.delta(13, [['bid', '97.0', '0']])
    const rows = world.delta(14, [['ask', '102.0', '1']])
    expect(pick(of(rows, 'book_audit'), ...FOUND)).toEqual([
      [14, 6, 2, 'bid', '99.0', '3', null, 1],
      [14, 6, 2, 'ask', '101.0', '2', '2.5', 1],
    ])
    const border = ['table_name', 'stream', 'state', 'cause', 'from_seq', 'to_seq', 'detail']
    expect(pick(of(rows, 'gaps'), ...border)).toEqual([
      ['futures_delta', 'depth', 'closed', 'audit', 10, 14, '2 of 6 levels'],
      ['futures_ob', 'derived', 'closed', 'audit', 10, 14, '2 of 6 levels'],
    ])
    expect(pick(of(rows, 'futures_ob'), 'side', 'price', 'quantity')).toEqual([
      ['bid', '100.0', '1'],
      ['bid', '98.0', '4'],
      ['bid', '90.0', '5'],
      ['ask', '101.0', '2.5'],
      ['ask', '102.0', '1'],
    ])
    expect([world.asked(), world.state()]).toEqual([0, 'live'])
  })

  it('compares at one update only, whether the snapshot is behind the book or ahead of it', () => {
    for (const last of [11, 12, 13]) {
      const world = audited()
      const levels = [BID, ASK, FAR, NINETY_NINE]
      if (last >= 12) levels.push(['bid', '98.0', '8'])
      if (last >= 13) levels.push(['bid', '97.0', '8'])
      const rows = [
        ...world.delta(12, [['bid', '98.0', '8']]),
        ...world.play(answer('depth', 4, last, levels)),
        ...world.delta(13, [['bid', '97.0', '8']]),
        ...world.delta(14, [BID]),
      ]
      expect(pick(of(rows, 'book_audit'), 'levels_wrong'), `${last}`).toEqual([[0]])
    }
  })

  it('waits over an update without levels, which moves no book', () => {
    const world = audited()
    world.play(answer('depth', 4, 11, [BID, ASK, FAR, NINETY_NINE]))
    const rows = [world.delta(12, []), world.delta(13, [ASK])]
    expect(rows.map((own) => pick(of(own, 'book_audit'), 'last_seq', 'levels_wrong'))).toEqual([
      [],
      [[13, 0]],
    ])
  })

  it('holds as many levels as the subscription', () => {
    const world = audited('cut', [BID, ASK])
    world.play(answer('cut', 4, 11, [BID, NINETY_NINE, ASK]))
    // Of three bids the exchange keeps two, and so do both books.
    const rows = world.delta(12, [['bid', '99.5', '1']])
    expect(pick(of(rows, 'book_audit'), 'levels_compared', 'levels_wrong')).toEqual([[3, 0]])
  })

  it('ends without a verdict where the times deny that the numbers are of one count', () => {
    const verdictOf = (snapshotUs: number, isLate: boolean): unknown[] => {
      const world = audited()
      const heard = answer('depth', 4, 12, [BID], START_US + snapshotUs)
      const rows = [
        ...(isLate ? [] : world.play(heard)),
        ...world.delta(12, [ASK], { engineUs: START_US + 200 }),
        ...world.delta(13, [ASK], { engineUs: START_US + 300 }),
        ...(isLate ? world.play(heard) : []),
        ...world.delta(14, [ASK], { engineUs: START_US + 400 }),
      ]
      return pick(of(rows, 'book_audit'), 'last_seq').slice(0, 1).flat()
    }
    for (const isLate of [false, true]) {
      expect(verdictOf(199, isLate), `${isLate}`).toEqual([])
      expect(verdictOf(200, isLate), `${isLate}`).toEqual([13])
      expect(verdictOf(300, isLate), `${isLate}`).toEqual([13])
      expect(verdictOf(301, isLate), `${isLate}`).toEqual([])
    }
  })

  it('ends without a verdict with the book: by another snapshot, a hole, a cut, a restart, or an unreadable frame', () => {
    const late = answer('depth', 4, 11, [BID])
    const ends: ((world: Stream) => void)[] = [
      (world) => world.snapshot(11, [BID, ASK]),
      (world) => world.delta(13),
      (world) => {
        world.disconnect()
        world.connect()
        world.snapshot(11, [BID, ASK])
      },
      (world) => {
        world.play({ kind: 'start' })
        world.connect()
        world.snapshot(11, [BID, ASK])
      },
      (world) => world.play({ ...late, snapshot: null }),
      (world) => world.play({ kind: 'audit', ...about, state: 'failed' }),
      (world) => world.play(answer('depth', 3, 11, [BID])),
    ]
    for (const [index, end] of ends.entries()) {
      const world = audited()
      end(world)
      const rows = [...(index < 6 ? world.play(late) : []), ...world.delta(12), ...world.delta(13)]
      expect(of(rows, 'book_audit'), `${index}`).toEqual([])
      expect(
        of(rows, 'gaps').filter(({ cause }) => cause === 'audit'),
        `${index}`,
      ).toEqual([])
    }
  })

  it('is not begun where numbers are not comparable', () => {
    const world = new Stream('linear', 'linked')
    world.snapshot(10, [BID, ASK])
    world.play(question('linked'))
    const rows = [...world.play(answer('linked', 3, 10, [BID])), ...world.delta(11, [ASK], { prev: 10 })]
    expect(of(rows, 'book_audit')).toEqual([])
  })

  it('gives the same rows from a state image that was taken at any of its records', () => {
    const steps = (connection: number): Step[] => {
      const delta = (first: number, ...levels: Level[]): Step => ({
        kind: 'frame',
        connection,
        messages: [{ kind: 'delta', stream: 'cut', first, levels }],
      })
      return [
        delta(12, ['bid', '99.5', '1']),
        answer('cut', 4, 13, [BID, ['bid', '98.0', '2'], ASK]),
        delta(13, ['bid', '99.5', '0']),
        delta(14, ['ask', '102.0', '1']),
        delta(15, ['ask', '103.0', '1']),
      ]
    }
    const whole = audited('cut', [BID, ASK])
    const expected = whole.lane.play(...steps(whole.connection))
    expect(pick(of(expected, 'book_audit'), 'price')).toEqual([['98.0']])
    for (let cut = 0; cut <= steps(0).length; cut++) {
      const { lane: first, connection } = audited('cut', [BID, ASK])
      const rows = first.play(...steps(connection).slice(0, cut))
      const second = new FakeLane()
      second.normalizer.restore(first.normalizer.image())
      second.number = first.number
      second.nowUs = first.nowUs
      expect([...rows, ...second.play(...steps(connection).slice(cut))], `${cut}`).toEqual(expected)
    }
  })
})
