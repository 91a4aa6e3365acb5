import type { FundingDetail, OpenInterestDetail } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FakeLane, type Message, type Row, START_US, type Step } from './lane-fixture.ts'

const detail: OpenInterestDetail = { openInterest: { mantissa: 5n, scale: 0 }, value: null }
const rate: FundingDetail = {
  markPrice: null,
  indexPrice: null,
  estimatedSettlePrice: null,
  fundingRate: null,
  predictedRate: null,
  fundingUs: Number.NaN,
  intervalHours: 8,
  kind: 'current',
}
const interest = (symbol: string, engineUs = Number.NaN): Step => ({
  kind: 'told',
  symbol,
  stream: 'openInterest',
  messages: [{ kind: 'openInterest', symbol, first: Number.NaN, engineUs, detail }],
})
const rates = (...symbols: string[]): Step => ({
  kind: 'told',
  stream: 'rates',
  messages: symbols.map((symbol) => ({ kind: 'funding', symbol, first: Number.NaN, detail: rate })),
})
const list = (stream: string, ...ids: number[]): Step => ({
  kind: 'told',
  symbol: 'A',
  stream,
  messages: ids.map((first): Message => ({ kind: 'trade', symbol: 'A', first })),
})
const shape = (rows: Row[]): unknown[][] => rows.map(({ table, symbol, source }) => [table, symbol, source])

describe('a polled stream', () => {
  it('stores what it is told, time after time', () => {
    const lane = new FakeLane()
    expect(shape(lane.play(interest('A'), interest('A'), rates('B', 'A')))).toEqual([
      ['open_interest', 'A', 'rest'],
      ['open_interest', 'A', 'rest'],
      ['funding', 'B', 'rest'],
      ['funding', 'A', 'rest'],
    ])
    expect(lane.normalizer.counters).toMatchObject({ received: 4, stored: 4, duplicates: 0 })
  })

  it('has no gaps: no connection carries it', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start' }, { kind: 'connect', subscriptions: [['A', 'openInterest']] })
    lane.play(interest('A'), { kind: 'disconnect', connection: 2 }, interest('A'), { kind: 'stop' })
    lane.play({ kind: 'start' }, interest('A'), rates('A'), { kind: 'stop' }, list('trades', 5, 9, 5))
    expect(lane.rows.filter(({ table }) => table === 'gaps')).toEqual([])
    expect(lane.normalizer.counters.gaps).toBe(0)
  })

  it('brings only the symbols that a lane owns', () => {
    const lane = new FakeLane({ owns: ({ symbol }) => symbol === 'B' })
    expect(shape(lane.play(rates('A', 'B', 'C'), interest('A')))).toEqual([['funding', 'B', 'rest']])
    expect(lane.normalizer.keyCounters().map(({ key }) => key.symbol)).toEqual(['B'])
  })

  it('leaves nothing in the state image but the key when its minute is over', () => {
    const lane = new FakeLane()
    lane.play(interest('A'), rates('A'), list('trades', 5))
    lane.play({ kind: 'clock', atUs: START_US + 60_000_000 })
    const image = JSON.parse(new TextDecoder().decode(lane.normalizer.image()))
    expect(image.keys).toEqual([{ market: 0, symbol: 'A' }])
    expect(lane.normalizer.progress()).toEqual([])
  })

  it('believes no time of the future', () => {
    const lane = new FakeLane()
    expect(lane.play(interest('A', lane.nowUs * 2))).toMatchObject([
      { table: 'dead_letter', reason: 'absurd_time', symbol: 'A', stream: 'openInterest', source: 'rest' },
    ])
  })

  it('that the market does not know is a dead letter', () => {
    const lane = new FakeLane()
    expect(lane.play(list('../x', 1))).toMatchObject([
      { table: 'dead_letter', reason: 'unknown_message', stream: '../x', source: 'rest' },
    ])
  })

  it('with a rule stores each number once, also when it comes late, and has no gap rows', () => {
    const lane = new FakeLane()
    const begin: Step = { kind: 'start' }
    const rows = lane.play(list('numbered', 1, 2, 2, 7, 8), { kind: 'stop' }, begin, list('numbered', 5, 5))
    const image = JSON.parse(new TextDecoder().decode(lane.normalizer.image()))
    expect(image.keys[0].streams[0]).toMatchObject({ interrupted: null, openGap: null })
    rows.push(...lane.play(list('numbered', 9)))
    expect(rows.map(({ table, trade_id }) => [table, trade_id])).toEqual(
      ['1', '2', '7', '8', '5', '9'].map((id) => ['ticks', id]),
    )
    expect(lane.normalizer.counters).toMatchObject({ duplicates: 2, late: 1 })
  })
})
