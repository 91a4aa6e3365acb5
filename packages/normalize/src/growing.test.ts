import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeLane, type Message, type Row, START_US, type Step } from './lane-fixture.ts'

/** Streams whose numbers only grow: quotes and images of limited depth. */

const connect: Step = { kind: 'connect', subscriptions: [['BTCUSDT', 'quote']] }
const frame = (connection: number, ...sequences: number[]): Step => ({
  kind: 'frame',
  connection,
  messages: sequences.map((first): Message => ({ kind: 'quote', first })),
})
const gaps = (rows: Row[]): unknown[][] =>
  rows
    .filter(({ table }) => table === 'gaps')
    .map((row) => [row.state, row.cause, row.from_seq, row.to_seq, row.missing])
const stored = (rows: Row[]): unknown[] =>
  rows.filter(({ table }) => table === 'bbo').map(({ last_seq }) => last_seq)

describe('numbers that only grow', () => {
  it('may skip without a gap, and what is not larger was heard before', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(1, 10))
    const rows = lane.play(frame(1, 12, 12, 500, 400))
    expect(gaps(rows)).toEqual([])
    expect(stored(rows)).toEqual([12, 500])
    expect(lane.normalizer.counters.duplicates).toBe(2)
  })

  it('prove nothing over an interruption: the hole is recorded with both numbers', () => {
    const lane = new FakeLane()
    expect(gaps(lane.play(connect, frame(1, 10)))).toEqual([['closed', 'start', null, 10, null]])
    lane.play({ kind: 'disconnect', connection: 1 }, connect)
    expect(gaps(lane.play(frame(4, 11)))).toEqual([['closed', 'disconnect', 10, 11, null]])
    lane.play({ kind: 'start' }, connect)
    expect(gaps(lane.play(frame(7, 12)))).toEqual([['closed', 'restart', 11, 12, null]])
    const opened = lane.play({ kind: 'stop' })
    expect(gaps(opened)).toEqual([['open', 'shutdown', 12, null, null]])
    lane.play({ kind: 'start' }, connect)
    expect(gaps(lane.play(frame(11, 13)))).toEqual([['closed', 'shutdown', 12, 13, null]])
    expect(gaps(lane.play(frame(11, 14)))).toEqual([])
  })

  it('say nothing is missing when the last message comes again over another connection', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(1, 10), connect, { kind: 'disconnect', connection: 1 })
    expect(gaps(lane.play(frame(3, 10), frame(3, 11)))).toEqual([])
  })

  it('are stored late once when they lie in a recorded hole', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(1, 10), { kind: 'disconnect', connection: 1 }, connect, frame(4, 20))
    expect(stored(lane.play(frame(4, 15, 15, 12, 10, 20, 12, 19)))).toEqual([15, 12, 19])
    expect(stored(lane.play(frame(4, 3, 3)))).toEqual([3])
    expect(lane.normalizer.counters).toMatchObject({ late: 4, duplicates: 5 })
  })

  it('are stored once each when a second connection takes over and is ahead of the first', () => {
    const worlds = fc.record({
      steps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 40 }),
      begin: fc.nat({ max: 39 }),
      overlap: fc.nat({ max: 39 }),
      turns: fc.array(fc.boolean(), { maxLength: 80 }),
    })
    fc.assert(
      fc.property(worlds, ({ steps, begin, overlap, turns }) => {
        const numbers = steps.map((_, i) => steps.slice(0, i + 1).reduce((sum, step) => sum + step, 100))
        const from = begin % numbers.length
        const older = numbers.slice(0, from + (overlap % (numbers.length - from)) + 1)
        const newer = numbers.slice(from)
        const lane = new FakeLane()
        lane.play(connect, connect)
        for (const isNewer of turns) {
          const next = (isNewer ? newer : older).shift()
          if (next !== undefined) lane.play(frame(isNewer ? 2 : 1, next))
        }
        lane.play(frame(1, ...older), { kind: 'disconnect', connection: 1 }, frame(2, ...newer))
        expect([...stored(lane.rows)].sort((a, b) => Number(a) - Number(b))).toEqual(numbers)
        expect(gaps(lane.rows)).toHaveLength(1)
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  it('of an image that comes late carry a stale book', () => {
    const lane = new FakeLane()
    const image = (first: number): Step => ({
      kind: 'frame',
      connection: 1,
      messages: [{ kind: 'image', first }],
    })
    lane.play({ kind: 'connect', subscriptions: [['BTCUSDT', 'image']] }, image(10))
    expect(lane.play(image(9))).toMatchObject([{ table: 'spot_ob', last_seq: 9, book_state: 'stale' }])
    expect(lane.play(image(9))).toEqual([])
  })

  it('keep their holes in the state image', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(1, 10), { kind: 'disconnect', connection: 1 }, connect, frame(4, 20))
    const copy = new FakeLane()
    copy.normalizer.restore(lane.normalizer.image())
    copy.number = lane.number
    copy.nowUs = lane.nowUs
    expect(copy.nowUs).toBe(START_US + 5_000)
    expect(copy.play(frame(4, 15, 15))).toEqual(lane.play(frame(4, 15, 15)))
  })
})

describe('numbers that begin anew', () => {
  const trades = (...ids: number[]): Step => ({
    kind: 'frame',
    connection: 1,
    messages: ids.map((first): Message => ({ kind: 'trade', stream: 'renewed', first })),
  })

  it('leave a hole of unknown width, and what was missing of the old ones is forgotten', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'connect', exchange: 'other', subscriptions: [['BTCUSDT', 'renewed']] })
    lane.play(trades(50, 60))
    const rows = lane.play(trades(1, 2, 2, 3, 3, 4))
    expect(gaps(rows)).toEqual([['closed', 'sequence', 60, 1, null]])
    expect(rows.filter(({ table }) => table === 'ticks').map((row) => row.trade_id)).toEqual([
      '1',
      '2',
      '3',
      '4',
    ])
    expect(lane.normalizer.counters).toMatchObject({ duplicates: 2, late: 0 })
  })
})
