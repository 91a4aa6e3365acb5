import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Message, type Step } from './lane-fixture.ts'

const frame = (...messages: Message[]): Step => ({ kind: 'frame', connection: 2, messages })
const delta = (seq: number, ...levels: Level[]): Step => frame({ kind: 'delta', first: seq, levels })
const trade = (id: number): Step => frame({ kind: 'trade', first: id, levels: [['bid', '1', '2']] })
const connect: Step = {
  kind: 'connect',
  subscriptions: [
    ['BTCUSDT', 'depth'],
    ['BTCUSDT', 'trade'],
  ],
}
const book: Step = {
  kind: 'answer',
  resync: 1,
  snapshot: {
    last: 1,
    levels: [
      ['bid', '10', '1'],
      ['ask', '20', '1'],
    ],
  },
}
const script: Step[] = [
  connect,
  book,
  delta(2, ['bid', '9', '1']),
  trade(1),
  trade(3),
  delta(5, ['bid', '8', '1']),
  { kind: 'stop' },
]
const tablesOf = (lane: FakeLane): string[] => [...new Set(lane.rows.map(({ table }) => table))].sort()

describe('a journal that says which tables are stored', () => {
  it('gives rows of those, and of what is missing of them', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake spot': ['ticks'] } }, ...script)
    expect(tablesOf(lane)).toEqual(['gaps', 'ticks'])
    const gaps = lane.rows.filter(({ table }) => table === 'gaps')
    expect(new Set(gaps.map((row) => row.table_name))).toEqual(new Set(['ticks']))
    expect(lane.normalizer.counters.rows).toBe(lane.rows.length)
  })

  it('gives images of a book whose deltas are not stored, and names their table in its gaps', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake spot': ['spot_ob'] } }, ...script)
    expect(tablesOf(lane)).toEqual(['gaps', 'spot_ob'])
    const gaps = lane.rows.filter(({ table }) => table === 'gaps')
    expect(new Set(gaps.map((row) => row.table_name))).toEqual(new Set(['spot_ob']))
    expect(gaps.some((row) => row.cause === 'sequence' && row.from_seq === 2 && row.to_seq === 5)).toBe(true)
  })

  it('gives what audits of a book find whatever is stored of it', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake spot': ['spot_delta'] } }, connect, book)
    lane.play(delta(2, ['bid', '9', '1']), { kind: 'audit' })
    const snapshot = { last: 2, levels: [['bid', '10', '1']] as Level[] }
    lane.play({ kind: 'answer', resync: 0, audit: lane.number, snapshot }, delta(3, ['bid', '9', '2']))
    expect(tablesOf(lane)).toContain('book_audit')
  })

  it('stores everything of markets that it does not name, and again when the next start names nothing', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake linear': ['ticks'] } }, ...script)
    expect(tablesOf(lane)).toEqual(['gaps', 'spot_delta', 'spot_ob', 'ticks'])
    const other = new FakeLane()
    other.play({ kind: 'start', stored: { 'fake spot': ['bbo'] } }, connect, trade(1))
    expect(tablesOf(other)).toEqual([])
    other.play({ kind: 'start' }, { ...connect }, { ...trade(2), connection: 5 } as Step)
    expect(tablesOf(other)).toContain('ticks')
  })

  it('is remembered by the state image', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake spot': ['ticks'] } }, connect)
    const other = new FakeLane()
    other.normalizer.restore(lane.normalizer.image())
    other.number = lane.number
    other.nowUs = lane.nowUs
    other.play(...script.slice(1))
    expect(tablesOf(other)).toEqual(['gaps', 'ticks'])
  })
})
