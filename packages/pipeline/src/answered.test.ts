import { findMarket } from '@cryptoflow/exchanges'
import { EventBatch, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { decodeAnswered } from './answered.ts'

const book = (type: string, symbol: string): string =>
  `{"topic":"orderbook.50.${symbol}","type":"${type}","ts":1672304484978,"data":{"s":"${symbol}","b":[["1","2"]],"a":[["3","4"]],"u":7,"seq":8},"cts":1672304484976}`

function read(frame: string): { readonly outcome: object; readonly batch: EventBatch } {
  const batch = new EventBatch(new StringTable())
  const asked = { exchange: 'bybit', market: 'linear', symbol: 'BTCUSDT', stream: 'orderbook.50' } as const
  const context = { ...asked, resync: 0, status: 200, audit: 1, isFrame: true } as const
  const market = findMarket('bybit', 'linear')
  return { outcome: decodeAnswered(market, context, new TextEncoder().encode(frame), batch), batch }
}

describe('the frame of an audit', () => {
  it('is the snapshot of its book', () => {
    const { outcome, batch } = read(book('snapshot', 'BTCUSDT'))
    expect(outcome).toEqual({ kind: 'events' })
    expect([batch.count, batch.lastSeq[0], batch.entryCount]).toEqual([1, 7, 2])
  })

  it('is not believed where it is of another book, no snapshot, or nothing', () => {
    const strangers = [
      book('snapshot', 'ETHUSDT'),
      book('delta', 'BTCUSDT'),
      book('snapshot', 'BTCUSDT').replace('.50.', '.200.'),
      '{',
    ]
    for (const frame of strangers) {
      const { outcome, batch } = read(frame)
      expect(outcome, frame).toMatchObject({ detail: expect.any(String) })
      expect([batch.count, batch.entryCount]).toEqual([0, 0])
    }
  })
})
