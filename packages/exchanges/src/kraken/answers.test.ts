import { EventBatch, EventKind, type Market, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { decodeAnswer, recognise } from './answers.ts'

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

describe('a book that was asked for', () => {
  const asked = (market: Market, symbol: string, body: string) => {
    const batch = new EventBatch(new StringTable())
    const stream = market === 'spot' ? 'Depth' : 'orderbook'
    const context = { exchange: 'kraken', market, symbol, stream, resync: 0, status: 200 }
    return { outcome: decodeAnswer(market, context, encoder.encode(body), batch), batch }
  }

  it.each(markets)(
    'is an image of the symbol that was asked about, however it is called there (%s)',
    (market) => {
      const body = market === 'spot' ? spotBook : futuresBook.replace('"bids":[]', '"bids":[[1,1]]')
      const { outcome, batch } = asked(market, 'A/B', body)
      expect(outcome).toEqual({ kind: 'events' })
      expect([batch.kind[0], batch.names.text(batch.symbol[0] as number)]).toEqual([
        EventKind.bookImage,
        'A/B',
      ])
      expect([batch.entryCount, batch.lastSeq[0], batch.engineUs[0]]).toEqual([1, Number.NaN, Number.NaN])
      expect(batch.sentUs[0]).toBe(market === 'spot' ? Number.NaN : Date.parse('2026-05-27') * 1000)
    },
  )

  it.each(markets)('is nothing where it is an error, another book or cut (%s)', (market) => {
    const other = market === 'spot' ? futuresBook : spotBook
    for (const body of ['', '[]', '{}', other, '{"error":["E"]}', '{"result":"error","error":"E"}']) {
      const { outcome, batch } = asked(market, 'A', body)
      expect(outcome.kind).toMatch(/^(unknown|malformed)$/)
      expect([batch.count, batch.entryCount]).toEqual([0, 0])
    }
    const own = market === 'spot' ? spotBook : futuresBook
    expect(asked(market, '', own).outcome).toMatchObject({ reason: 'bad_symbol' })
  })

  it('of spot is the only one of its answer', () => {
    const two = spotBook.replace('{"XXBTZUSD"', '{"XETHZUSD":{"asks":[],"bids":[]},"XXBTZUSD"')
    expect(asked('spot', 'A', two).outcome).toMatchObject({ detail: 'result is not one book' })
  })
})

describe('a recorded answer', () => {
  it('is a book of spot, or of either futures market, which names no symbol as streams do', () => {
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
