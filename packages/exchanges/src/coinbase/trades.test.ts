import { EventBatch, StringTable } from '@cryptoflow/model'
import { plainEvents } from '@cryptoflow/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFast, decodeFrame } from './frame.ts'

const encoder = new TextEncoder()

interface Trade {
  readonly id: number
  readonly product: string
}

function frameOf(events: readonly (readonly Trade[])[]): Uint8Array {
  const list = events.map((trades) => ({
    type: 'update',
    trades: trades.map(({ id, product }) => ({
      product_id: product,
      trade_id: String(id),
      price: `${id}.5`,
      size: `${id}`,
      time: `2026-09-30T01:41:25.${String(id % 1_000_000).padStart(6, '0')}Z`,
      side: id % 2 === 0 ? 'BUY' : 'SELL',
    })),
  }))
  const timestamp = '2026-09-30T01:41:27.834Z'
  return encoder.encode(
    JSON.stringify({ channel: 'market_trades', timestamp, sequence_num: 1, events: list }),
  )
}

describe('trades of one message', () => {
  const trade = fc.record({ id: fc.nat(999_999), product: fc.constantFrom('BTC-USD', 'ETH-USD', 'SOL-USD') })
  const events = fc.array(fc.uniqueArray(trade, { maxLength: 8, selector: ({ id }) => id }), { maxLength: 3 })

  it('come in the order of their ids, each with all that is its own', () => {
    fc.assert(
      fc.property(events, (lists) => {
        const batch = new EventBatch(new StringTable())
        decodeFrame('spot', frameOf([[{ id: 1, product: 'A-B' }]]), batch)
        const all = lists.flat()
        decodeFrame('spot', frameOf(lists), batch)
        const wanted = all
          .toSorted((a, b) => a.id - b.id)
          .map(({ id, product }) => [
            product,
            id,
            Date.UTC(2026, 8, 30, 1, 41, 25) * 1000 + id,
            id % 2 === 0 ? 'sell' : 'buy',
            `${id}.5`,
            `${id}`,
          ])
        const found = plainEvents(batch, 1).map(({ symbol, lastSeq, firstSeq, engineUs, entries }) => {
          expect(firstSeq).toBe(lastSeq)
          return [symbol, lastSeq, engineUs, ...(entries[0] ?? [])]
        })
        expect(found).toEqual(wanted)
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })

  it('are read fast oldest first and newest first, and left to the exact path in other orders', () => {
    const isFast = (...ids: number[]): boolean => {
      const trades = ids.map((id) => ({ id, product: 'BTC-USD' }))
      return decodeFast('spot', frameOf([trades]), new EventBatch(new StringTable()))
    }
    expect([isFast(1), isFast(1, 2, 3), isFast(3, 2, 1)]).toEqual([true, true, true])
    expect([isFast(1, 3, 2), isFast(3, 1, 2), isFast(1, 1), isFast(2, 2, 1)]).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  it('are left to the exact path when one has a field twice or not at all', () => {
    const text = new TextDecoder().decode(frameOf([[{ id: 7, product: 'A-USD' }]]))
    const isFast = (frame: string): boolean =>
      decodeFast('spot', encoder.encode(frame), new EventBatch(new StringTable()))
    expect(isFast(text)).toBe(true)
    expect(isFast(text.replace('"price":"7.5"', '"price":"1","price":"7.5"'))).toBe(false)
    expect(isFast(text.replace(',"price":"7.5"', ''))).toBe(false)
  })

  it('stay as they came where their ids are equal', () => {
    const batch = new EventBatch(new StringTable())
    decodeFrame(
      'spot',
      frameOf([
        [
          { id: 7, product: 'B-USD' },
          { id: 7, product: 'A-USD' },
        ],
      ]),
      batch,
    )
    expect(plainEvents(batch).map(({ symbol }) => symbol)).toEqual(['B-USD', 'A-USD'])
  })
})
