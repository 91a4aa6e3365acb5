import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Message, type Step } from './lane-fixture.ts'

const frame = (...messages: Message[]): Step => ({ kind: 'frame', connection: 1, messages })
const delta = (seq: number, ...levels: Level[]): Message => ({ kind: 'delta', first: seq, levels })
const quote = (seq: number, bid: string, ask: string): Message => ({
  kind: 'quote',
  first: seq,
  levels: [
    ['bid', bid, '1'],
    ['ask', ask, '1'],
  ],
})
const snapshot = (resync: number, last: number): Step => ({
  kind: 'answer',
  resync,
  snapshot: {
    last,
    levels: [
      ['bid', '10', '1.0'],
      ['ask', '20', '1.0'],
    ],
  },
})
const connect: Step = {
  kind: 'connect',
  subscriptions: [
    ['BTCUSDT', 'depth'],
    ['BTCUSDT', 'quote'],
  ],
}
const points = (lane: FakeLane): number[] => {
  const { quotePoints, quoteEqual } = lane.normalizer.counters
  return [quotePoints, quoteEqual]
}

describe('the check against quotes', () => {
  it('begins with the delta behind the bridging one', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(quote(1, '10', '20')), frame(delta(2, ['bid', '9', '1'])), snapshot(1, 1))
    expect(points(lane)).toEqual([0, 0])
    lane.play(frame(delta(3, ['bid', '8', '1'])))
    expect(points(lane)).toEqual([1, 1])
  })

  it('takes the newest quote that is not newer than the delta; others wait', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(delta(2, ['bid', '9', '1'])), snapshot(1, 1))
    lane.play(frame(quote(1, '1', '2'), quote(3, '10.0', '20'), quote(4, '11', '20'), quote(9, '12', '20')))
    lane.play(frame(delta(3, ['bid', '8', '1'])))
    expect(points(lane)).toEqual([1, 1])
    lane.play(frame(delta(4, ['bid', '11.00', '1'])), frame(delta(5, ['bid', '10.5', '1'])))
    expect(points(lane)).toEqual([3, 3])
    lane.play(frame({ kind: 'delta', first: 6, last: 9, levels: [['bid', '12', '1']] }))
    expect(points(lane)).toEqual([4, 4])
  })

  it('counts a point as unequal by price or by quantity of either side', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(delta(2, ['bid', '9', '1'])), snapshot(1, 1))
    lane.play(frame(quote(3, '10', '20')), frame(delta(3, ['bid', '10', '2'])))
    lane.play(frame(quote(4, '10', '19')), frame(delta(4, ['bid', '10', '1'])))
    expect(points(lane)).toEqual([2, 0])
  })

  it('judges a delta by a quote that is heard behind it, when none newer can be meant', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(delta(2, ['bid', '9', '1'])), snapshot(1, 1), frame(quote(1, '10', '20')))
    lane.play(frame(delta(3, ['bid', '11', '1'])), frame(delta(4, ['bid', '12', '1'])))
    expect(points(lane)).toEqual([2, 0])
    lane.play(frame(quote(3, '11', '20')))
    expect(points(lane)).toEqual([2, 1])
    lane.play(frame(quote(4, '12.0', '20.00')), frame(quote(7, '1', '2')))
    expect(points(lane)).toEqual([2, 2])
  })

  it('makes no point where no quote is old enough', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(delta(2, ['bid', '9', '1'])), snapshot(1, 1), frame(quote(5, '10', '20')))
    lane.play(frame(delta(3, ['bid', '8', '1'])))
    expect(points(lane)).toEqual([0, 0])
  })

  it('compares only the sides that the quote carries', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(delta(2, ['bid', '9', '1'])), snapshot(1, 1))
    lane.play(
      frame({ kind: 'quote', first: 3, levels: [['ask', '20', '1']] }),
      frame(delta(3, ['bid', '15', '1'])),
    )
    expect(points(lane)).toEqual([1, 1])
  })

  it('covers deltas that were held, with the quotes of their time', () => {
    const lane = new FakeLane()
    lane.play(connect)
    for (let seq = 2; seq < 200; seq++) lane.play(frame(quote(seq, String(seq), '9999')), frame(delta(seq)))
    for (let seq = 200; seq < 300; seq++) {
      lane.play(frame(delta(seq, ['bid', String(seq), '1.0'])), frame(quote(seq, String(seq), '9999')))
    }
    lane.play({
      kind: 'answer',
      resync: 1,
      snapshot: { last: 199, levels: [['ask', '9999', '1']] },
    })
    expect(points(lane)).toEqual([99, 99])
  })

  it('forgets the oldest quotes when a book never comes, and then makes fewer points, not wrong ones', () => {
    const lane = new FakeLane()
    lane.play(connect)
    const all = Array.from({ length: 5_000 }, (_, i) => i + 1)
    lane.play(...all.map((seq) => frame(quote(seq, '10', '20'))))
    lane.play(frame(delta(100)), snapshot(1, 99), frame(delta(101, ['bid', '10', '1'])))
    expect(points(lane)).toEqual([0, 0])
    lane.play(frame({ kind: 'delta', first: 102, last: 5_000, levels: [] }))
    expect(points(lane)).toEqual([1, 1])
  })

  it('takes what is stored, and nothing twice', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect, frame(quote(1, '1', '2')), frame(quote(1, '1', '2')))
    expect(rows.filter(({ table }) => table === 'bbo')).toHaveLength(1)
    expect(lane.normalizer.counters).toMatchObject({ received: 2, stored: 1, duplicates: 1 })
  })
})
