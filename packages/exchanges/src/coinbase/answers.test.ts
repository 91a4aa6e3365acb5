import { EventBatch, EventKind, type Market, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { decodeAnswer } from './answers.ts'

const encoder = new TextEncoder()
const TIME = '"time":"2026-04-07T00:28:59.662782Z"'
const spotBook = `{"bids":[["1","2",3]],"asks":[],"sequence":7,"auction_mode":false,${TIME}}`
const linearBook = `{"pricebook":{"product_id":"A-PERP-INTX","bids":[{"price":"1","size":"2"}],"asks":[],${TIME}}}`

function ask(
  market: Market,
  symbol: string,
  body: string,
  stream = market === 'spot' ? 'book' : 'product_book',
) {
  const batch = new EventBatch(new StringTable())
  const asked = { exchange: 'coinbase', market, symbol, stream, resync: 0, status: 200 }
  return { outcome: decodeAnswer(market, asked, encoder.encode(body), batch), batch }
}

describe('a book that was asked for', () => {
  it.each([
    ['spot', 'A-USD', spotBook, 7],
    ['linear', 'A-PERP-INTX', linearBook, Number.NaN],
  ] as const)('is an image with the time and the sequence that it has (%s)', (market, symbol, body, seq) => {
    const { outcome, batch } = ask(market, symbol, body)
    expect(outcome).toEqual({ kind: 'events' })
    expect([batch.kind[0], batch.lastSeq[0], batch.entryCount]).toEqual([EventKind.bookImage, seq, 1])
    expect(batch.engineUs[0]).toBe(Date.parse('2026-04-07T00:28:59.662Z') * 1000 + 782)
    expect(batch.names.text(batch.symbol[0] as number)).toBe(symbol)
  })

  it('is nothing in an auction, of another product, or where it cannot be read', () => {
    const auction = spotBook.replace('false', 'true')
    expect(ask('spot', 'A-USD', auction).outcome).toEqual({ kind: 'ignored', reason: 'auction' })
    for (const [market, symbol, body] of [
      ['spot', '', spotBook],
      ['spot', 'A-USD', linearBook],
      ['spot', 'A-USD', '[]'],
      ['spot', 'A-USD', spotBook.replace('7', '"7"')],
      ['linear', 'B-PERP-INTX', linearBook],
      ['linear', 'A-PERP-INTX', spotBook],
      ['linear', 'A-PERP-INTX', linearBook.replace('"size":"2"', '"size":2')],
    ] as const) {
      const { outcome, batch } = ask(market, symbol, body)
      expect(outcome.kind).toBe('malformed')
      expect([batch.count, batch.entryCount]).toEqual([0, 0])
    }
    expect(ask('linear', 'A-USD', linearBook, 'book').outcome.kind).toBe('unknown')
    expect(ask('inverse', 'A-USD', linearBook).outcome.kind).toBe('unknown')
    expect(ask('spot', 'A-USD', '{"message":"NotFound"}').outcome.kind).toBe('unknown')
  })
})
