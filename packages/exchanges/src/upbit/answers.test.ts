import { EventBatch, EventKind, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { decodeAnswer } from './answers.ts'

const book =
  '{"market":"KRW-A","timestamp":1746601573804,"orderbook_units":[{"ask_price":2,"bid_price":1,"ask_size":3,"bid_size":4}],"level":0}'

function ask(symbol: string, body: string) {
  const batch = new EventBatch(new StringTable())
  const asked = {
    exchange: 'upbit',
    market: 'spot',
    symbol,
    stream: 'orderbook@rest',
    resync: 0,
    status: 200,
  } as const
  return { outcome: decodeAnswer(asked, new TextEncoder().encode(body), batch), batch }
}

describe('a book that was asked for', () => {
  it('is an image of the market that was asked about, at the time that it says', () => {
    const { outcome, batch } = ask('KRW-A', `[${book}]`)
    expect(outcome).toEqual({ kind: 'events' })
    expect([batch.kind[0], batch.entryCount, batch.sentUs[0]]).toEqual([
      EventKind.bookImage,
      2,
      1_746_601_573_804_000,
    ])
  })

  it.each([
    ['KRW-B', `[${book}]`, 'malformed'],
    ['', `[${book}]`, 'malformed'],
    ['KRW-A', `[${book},${book}]`, 'malformed'],
    ['KRW-A', '[]', 'malformed'],
    ['KRW-A', `[${book.replace('"level":0', '"level":1')}]`, 'ignored'],
    ['KRW-A', `[${book.replace('1746601573804', '"now"')}]`, 'malformed'],
    ['KRW-A', '{"error":{"name":404,"message":"Code not found"}}', 'unknown'],
  ])('is nothing of %s: %s', (symbol, body, kind) => {
    const { outcome, batch } = ask(symbol, body)
    expect(outcome.kind).toBe(kind)
    expect([batch.count, batch.entryCount]).toEqual([0, 0])
  })
})
