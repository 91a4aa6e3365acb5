import { marketText } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { IdWindow } from './id-window.ts'
import { FakeLane, type Step } from './lane-fixture.ts'

function windowOf(capacity: number, count: number): IdWindow {
  const window = new IdWindow(capacity)
  for (let hash = 1; hash <= count; hash++) window.add(hash)
  return window
}

describe('a window of ids', () => {
  it('keeps the newest when it becomes smaller, and all when it grows', () => {
    const window = windowOf(4, 6)
    window.resize(2)
    expect(window.hashes()).toEqual([5, 6])
    expect([window.add(5), window.add(4)]).toEqual([false, true])
    window.resize(5)
    for (const hash of [7, 8, 9]) window.add(hash)
    expect(window.hashes()).toEqual([6, 4, 7, 8, 9])
    expect(window.count).toBe(5)
    expect(window.add(6)).toBe(false)
  })

  it('tells how far back it found a repeat', () => {
    const window = windowOf(8, 6)
    expect(window.farthest).toBe(0)
    window.add(6)
    expect(window.farthest).toBe(1)
    window.add(2)
    window.add(5)
    expect(window.farthest).toBe(5)
  })
})

describe('dedupe by ids', () => {
  const market = marketText({ exchange: 'other', market: 'spot' })
  const start = (window?: number): Step => ({
    kind: 'start',
    ...(window === undefined ? {} : { operators: { [market]: { dedupe: { window } } } }),
  })
  const connect: Step = { kind: 'connect', exchange: 'other', subscriptions: [['BTCUSDT', 'trade']] }
  const trades = (connection: number, ...ids: string[]): Step => ({
    kind: 'frame',
    connection,
    messages: ids.map((textId) => ({ kind: 'trade', first: Number.NaN, textId })),
  })
  const letters = [...'abcdefgh']

  it('remembers as many as are configured, from the next start on', () => {
    const lane = new FakeLane()
    lane.play(start(6), connect)
    const stored = (step: Step): unknown[] =>
      lane.play(step).flatMap((row) => (row.table === 'ticks' ? [row.trade_id] : []))
    expect(stored(trades(2, ...letters, 'c', 'b'))).toEqual([...letters, 'b'])
    const { operators, ids } = lane.normalizer.operatorTallies()
    const done = operators.filter(({ count }) => count > 0)
    expect(done.map(({ operator, outcome, count }) => [operator, outcome, count])).toEqual([
      ['dedupe', 'repeat', 1],
      ['sequence', 'gap', 1],
    ])
    expect(ids).toEqual([{ exchange: 'other', market: 'spot', ids: 6, farthest: 6 }])
    lane.play(start(), connect)
    // Four are the stream's own number: e, c and d are forgotten.
    expect(stored(trades(5, 'f', 'h', 'b', 'd'))).toEqual(['d'])
  })

  it('is the same after a restart from an image', () => {
    const lane = new FakeLane()
    lane.play(start(6), connect, trades(2, ...letters))
    const resumed = new FakeLane()
    Object.assign(resumed, { number: lane.number, nowUs: lane.nowUs })
    resumed.normalizer.restore(lane.normalizer.image())
    for (const each of [lane, resumed]) {
      each.play(trades(2, 'c', 'd', 'i', 'c', 'b'))
      expect(each.normalizer.counters.duplicates).toBe(2)
    }
    expect(resumed.normalizer.image()).toEqual(lane.normalizer.image())
  })
})
