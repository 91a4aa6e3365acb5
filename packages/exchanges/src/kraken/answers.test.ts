import type { Market } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { recognise } from './answers.ts'

const encoder = new TextEncoder()
const markets: readonly Market[] = ['spot', 'linear', 'inverse']
const unread = { stream: 'unread', symbol: null }
const spotBook = '{"error":[],"result":{"XXBTZUSD":{"asks":[["1","1",1]],"bids":[]}}}'
const futuresBook =
  '{"result":"success","serverTime":"2026-05-27T00:00:00Z","orderBook":{"bids":[],"asks":[]}}'

/** What spot, linear and inverse answer. */
function recognised(url: string | null, body: string): unknown[] {
  return markets.map((market) => recognise(market, url, encoder.encode(body)))
}

describe('a recorded answer', () => {
  it('is a book of spot, or of either futures market, which no stream stores', () => {
    for (const url of [null, 'https://api.kraken.com', 'https://api.kraken.com/']) {
      expect(recognised(url, spotBook)).toEqual([unread, null, null])
      expect(recognised(url, futuresBook)).toEqual([null, unread, unread])
    }
  })

  it('is none of ours where its address says that it is something else', () => {
    for (const body of [spotBook, futuresBook, '{"result":"success","instruments":[]}']) {
      expect(recognised('https://example.com/0/public/Depth', body)).toEqual([null, null, null])
    }
  })

  it.each([
    '',
    '[]',
    '{"error":[]}',
    '{"error":[],"result":[]}',
    '{"error":[],"result":{}}',
    '{"error":[],"result":{"unixtime":1,"rfc1123":""}}',
    '{"error":[],"result":{"A":{"asks":[]}}}',
    '{"error":[],"result":{"A":{"asks":[],"bids":[]},"B":{"asks":[],"bids":[]}}}',
    '{"result":{"A":{"asks":[],"bids":[]}}}',
    '{"result":"error","orderBook":{"bids":[],"asks":[]}}',
    '{"result":"success","orderBook":{"bids":[]}}',
    '{"lastUpdateId":1,"bids":[],"asks":[]}',
  ])('is nothing that this exchange is known to say: %s', (body) => {
    expect(recognised(null, body)).toEqual([null, null, null])
  })
})
