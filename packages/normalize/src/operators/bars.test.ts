import { type AggregateSpec, marketText, type WatermarkSpec } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FakeLane, type Message, type Row, START_US, type Step } from '../lane-fixture.ts'

const market = marketText({ exchange: 'fake', market: 'spot' })
const NEVER = { allowedLatenessMs: 3_000, late: 'revision', idleMs: 1_000 } as const
/** Microseconds of a second of the test, from a full day on. */
const at = (seconds: number): number => START_US + Math.round(seconds * 1e6)
const start = (
  windows: AggregateSpec['windows'],
  watermark: Partial<WatermarkSpec> = {},
  filter: object = {},
): Step => ({
  kind: 'start',
  atUs: at(0),
  operators: { [market]: { aggregate: { windows }, watermark: { ...NEVER, ...watermark }, filter } },
})
const connect = (seconds = 0): Step => ({
  kind: 'connect',
  subscriptions: [['BTCUSDT', 'trade']],
  atUs: at(seconds),
})
/** A trade of an event time, received 10 ms later or at another time. */
const trade = (
  id: number,
  seconds: number,
  price: string,
  quantity: string,
  received = seconds + 0.01,
): Step => ({
  kind: 'frame',
  connection: 2,
  atUs: at(received),
  messages: [messageOf(id, seconds, price, quantity)],
})
const messageOf = (id: number, seconds: number, price: string, quantity: string): Message => ({
  kind: 'trade',
  first: id,
  engineUs: at(seconds),
  levels: [[id % 2 === 0 ? 'bid' : 'ask', price, quantity]],
})
const clock = (seconds: number): Step => ({ kind: 'clock', atUs: at(seconds) })

function barsIn(rows: readonly Row[]): Row[] {
  return rows.filter(({ table }) => table === 'bars')
}

/** Interval, start in seconds, revision, final, complete, close, trades. */
function told(rows: readonly Row[]): unknown[][] {
  return barsIn(rows).map((row) => [
    row.interval,
    ((row.window_start as number) - START_US) / 1e6,
    ...[row.revision, row.is_final, row.complete, row.close, row.trade_count],
  ])
}

