import type { FundingDetail } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FakeLane, type Message, type Row, type Step } from './lane-fixture.ts'

const connect: Step = {
  kind: 'connect',
  subscriptions: [
    ['', '!quote'],
    ['', '!funding'],
  ],
}
const detail: FundingDetail = {
  markPrice: null,
  indexPrice: null,
  estimatedSettlePrice: null,
  fundingRate: { mantissa: 1n, scale: 4 },
  predictedRate: null,
  fundingUs: Number.NaN,
  intervalHours: Number.NaN,
  kind: 'current',
}
const quote = (symbol: string, first: number): Message => ({ kind: 'quote', stream: '!quote', symbol, first })
const funding = (symbol: string): Message => ({
  kind: 'funding',
  stream: '!funding',
  symbol,
  first: Number.NaN,
  detail,
})
const frame = (connection: number, ...messages: Message[]): Step => ({ kind: 'frame', connection, messages })
const disconnect = (connection: number): Step => ({ kind: 'disconnect', connection })
const gaps = (rows: Row[]): unknown[][] =>
  rows
    .filter(({ table }) => table === 'gaps')
    .map(({ symbol, stream, state, cause }) => [symbol, stream, state, cause])

describe('a stream of the whole market', () => {
  it('makes no key for the market itself', () => {
    const lane = new FakeLane()
    lane.play(connect, { kind: 'stop' })
    expect(lane.rows).toEqual([])
    expect(lane.normalizer.keyCounters()).toEqual([])
  })

  it('is a stream of each key that it speaks of', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect, frame(1, quote('A', 1), quote('B', 1), funding('A')))
    expect(gaps(rows)).toEqual([
      ['A', '!quote', 'closed', 'start'],
      ['B', '!quote', 'closed', 'start'],
      ['A', '!funding', 'closed', 'start'],
    ])
    const told = rows.filter(({ table }) => table !== 'gaps')
    expect(told.map(({ table, symbol }) => [table, symbol])).toEqual([
      ['bbo', 'A'],
      ['bbo', 'B'],
      ['funding', 'A'],
    ])
  })

  it('ends with its connection for every key that was heard on it', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(1, quote('A', 1), quote('B', 1), funding('A')), disconnect(1), connect)
    expect(gaps(lane.play(frame(4, quote('A', 2), quote('C', 1), funding('A'))))).toEqual([
      ['A', '!quote', 'closed', 'disconnect'],
      ['C', '!quote', 'closed', 'start'],
      ['A', '!funding', 'closed', 'disconnect'],
    ])
    expect(gaps(lane.play(frame(4, quote('A', 3), quote('B', 2))))).toEqual([
      ['B', '!quote', 'closed', 'disconnect'],
    ])
  })

  it('goes on while another connection carries it, heard on it or not', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(1, quote('A', 1), quote('B', 1)), connect, frame(3, quote('A', 2)))
    lane.play(disconnect(1))
    expect(gaps(lane.play(frame(3, quote('A', 3), quote('B', 2))))).toEqual([])
    lane.play(disconnect(3), connect)
    expect(gaps(lane.play(frame(8, quote('A', 4), quote('B', 3))))).toHaveLength(2)
  })

  it('goes on for a key that was heard first when two connections carried it', () => {
    const lane = new FakeLane()
    lane.play(connect, connect, frame(1, quote('A', 1)))
    const copy = new FakeLane()
    copy.normalizer.restore(lane.normalizer.image())
    for (const either of [lane, copy]) {
      either.number = 3
      either.play(disconnect(1))
      expect(gaps(either.play(frame(2, quote('A', 2))))).toEqual([])
    }
  })

  it('is carried by a connection that speaks of it without having listed it', () => {
    const lane = new FakeLane()
    const silent: Step = { kind: 'connect', subscriptions: [] }
    lane.play(silent, frame(1, funding('A')), disconnect(1), silent)
    expect(gaps(lane.play(frame(4, funding('A'))))).toEqual([['A', '!funding', 'closed', 'disconnect']])
  })

  it('is cut by a restart and opened by a stop for every key', () => {
    const lane = new FakeLane()
    lane.play(connect, frame(1, quote('A', 1), quote('B', 1)), { kind: 'start' }, connect)
    expect(gaps(lane.play(frame(4, quote('A', 2))))).toEqual([['A', '!quote', 'closed', 'restart']])
    expect(gaps(lane.play({ kind: 'stop' }))).toEqual([
      ['A', '!quote', 'open', 'shutdown'],
      ['B', '!quote', 'open', 'shutdown'],
    ])
    lane.play({ kind: 'start' }, connect)
    expect(gaps(lane.play(frame(8, quote('B', 2))))).toEqual([['B', '!quote', 'closed', 'shutdown']])
  })

  it('of another market is not touched', () => {
    const lane = new FakeLane()
    const other: Step = { ...connect, market: 'linear' } as Step
    lane.play(connect, other, frame(1, quote('A', 1)), disconnect(1))
    expect(gaps(lane.play(connect, frame(5, quote('A', 2))))).toEqual([
      ['A', '!quote', 'closed', 'disconnect'],
    ])
  })

  it('counts a message from the future among what its connection carried', () => {
    const lane = new FakeLane()
    const future = { ...quote('A', 2), engineUs: lane.nowUs * 2 }
    lane.play(connect, frame(1, quote('A', 1)), connect, frame(3, future), disconnect(1))
    expect(gaps(lane.play(frame(3, quote('A', 3))))).toEqual([])
  })
})
