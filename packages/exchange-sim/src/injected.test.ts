import { describe, expect, it } from 'vitest'
import type { EmissionRecord } from './emission-log.ts'
import { injectedHoles } from './injected.ts'
import { recordOf } from './testing/records.ts'

const key = { exchange: 'binance', market: 'spot', symbol: 'BTCUSDT' }

function diff(first: number, last: number, copies: number): EmissionRecord {
  return recordOf({ stream: 'depth@100ms', table: 'spot_delta', first, last, at_ms: last * 10, copies })
}

function trade(id: number, copies: number, symbol = 'BTCUSDT'): EmissionRecord {
  return recordOf({ symbol, first: id, last: id, at_ms: id * 10, copies })
}

function sampled(atMs: number, copies: number, more: Partial<EmissionRecord> = {}): EmissionRecord {
  const rest = { stream: 'markPrice@1s', table: 'funding', first: null, last: null } as const
  return recordOf({ market: 'linear', ...rest, at_ms: atMs, copies, ...more })
}

describe('injectedHoles', () => {
  it('reports each maximal run between delivered events with its borders', () => {
    const records = [
      diff(1, 5, 1),
      diff(6, 9, 0),
      diff(10, 12, 0),
      diff(13, 20, 2),
      diff(21, 21, 1),
      diff(22, 25, 0),
      diff(26, 30, 1),
    ]
    const stream = 'depth@100ms'
    expect(injectedHoles(records)).toEqual({
      holes: [
        { ...key, stream, from_seq: 5, to_seq: 13, from_ms: 50, to_ms: 200, messages: 2 },
        { ...key, stream, from_seq: 21, to_seq: 26, from_ms: 210, to_ms: 300, messages: 1 },
      ],
      edges: [],
    })
  })

  it('keeps streams and symbols apart, however their events interleave', () => {
    const records = [
      trade(1, 1),
      diff(1, 5, 1),
      trade(1, 1, 'ETHUSDT'),
      trade(2, 0),
      diff(6, 9, 1),
      trade(2, 1, 'ETHUSDT'),
      trade(3, 1),
    ]
    const hole = { ...key, stream: 'trade', from_seq: 1, to_seq: 3, from_ms: 10, to_ms: 30, messages: 1 }
    expect(injectedHoles(records)).toEqual({ holes: [hole], edges: [] })
  })

  it('takes the only sequence of quotes and images as both borders', () => {
    const quote = (last: number, copies: number) =>
      recordOf({ stream: 'bookTicker', table: 'bbo', first: null, last, at_ms: last, copies })
    const { holes } = injectedHoles([quote(4, 1), quote(9, 0), quote(17, 1)])
    expect(holes).toEqual([
      { ...key, stream: 'bookTicker', from_seq: 4, to_seq: 17, from_ms: 4, to_ms: 17, messages: 1 },
    ])
  })

  it('gives runs without sequences their borders in time', () => {
    const records = [
      sampled(900, 0),
      sampled(1_000, 1),
      sampled(2_000, 0),
      sampled(3_000, 0),
      sampled(4_000, 1),
      sampled(5_000, 0),
    ]
    const hole = { ...key, market: 'linear', stream: 'markPrice@1s', from_seq: null, to_seq: null }
    expect(injectedHoles(records)).toEqual({
      holes: [{ ...hole, from_ms: 1_000, to_ms: 4_000, messages: 2 }],
      edges: [
        { ...hole, from_ms: null, to_ms: 1_000, messages: 1 },
        { ...hole, from_ms: 4_000, to_ms: null, messages: 1 },
      ],
    })
  })

  it('calls runs before the first and after the last delivered event edges', () => {
    const records = [trade(1, 0), trade(2, 0), trade(3, 1), trade(4, 0), trade(1, 0, 'ETHUSDT')]
    const edge = { ...key, stream: 'trade' }
    expect(injectedHoles(records)).toEqual({
      holes: [],
      edges: [
        { ...edge, from_seq: null, to_seq: 3, from_ms: null, to_ms: 30, messages: 2 },
        { ...edge, from_seq: 3, to_seq: null, from_ms: 30, to_ms: null, messages: 1 },
        {
          ...edge,
          symbol: 'ETHUSDT',
          from_seq: null,
          to_seq: null,
          from_ms: null,
          to_ms: null,
          messages: 1,
        },
      ],
    })
  })

  it.each(['snapshot', 'exchangeInfo', 'openInterest', 'premiumIndex', 'fundingInfo'])(
    'does not take an unanswered %s for a hole',
    (stream) => {
      const records = [1, 0, 1].map((copies) => recordOf({ stream, copies, is_answer: true }))
      expect(injectedHoles(records)).toEqual({ holes: [], edges: [] })
    },
  )
})