describe('a bar', () => {
  it('has the figures of its trades, exact, and says when and by which record it was written', () => {
    const lane = new FakeLane()
    lane.play(start(['1s']), connect(), trade(1, 0.5, '1', '1'))
    lane.play(trade(2, 1, '10.00', '0.5'), trade(3, 1.2, '12.5', '1'), trade(4, 1.9, '9', '0.25'))
    const rows = barsIn(lane.play(trade(5, 2, '11', '1'), clock(3)))
    expect(rows.map(({ frame }) => frame)).toEqual([7, 8])
    expect(rows[0]).toMatchObject({
      exchange: 'fake',
      market: 'spot',
      symbol: 'BTCUSDT',
      instrument: null,
      event_ts: START_US,
      event_ts_source: 'engine',
    })
    expect(rows[1]).toEqual({
      table: 'bars',
      exchange: 'fake',
      market: 'spot',
      symbol: 'BTCUSDT',
      instrument: null,
      event_ts: at(1),
      event_ts_source: 'engine',
      sent_ts: null,
      received_ts: at(3),
      source: 'derived',
      writer: 'J1',
      frame: 8,
      interval: '1s',
      window_start: at(1),
      window_end: at(2),
      open: '10.00',
      high: '12.5',
      low: '9',
      close: '9',
      volume: '1.75',
      quote_volume: '19.75',
      vwap: '11.285714285714285714',
      buy_volume: '0.75',
      quantity_unit: 'base',
      trade_count: 3,
      price_mean: '10.500000000000000000',
      price_change: '-1.00',
      price_change_percent: '-10.000000000000000000',
      revision: 0,
      is_final: 0,
      complete: 0,
    })
  })

  it('is revised by a late trade, ends when its lateness is over, and then takes no more', () => {
    const lane = new FakeLane()
    lane.play(start(['1s']), connect(), trade(1, 0.5, '1', '1'), trade(2, 1.5, '2', '1'))
    expect(told(lane.play(trade(4, 2.5, '4', '1'), clock(3)))).toEqual([
      ['1s', 0, 0, 0, 0, '1', 1],
      ['1s', 1, 0, 0, 0, '2', 1],
    ])
    // Number 3 was missing: its window may have missed it, and keeps saying so.
    expect(told(lane.play(trade(3, 1.7, '3', '1', 3.2), clock(4)))).toEqual([
      ['1s', 1, 1, 0, 0, '3', 2],
      ['1s', 2, 0, 0, 0, '4', 1],
    ])
    expect(told(lane.play(clock(5), clock(6)))).toEqual([
      ['1s', 0, 1, 1, 0, '1', 1],
      ['1s', 1, 2, 1, 0, '3', 2],
    ])
    lane.play(trade(9, 6, '9', '1'))
    expect(told(lane.play(trade(8, 1.9, '8', '1', 6.5), clock(7))).filter(([, from]) => from === 1)).toEqual(
      [],
    )
    expect(lane.normalizer.counters).toMatchObject({ lateTrades: 1, droppedTrades: 1 })
  })

  it('is final at once where late trades are dropped', () => {
    const lane = new FakeLane()
    lane.play(start(['1s'], { late: 'drop' }), connect(), trade(1, 0.5, '1', '1'), trade(2, 1.5, '2', '1'))
    lane.play(trade(4, 2.5, '4', '1'))
    expect(told(lane.rows)).toEqual([['1s', 0, 0, 1, 0, '1', 1]])
    expect(told(lane.play(clock(3), trade(3, 1.7, '3', '1', 3.2), clock(9)))).toEqual([
      ['1s', 1, 0, 1, 0, '2', 1],
      ['1s', 2, 0, 1, 0, '4', 1],
    ])
    expect(lane.normalizer.counters).toMatchObject({
      lateTrades: 0,
      droppedTrades: 1,
      bars: 3,
      barRevisions: 0,
    })
  })

  it('is whole only when a message behind its end proves it, and waits an hour for that', () => {
    const lane = new FakeLane()
    lane.play(start(['10s'], { allowedLatenessMs: 0 }), connect(), trade(1, 1, '1', '1'))
    lane.play(trade(2, 11, '2', '1'), trade(3, 15, '3', '1'), trade(4, 21, '4', '1'))
    // Nobody knows yet whether something is missing behind number 4.
    expect(told(lane.play(clock(40), clock(41)))).toEqual([
      ['10s', 10, 1, 1, 1, '3', 2],
      ['10s', 20, 0, 0, 0, '4', 1],
    ])
    expect(told(lane.play(trade(5, 50, '5', '1'), clock(52)))).toEqual([['10s', 20, 1, 1, 1, '4', 1]])
    expect(told(lane.play(clock(62), clock(3659)))).toEqual([['10s', 50, 0, 0, 0, '5', 1]])
    expect(told(lane.play(clock(3660), clock(3661)))).toEqual([['10s', 50, 1, 1, 0, '5', 1]])
  })

  it('is not whole where messages are missing, at a start, and behind what could not be read', () => {
    const lane = new FakeLane()
    lane.play(start(['1s'], { allowedLatenessMs: 0 }), connect())
    lane.play(trade(1, 0.1, '1', '1'), trade(2, 1.1, '1', '1'), trade(4, 2.1, '1', '1'))
    lane.play(trade(5, 3, '1', '1'), trade(6, 4, '1', '1'), trade(7, 5.5, '1', '1'))
    lane.play({ kind: 'disconnect', connection: 2, atUs: at(6.6) }, connect(6.7))
    const again = { ...trade(8, 7.5, '1', '1'), connection: 10 } as Step
    lane.play(again, { kind: 'dead', connection: 10, atUs: at(8.5) })
    lane.play(
      { ...trade(9, 9.5, '1', '1'), connection: 10 } as Step,
      { ...trade(10, 11, '1', '1'), connection: 10 } as Step,
    )
    lane.play(clock(12), clock(13))
    const complete = told(lane.rows).map(([, from, , , isComplete]) => [from, isComplete])
    expect(complete).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 1],
      // Ids go on over the disconnect: nothing is missing.
      [5, 0],
      [5, 1],
      [7, 0],
      [7, 0],
      [9, 0],
      [11, 0],
    ])
  })

  it('of a day ends at midnight, and so do all others', () => {
    const lane = new FakeLane()
    const day = 86_400
    lane.play(start(['1d', '1m', '24h/6h']), connect(), trade(1, day - 1, '1', '1'))
    lane.play(trade(2, day - 0.000001, '2', '1'), trade(3, day, '3', '1'), trade(4, day + 70, '4', '1'))
    const rows = barsIn(lane.play(clock(day + 72)))
    const firsts = barsIn(lane.rows).filter(({ revision }) => revision === 0)
    expect(firsts.map((row) => [row.interval, row.window_start, row.close, row.trade_count])).toEqual([
      ['1d', at(0), '2', 2],
      ['1m', at(day - 60), '2', 2],
      ['1m', at(day), '3', 1],
      ['24h/6h', at(0), '2', 2],
    ])
    expect(firsts.map(({ event_ts }) => event_ts)).toEqual([at(0), at(day - 60), at(day), at(day - 21_600)])
    expect(told(rows)).toEqual([['1m', day, 1, 1, 1, '3', 1]])
  })

  it('has neither what was agreed outside the book nor what a filter removed', () => {
    const lane = new FakeLane()
    const block: Message = { ...messageOf(2, 1.2, '99', '1'), kind: 'block' }
    lane.play(start(['1s'], {}, { ticks: { priceMin: '2' } }), connect(), trade(1, 1.1, '5', '1'))
    lane.play({ kind: 'frame', connection: 2, messages: [block], atUs: at(1.3) }, trade(3, 1.4, '1', '1'))
    lane.play(trade(4, 2.4, '1', '1'), clock(3))
    expect(barsIn(lane.rows).map((row) => [row.high, row.low, row.trade_count])).toEqual([['5', '5', 1]])
  })

  it('rounds half to even, and is null where 38 digits do not hold it', () => {
    const lane = new FakeLane()
    const most = '99999999999999999999'
    lane.play(
      start(['1s'], { allowedLatenessMs: 0 }),
      connect(),
      trade(1, 0.1, '0.000000000000000003', '1'),
      trade(2, 0.2, '0', '1'),
    )
    lane.play(trade(3, 1.1, '0.000000000000000005', '1'), trade(4, 1.2, '0', '1'))
    lane.play(trade(5, 2.1, most, most), trade(6, 3.1, '0.000000001', '0.0000000001'), clock(5))
    const figures = barsIn(lane.rows).map((row) => [row.vwap, row.volume, row.quote_volume])
    expect(figures).toEqual([
      ['0.000000000000000002', '2', '0.000000000000000003'],
      ['0.000000000000000002', '2', '0.000000000000000005'],
      [`${most}.000000000000000000`, most, null],
      ['0.000000001000000000', '0.0000000001', null],
    ])
  })

  it('counts contracts, of which no turnover is known', () => {
    const lane = new FakeLane()
    const inverse = marketText({ exchange: 'fake', market: 'inverse' })
    const operators = { [inverse]: { aggregate: { windows: ['1s'] } } }
    lane.play({ kind: 'start', operators, atUs: at(0) })
    lane.play({ kind: 'connect', market: 'inverse', subscriptions: [['BTCUSDT', 'trade']], atUs: at(0) })
    lane.play(trade(1, 0.1, '10', '3'), trade(2, 1.1, '20', '1'), clock(3))
    expect(barsIn(lane.rows)[0]).toMatchObject({
      volume: '3',
      quote_volume: null,
      quantity_unit: 'contracts',
    })
  })

  it('counts the trades of an aggregate', () => {
    const lane = new FakeLane()
    const subscriptions = [['BTCUSDT', 'aggregate']] as const
    lane.play(start(['1s']), { kind: 'connect', subscriptions, atUs: at(0) })
    const aggregate = { ...messageOf(1, 0.5, '2', '1'), kind: 'aggregate', trades: [7, 9] } as const
    lane.play({ kind: 'frame', connection: 2, messages: [aggregate], atUs: at(0.6) }, clock(3))
    expect(barsIn(lane.rows)[0]).toMatchObject({ trade_count: 3, price_mean: '2.000000000000000000' })
  })

  it('is written as it stands when the process stops, and goes on with the next one', () => {
    const lane = new FakeLane()
    lane.play(start(['1m', '1m/1s']), connect(), trade(1, 1, '1', '1'))
    const stopped = lane.play({ kind: 'stop', atUs: at(2.5) })
    expect(told(stopped)).toEqual([['1m', 0, 0, 0, 0, '1', 1]])
    lane.play({ ...start(['1m', '1m/1s']), atUs: at(20) }, { ...connect(21) })
    lane.play({ ...trade(2, 30, '2', '1'), connection: 6 } as Step, clock(62))
    expect(told(lane.rows).filter(([name]) => name === '1m')).toEqual([
      ['1m', 0, 0, 0, 0, '1', 1],
      ['1m', 0, 1, 0, 0, '2', 2],
    ])
  })

  it('of other windows begins anew, and those before end as they stand', () => {
    const lane = new FakeLane()
    lane.play(start(['1m']), connect(), trade(1, 1, '1', '1'))
    expect(told(lane.play({ ...start(['1h']), atUs: at(5) }))).toEqual([['1m', 0, 0, 0, 0, '1', 1]])
    lane.play(connect(6), { ...trade(2, 7, '2', '1'), connection: 5 } as Step)
    expect(told(lane.play(clock(3602)))).toEqual([['1h', 0, 0, 0, 0, '2', 1]])
    expect(told(lane.play({ kind: 'start', atUs: at(3603) }, clock(9000)))).toEqual([])
  })

  it('is not complete while a trade of it could still be late, and lost: a hole behind its end counts', () => {
    const trades = (next: number): Step[] => [
      ...[0.5, 1.5, 2.5].map((seconds, i) => trade(i + 1, seconds, '1', '1')),
      ...[3.5, 5.5, 7.5].map((seconds, i) => trade(next + i, seconds, '1', '1')),
      clock(8),
    ]
    const completeOf = (next: number): unknown[] => {
      const lane = new FakeLane()
      lane.play(start(['1s']), connect(), ...trades(next))
      return told(lane.rows)
        .filter(([, from]) => from === 1)
        .map(([, , , isFinal, isComplete]) => [isFinal, isComplete])
    }
    expect(completeOf(4)).toEqual([
      [0, 0],
      [1, 1],
    ])
    // Trade 4, behind 2.5, is missing: it may have been one of second 1, as late as windows wait for.
    expect(completeOf(5)).toEqual([
      [0, 0],
      [1, 0],
    ])
  })

  it('is of one stream of its key, over a lost connection too, and of another when that is not subscribed any more', () => {
    const lane = new FakeLane()
    const of = (connection: number, kind: 'trade' | 'aggregate', id: number, seconds: number): Step => ({
      kind: 'frame',
      connection,
      atUs: at(seconds + 0.01),
      messages: [
        { ...messageOf(id, seconds, '1', '1'), kind, ...(kind === 'trade' ? {} : { trades: [id, id] }) },
      ],
    })
    const carry = (stream: string): Step => ({
      kind: 'connect',
      subscriptions: [['BTCUSDT', stream]],
      atUs: at(0),
    })
    lane.play(start(['1s'], { allowedLatenessMs: 0 }), carry('trade'), carry('aggregate'))
    lane.play(
      of(2, 'trade', 1, 0.2),
      of(3, 'aggregate', 1, 0.2),
      of(2, 'trade', 2, 1.2),
      of(3, 'aggregate', 2, 1.2),
    )
    lane.play(
      { kind: 'disconnect', connection: 2, atUs: at(1.5) },
      of(3, 'aggregate', 3, 2.2),
      of(3, 'aggregate', 4, 3.2),
    )
    lane.play(
      { ...start(['1s'], { allowedLatenessMs: 0 }), atUs: at(10) },
      { ...carry('aggregate'), atUs: at(10) },
    )
    const connection = lane.number
    lane.play(of(connection, 'aggregate', 5, 11.2), of(connection, 'aggregate', 6, 121.2))
    lane.play(of(connection, 'aggregate', 7, 122.2), of(connection, 'aggregate', 8, 123.2), clock(126))
    expect(told(lane.rows).map(([, from, , , complete, , trades]) => [from, complete, trades])).toEqual([
      [0, 0, 1],
      // As it stood when nothing more could come, and its last word.
      [1, 0, 1],
      [1, 0, 1],
      [121, 0, 1],
      [122, 1, 1],
      [123, 0, 1],
    ])
  })

  it('does not believe a trade that is ahead of our clock', () => {
    const lane = new FakeLane()
    lane.play(start(['1s']), connect(), trade(1, 0.2, '1', '1'), trade(2, 3600, '2', '1', 0.3))
    lane.play(trade(3, 1.2, '3', '1'), trade(4, 2.2, '4', '1'), clock(3))
    expect(told(lane.rows).map(([, from, , , , close]) => [from, close])).toEqual([
      [0, '1'],
      [1, '3'],
    ])
  })
})
