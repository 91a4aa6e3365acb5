import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Message, type Row, type Step } from './lane-fixture.ts'

const connect: Step = { kind: 'connect', subscriptions: [['BTCUSDT', 'depth']] }
const delta = (seq: number, ...levels: Level[]): Step => {
  const message: Message = { kind: 'delta', first: seq, last: seq, levels }
  return { kind: 'frame', connection: 2, messages: [message] }
}
const answer = (about: { resync?: number; audit?: number }, last: number, ...levels: Level[]): Step => ({
  kind: 'answer',
  resync: 0,
  ...about,
  snapshot: { last, levels },
})
const audit: Step = { kind: 'audit' }
const of = (rows: readonly Row[], table: string): Row[] => rows.filter((row) => row.table === table)
const pick = (rows: readonly Row[], ...names: string[]): unknown[][] =>
  rows.map((row) => names.map((name) => row[name]))

const BID: Level = ['bid', '100.0', '1']
const ASK: Level = ['ask', '101.0', '2']
const FAR: Level = ['bid', '90.0', '5']

/** A live book of three levels at 11; records 1 to 4, and 5 asks for its audit. */
function audited(): FakeLane {
  const lane = new FakeLane()
  lane.play(
    { kind: 'start' },
    connect,
    answer({ resync: 1 }, 10, BID, ASK, FAR),
    delta(11, ['bid', '99.0', '3']),
  )
  lane.play(audit)
  return lane
}
const NINETY_NINE: Level = ['bid', '99.0', '3']
const WRONG = ['last_seq', 'levels_compared', 'levels_wrong', 'side', 'price', 'ours', 'theirs', 'healed']

describe('an audit', () => {
  it('of a book that is right says so in one row, and changes nothing', () => {
    const lane = audited()
    const rows = lane.play(delta(12, ASK), answer({ audit: 5 }, 11, BID, ASK, FAR, NINETY_NINE))
    expect(pick(of(rows, 'book_audit'), ...WRONG)).toEqual([[12, 4, 0, null, null, null, null, 0]])
    expect(of(rows, 'gaps')).toEqual([])
    expect(of(rows, 'spot_ob')).toEqual([])
    // What was fetched is stored as everything that is received.
    expect(of(rows, 'spot_delta').filter((row) => row.is_snapshot)).toHaveLength(4)
  })

  it('names each wrong level, puts the right book in its place, and marks the span since it was last known', () => {
    const lane = audited()
    // Ours has 99.0, which was removed; lacks 98.0; and has another quantity at 101.0.
    const rows = lane.play(
      delta(12, ['bid', '97.0', '1']),
      answer({ audit: 5 }, 12, BID, ['ask', '101.0', '2.5'], FAR, ['bid', '98.0', '4'], ['bid', '97.0', '1']),
      delta(13, BID),
    )
    expect(pick(of(rows, 'book_audit'), ...WRONG)).toEqual([
      [13, 6, 3, 'bid', '99.0', '3', null, 1],
      [13, 6, 3, 'bid', '98.0', null, '4', 1],
      [13, 6, 3, 'ask', '101.0', '2', '2.5', 1],
    ])
    const border = ['table_name', 'stream', 'state', 'cause', 'from_seq', 'to_seq', 'detail']
    expect(pick(of(rows, 'gaps'), ...border)).toEqual([
      ['spot_delta', 'depth', 'closed', 'audit', 11, 13, '3 of 6 levels'],
      ['spot_ob', 'derived', 'closed', 'audit', 11, 13, '3 of 6 levels'],
    ])
    const healed = of(rows, 'spot_ob').map(({ side, price, quantity }) => [side, price, quantity])
    expect(healed).toEqual([
      ['bid', '100.0', '1'],
      ['bid', '98.0', '4'],
      ['bid', '97.0', '1'],
      ['bid', '90.0', '5'],
      ['ask', '101.0', '2.5'],
    ])
    // The next one finds it right, from there on.
    const next = lane.play(
      audit,
      answer({ audit: 9 }, 13, BID, ['ask', '101.0', '2.5'], FAR, ['bid', '98.0', '4'], ['bid', '97.0', '1']),
      delta(14, ['ask', '101.0', '7']),
    )
    expect(pick(of(next, 'book_audit'), 'last_seq', 'levels_wrong')).toEqual([[14, 0]])
  })

  it('compares at one update only, whether the answer is behind the book or ahead of it', () => {
    for (const last of [11, 12, 13]) {
      const lane = audited()
      const levels = [BID, ASK, FAR, NINETY_NINE]
      if (last >= 12) levels.push(['bid', '98.0', '8'])
      if (last >= 13) levels.push(['bid', '97.0', '8'])
      const rows = lane.play(
        delta(12, ['bid', '98.0', '8']),
        answer({ audit: 5 }, last, ...levels),
        delta(13, ['bid', '97.0', '8']),
        delta(14, BID),
      )
      expect(pick(of(rows, 'book_audit'), 'levels_wrong'), `${last}`).toEqual([[0]])
    }
  })

  it('does not judge what one of both books does not know', () => {
    const lane = audited()
    const rows = lane.play(delta(12, BID), answer({ audit: 5 }, 12, BID, ASK, NINETY_NINE), delta(13, BID))
    expect(pick(of(rows, 'book_audit'), 'levels_compared', 'levels_wrong')).toEqual([[3, 0]])
  })

  it('ends without a verdict where a book was lost on the way, an answer is another’s or cannot be read', () => {
    const lost = audited().play(delta(15, BID), answer({ audit: 5 }, 15, ASK), delta(16, ASK))
    const others = audited().play(delta(12, BID), answer({ audit: 4 }, 12, ASK), delta(13, ASK))
    const failed = audited().play(
      { kind: 'audit', state: 'failed' },
      answer({ audit: 5 }, 12, ASK),
      delta(12, ASK),
    )
    const old = audited().play(answer({ audit: 5 }, 7, ASK), delta(12, ASK), delta(13, ASK))
    const unread = audited().play({ kind: 'answer', resync: 0, audit: 5, snapshot: null }, delta(12, ASK))
    for (const rows of [lost, others, failed, old, unread]) {
      expect(of(rows, 'book_audit')).toEqual([])
      expect(of(rows, 'gaps').filter(({ cause }) => cause === 'audit')).toEqual([])
    }
  })

  it('gives the same rows from a state image that was taken at any of its records', () => {
    const steps: Step[] = [
      delta(12, ['bid', '97.0', '1']),
      delta(13, BID),
      answer({ audit: 5 }, 13, BID, ['ask', '101.0', '2.5'], FAR, NINETY_NINE, ['bid', '97.0', '1']),
      delta(14, ASK),
      delta(15, ['ask', '102.0', '1']),
    ]
    const whole = audited().play(...steps)
    expect(of(whole, 'book_audit')).toHaveLength(1)
    for (let cut = 0; cut <= steps.length; cut++) {
      const first = audited()
      const rows = first.play(...steps.slice(0, cut))
      const second = new FakeLane()
      second.normalizer.restore(first.normalizer.image())
      second.number = first.number
      second.nowUs = first.nowUs
      expect([...rows, ...second.play(...steps.slice(cut))], `${cut}`).toEqual(whole)
    }
  })
})
