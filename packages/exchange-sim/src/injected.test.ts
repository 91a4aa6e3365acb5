import { describe, expect, it } from 'vitest'
import type { EmissionRecord } from './emission-log.ts'
import { injectedHoles } from './injected.ts'

let n = 0
function record(stream: string, first: number, last: number, copies: number, symbol = 'BTCUSDT') {
  n += 1
  const nothing = { event_ms: 0, trade_ms: null, connection: null, fault: null, bids: [], asks: [] }
  const rest = { price: null, quantity: null, side: null, wire: null }
  const key = { exchange: 'binance', market: 'spot', symbol, stream } as const
  return { n, ...key, first, last, copies, ...nothing, ...rest } satisfies EmissionRecord
}

const key = { exchange: 'binance', market: 'spot', symbol: 'BTCUSDT' }

describe('injectedHoles', () => {
  it('reports each maximal run between delivered messages with its borders', () => {
    const records = [
      record('depth@100ms', 1, 5, 1),
      record('depth@100ms', 6, 9, 0),
      record('depth@100ms', 10, 12, 0),
      record('depth@100ms', 13, 20, 2),
      record('depth@100ms', 21, 21, 1),
      record('depth@100ms', 22, 25, 0),
      record('depth@100ms', 26, 30, 1),
    ]
    expect(injectedHoles(records)).toEqual({
      holes: [
        { ...key, stream: 'depth@100ms', from_seq: 5, to_seq: 13, messages: 2 },
        { ...key, stream: 'depth@100ms', from_seq: 21, to_seq: 26, messages: 1 },
      ],
      edges: [],
    })
  })

  it('keeps streams and symbols apart, however their messages interleave', () => {
    const records = [
      record('trade', 1, 1, 1),
      record('depth@100ms', 1, 5, 1),
      record('trade', 1, 1, 1, 'ETHUSDT'),
      record('trade', 2, 2, 0),
      record('depth@100ms', 6, 9, 1),
      record('trade', 2, 2, 1, 'ETHUSDT'),
      record('trade', 3, 3, 1),
    ]
    const { holes, edges } = injectedHoles(records)
    expect(holes).toEqual([{ ...key, stream: 'trade', from_seq: 1, to_seq: 3, messages: 1 }])
    expect(edges).toEqual([])
  })

  it('calls runs before the first and after the last delivered message edges', () => {
    const records = [
      record('trade', 1, 1, 0),
      record('trade', 2, 2, 0),
      record('trade', 3, 3, 1),
      record('trade', 4, 4, 0),
      record('trade', 1, 1, 0, 'ETHUSDT'),
    ]
    expect(injectedHoles(records)).toEqual({
      holes: [],
      edges: [
        { ...key, stream: 'trade', from_seq: null, to_seq: 3, messages: 2 },
        { ...key, stream: 'trade', from_seq: 3, to_seq: null, messages: 1 },
        { ...key, symbol: 'ETHUSDT', stream: 'trade', from_seq: null, to_seq: null, messages: 1 },
      ],
    })
  })

  it('does not take an unanswered snapshot for a hole', () => {
    const records = [record('snapshot', 7, 7, 1), record('snapshot', 9, 9, 0), record('snapshot', 11, 11, 1)]
    expect(injectedHoles(records)).toEqual({ holes: [], edges: [] })
  })
})
