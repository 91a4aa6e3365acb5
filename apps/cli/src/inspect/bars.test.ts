import { describe, expect, it } from 'vitest'
import { judgeBars } from './bars.ts'

type Bar = Parameters<typeof judgeBars>[0][number]
type Trade = Parameters<typeof judgeBars>[1][number]

const key = { exchange: 'x', market: 'spot', symbol: 'A' }
const trade = (
  us: number,
  price: string,
  quantity: string,
  frame: number,
  more: Partial<Trade> = {},
): Trade => ({
  ...key,
  kind: 'trade',
  writer: 'W',
  us,
  price,
  quantity,
  side: frame % 2 === 0 ? 'buy' : 'sell',
  count: 1,
  frame,
  receivedUs: us,
  ...more,
})
const trades = [
  trade(1_000_000, '10', '1', 1),
  trade(1_500_000, '11', '2', 2),
  trade(1_500_000, '9.5', '1', 3),
  trade(2_000_000, '20', '1', 4),
]
/** Of the first three. */
const bar: Bar = {
  ...key,
  interval: '1s',
  writer: 'W',
  frame: 5,
  revision: 0,
  complete: true,
  window_start: 1_000_000,
  window_end: 2_000_000,
  trade_count: 3,
  quantity_unit: 'base',
  open: '10',
  high: '11',
  low: '9.5',
  close: '9.5',
  volume: '4',
  buy_volume: '2',
  quote_volume: '41.5',
  vwap: '10.375',
  price_mean: '10.166666666666666667',
  price_change: '-0.5',
  price_change_percent: '-5',
}
const next: Bar = {
  ...bar,
  ...{ open: '20', high: '20', low: '20', close: '20', volume: '1', buy_volume: '1', quote_volume: '20' },
  ...{ vwap: '20', price_mean: '20', price_change: '0', price_change_percent: '0', trade_count: 1 },
  window_start: 2_000_000,
  window_end: 3_000_000,
}
const judged = (bars: readonly Bar[], stored = trades, emitted = trades) =>
  judgeBars(bars, stored, emitted, 9)

describe('bars that are judged', () => {
  it('are right when both computations say so', () => {
    expect(judged([bar, next])).toEqual({ checked: 2, complete: 2, wrong: 0, missing: 0, examples: [] })
    expect(judged([{ ...bar, close: '11', price_change: '1', price_change_percent: '10' }, next]).wrong).toBe(
      0,
    )
  })

  it.each(
    Object.entries(bar).filter(
      ([name]) => !['frame', 'revision', 'complete', 'interval', 'quantity_unit'].includes(name),
    ),
  )('are wrong with another %s', (name, value) => {
    const another =
      typeof value === 'number'
        ? value + 1_000_000
        : `${value}`.replace(/.$/, (last) => (last === '7' ? '8' : '7'))
    const verdict = judged([{ ...bar, [name]: another }, next])
    expect(verdict.wrong + verdict.missing).toBeGreaterThan(0)
  })

  it('have the trades that were stored before them, and no others', () => {
    const before = { ...bar, frame: 3, complete: false }
    expect(judged([before, bar, next]).wrong).toBe(1)
    expect(judged([bar, next], trades.slice(0, 3)).wrong).toBe(1)
  })

  it('are complete only with everything that was emitted', () => {
    const lost = trade(1_700_000, '10', '1', 0)
    expect(judged([bar, next], trades, [...trades, lost])).toMatchObject({
      wrong: 1,
      examples: [{ against: 'everything emitted' }],
    })
    expect(judged([{ ...bar, complete: false }, next], trades, [...trades, lost]).wrong).toBe(0)
  })

  it('are of one kind of trades', () => {
    const aggregates = trades.map((each) => ({ ...each, kind: 'aggregate', count: 2, quantity: '7' }))
    expect(judged([bar, next], [...trades, ...aggregates], [...aggregates, ...trades])).toMatchObject({
      wrong: 0,
    })
  })

  it('are missing where a trade came behind the last one of its window, unless it came late', () => {
    expect(judged([bar])).toMatchObject({ missing: 1, examples: [{ window_start: 2_000_000, frame: 4 }] })
    const late = [...trades, trade(1_600_000, '1', '1', 9, { receivedUs: 4_000_000 })]
    expect(judged([bar, next], late).missing).toBe(0)
    const inTime = [...trades, trade(1_600_000, '1', '1', 9, { receivedUs: 3_999_999 })]
    expect(judged([bar, next], inTime).missing).toBe(1)
  })

  it('round half to even, and have no turnover of contracts', () => {
    const fine = [trade(1_000_000, '0.000000000000000003', '1', 1), trade(1_000_001, '0', '1', 2)]
    const rounded: Bar = {
      ...bar,
      ...{ open: '0.000000000000000003', high: '0.000000000000000003', low: '0', close: '0', volume: '2' },
      ...{
        buy_volume: '1',
        quote_volume: null,
        vwap: '0.000000000000000002',
        price_mean: '0.000000000000000002',
      },
      ...{ price_change: '-0.000000000000000003', price_change_percent: '-100', trade_count: 2 },
      quantity_unit: 'contracts',
    }
    expect(judged([rounded], fine, fine).examples).toEqual([])
  })
})
