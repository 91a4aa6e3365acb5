import { EventBatch, type ExchangeMarket, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { openKeyMeter, openOperatorMeter, openSpanMeter, openStreamMeter } from './lane-measures.ts'

const names = new StringTable()
const market = { exchange: 'x', market: 'spot' } as ExchangeMarket

/** A batch of one event of each of these streams and symbols, all sent at that time. */
function batchOf(events: readonly (readonly [stream: string, symbol: string])[], sentUs: number): EventBatch {
  const batch = new EventBatch(names)
  for (const [stream, symbol] of events) {
    batch.reserveEvent()
    batch.symbol[batch.count] = names.idOf(symbol)
    batch.stream[batch.count] = names.idOf(stream)
    batch.sentUs[batch.count] = sentUs
    batch.engineUs[batch.count] = sentUs
    batch.count += 1
  }
  return batch
}

describe('the meter of streams', () => {
  it('counts messages by stream and symbol, with the latency of the last, and begins anew', () => {
    const meter = openStreamMeter((id) => names.text(id))
    const trades = batchOf([['trade', 'A']], 1_000_000)
    meter.count(market, trades, 0, 1_005_000)
    meter.count(market, trades, 0, 1_007_500)
    // Several events of one message are one message.
    meter.count(
      market,
      batchOf(
        [
          ['depth', 'B'],
          ['depth', 'B'],
        ],
        Number.NaN,
      ),
      0,
      1_000_000,
    )
    // A clock that is ahead of ours gives no time below zero.
    meter.count(market, batchOf([['trade', 'B']], 9_000_000), 0, 1_000_000)
    expect(meter.take()).toEqual([
      { exchange: 'x', market: 'spot', stream: 'trade', symbol: 'A', messages: 2, latencyMs: 7.5 },
      { exchange: 'x', market: 'spot', stream: 'depth', symbol: 'B', messages: 1, latencyMs: null },
      { exchange: 'x', market: 'spot', stream: 'trade', symbol: 'B', messages: 1, latencyMs: 0 },
    ])
    expect(meter.take()).toEqual([])
  })

  it('counts nothing for a message without events', () => {
    const meter = openStreamMeter((id) => names.text(id))
    const batch = batchOf([['trade', 'A']], 0)
    meter.count(market, batch, batch.count, 0)
    expect(meter.take()).toEqual([])
  })
})

describe('the meter of spans', () => {
  it('adds up how long each operator worked since the last call', () => {
    let us = 0
    const meter = openSpanMeter(() => us)
    const work = (operator: 'normalize' | 'aggregate', forUs: number, inside = () => {}): void => {
      meter.span(operator, true)
      us += forUs
      inside()
      meter.span(operator, false)
    }
    work('normalize', 5, () => work('aggregate', 2))
    work('normalize', 10)
    expect(meter.take()).toEqual([
      { operator: 'normalize', seconds: 17e-6 },
      { operator: 'aggregate', seconds: 2e-6 },
    ])
    expect(meter.take()).toEqual([])
  })
})

describe('the meter of operators', () => {
  it('tells what they did since the last barrier, and how the ids stand', () => {
    const at = { exchange: 'x', market: 'spot' } as const
    let count = 3
    const ids = [{ ...at, ids: 9, farthest: 2 }]
    const removed = { ...at, operator: 'filter', outcome: 'removed' } as const
    const meter = openOperatorMeter({ operatorTallies: () => ({ operators: [{ ...removed, count }], ids }) })
    expect(meter.take()).toEqual({ operators: [{ ...removed, count: 3 }], ids })
    count = 5
    expect(meter.take()).toEqual({ operators: [{ ...removed, count: 2 }], ids })
    expect(meter.take()).toEqual({ operators: [], ids })
  })
})

describe('the meter of keys', () => {
  it('tells what came since the last barrier, and how the books stand', () => {
    const key = { exchange: 'x', market: 'spot', symbol: 'A' } as const
    const other = { ...key, symbol: 'B' }
    let gaps = 2
    const meter = openKeyMeter({
      keyCounters: () => [
        { key, counters: { gaps, duplicates: 1, late: 0 } as never, levels: [5, 5] },
        { key: other, counters: { gaps: 0, duplicates: 0, late: 0 } as never, levels: null },
      ],
      outstanding: () => [{ ...other, stream: 'depth', resync: 1 }],
    })
    const books = [{ exchange: 'x', market: 'spot', live: 1, waiting: 1 }]
    expect(meter.take()).toEqual({ keys: [{ ...key, gaps: 2, duplicates: 1, late: 0 }], books })
    gaps = 3
    expect(meter.take()).toEqual({ keys: [{ ...key, gaps: 1, duplicates: 0, late: 0 }], books })
    expect(meter.take().keys).toEqual([])
  })
})
