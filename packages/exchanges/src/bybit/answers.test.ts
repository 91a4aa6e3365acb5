import { EventBatch, EventKind, type Market, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { decodeAnswer, ROWS_MAX, recognise } from './answers.ts'

const encoder = new TextEncoder()
const markets: readonly Market[] = ['spot', 'linear', 'inverse']

function decode(market: Market, stream: string, body: string): { outcome: object; batch: EventBatch } {
  const batch = new EventBatch(new StringTable())
  const asked = { exchange: 'bybit', market, symbol: '', stream, resync: 0, status: 200 }
  return { outcome: decodeAnswer(market, asked, encoder.encode(body), batch), batch }
}

const bodyOf = (category: string, rows: string): string =>
  `{"retCode":0,"retMsg":"OK","result":{"category":"${category}","list":[${rows}]},"time":1672053054358}`
const trade =
  '{"execId":"1","symbol":"A","price":"1","size":"1","side":"Buy","time":"1672052955758","isBlockTrade":false}'
const rate = '{"symbol":"A","fundingRate":"0.0001","fundingRateTimestamp":"1672041600000"}'
const pair = '{"symbol":"A","baseCoin":"A","quoteCoin":"B","priceFilter":{}}'

describe('an answer', () => {
  it('is unknown where nobody asks for it, on this market or at all', () => {
    for (const [market, stream] of [
      ['spot', 'funding/history'],
      ['spot', 'instruments-info/PreLaunch'],
      ['linear', 'orderbook.50'],
      ['linear', 'kline'],
      ['linear', ''],
      ['linear', '__proto__'],
    ] as const) {
      expect(decode(market, stream, bodyOf(market, rate)).outcome).toMatchObject({ kind: 'unknown' })
    }
  })

  it('may say that there was an error, that it is of an old protocol, or nothing that can be read', () => {
    const bodies = [
      ['{"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1}', 'unknown'],
      ['{"retCode":0,"result":{"category":"linear","list":{}}}', 'malformed'],
      ['{"retCode":0,"result":{"category":"margin","list":[]}}', 'malformed'],
      ['{"retCode":0,"result":[]}', 'malformed'],
      ['{"retMsg":"OK"}', 'unknown'],
      ['{"ret_code":0,"ret_msg":"OK","result":[]}', 'outside'],
      ['<html>access too frequent</html>', 'malformed'],
      ['['.repeat(1000), 'malformed'],
      ['', 'malformed'],
    ] as const
    for (const [body, kind] of bodies) {
      const { outcome, batch } = decode('linear', 'recent-trade', body)
      expect(outcome).toMatchObject({ kind })
      expect([batch.count, batch.textIds.size]).toEqual([0, 0])
    }
  })

  it('is taken whole or not at all', () => {
    const { outcome, batch } = decode('linear', 'recent-trade', bodyOf('linear', `${trade},${trade},{}`))
    expect(outcome).toMatchObject({ kind: 'malformed' })
    expect([batch.count, batch.entryCount, batch.textIds.size]).toEqual([0, 0, 0])
  })

  it('may have 100,000 rows and no more', () => {
    const rows = (count: number): string => bodyOf('spot', new Array(count).fill(trade).join(','))
    expect(decode('spot', 'recent-trade', rows(ROWS_MAX)).batch.count).toBe(ROWS_MAX)
    expect(decode('spot', 'recent-trade', rows(ROWS_MAX + 1)).outcome).toMatchObject({ kind: 'malformed' })
  })

  it('keeps the text of every instrument as it came', () => {
    const texts = [
      pair,
      pair.replace(',', ' , \n'),
      pair.replace('"A"', '"\\u0041"').replace('{}', '{"a":[{}]}'),
    ]
    const { batch } = decode('spot', 'instruments-info', bodyOf('spot', texts.join(' ,')))
    expect([...batch.details.values()].map((detail) => (detail as { raw: string }).raw)).toEqual(texts)
  })
})

describe('a book that was asked for', () => {
  const book = (result: string): string => `{"retCode":0,"result":${result},"time":2}`
  const own = '{"s":"A","b":[["1","2"]],"a":[["3","4"]],"ts":1672765737733,"u":7,"cts":1672765737730}'

  it.each(markets)('is an image of the symbol that was asked about, and of no other (%s)', (market) => {
    const ask = (symbol: string, body: string) => {
      const batch = new EventBatch(new StringTable())
      const asked = { exchange: 'bybit', market, symbol, stream: 'orderbook', resync: 0, status: 200 }
      return { outcome: decodeAnswer(market, asked, encoder.encode(body), batch), batch }
    }
    const { outcome, batch } = ask('A', book(own))
    expect(outcome).toEqual({ kind: 'events' })
    expect([batch.kind[0], batch.lastSeq[0], batch.entryCount]).toEqual([EventKind.bookImage, 7, 2])
    for (const [symbol, body, reason] of [
      ['B', book(own), 'bad_symbol'],
      ['', book(own), 'bad_symbol'],
      ['A', book(own.replace('"s"', '"S"')), 'bad_symbol'],
      ['A', book('[]'), 'malformed'],
      ['A', book(own.replace('"u":7', '"u":"7"')), 'malformed'],
      ['A', book(own.replace('["3","4"]', '["3"]')), 'malformed'],
      ['A', '{"retCode":10001,"retMsg":"params error","result":{}}', 'unknown_message'],
    ] as const) {
      const refused = ask(symbol, body)
      expect(refused.outcome).toMatchObject({ reason })
      expect([refused.batch.count, refused.batch.entryCount]).toEqual([0, 0])
    }
  })
})

describe('recognise', () => {
  const of = (market: Market, url: string | null, body: string): object | null =>
    recognise(market, url, encoder.encode(body))

  it.each([
    ['recent-trade', trade, 'A'],
    ['funding/history', rate, 'A'],
    ['instruments-info', pair, ''],
  ])('knows %s by its address or its body, of its own category', (stream, row, symbol) => {
    const url = `https://api.bybit.com/v5/market/${stream}?category=linear`
    for (const market of markets) {
      const own = market === 'linear' ? { stream, symbol } : null
      expect(of(market, url, bodyOf('linear', row))).toEqual(own)
      expect(of(market, url, '<html>')).toEqual(own && { stream, symbol: symbol === '' ? '' : null })
      for (const other of [null, 'no address', 'https://api.bybit.com']) {
        expect(of(market, other, bodyOf('linear', row))).toEqual(own)
      }
    }
    const asked = stream === 'instruments-info' ? '' : 'B'
    expect(of('linear', `${url}&symbol=B`, '{}')).toEqual({ stream, symbol: asked })
  })

  it('knows no rates of spot, no other endpoint, and nothing that two words contradict', () => {
    expect(of('spot', null, bodyOf('spot', rate))).toBeNull()
    expect(
      of('linear', 'https://api.bybit.com/v5/market/tickers?category=linear', bodyOf('linear', rate)),
    ).toBeNull()
    expect(of('linear', 'https://api.bybit.com/v2/public/symbols', bodyOf('linear', rate))).toBeNull()
    const url = 'https://api.bybit.com/v5/market/recent-trade?category=linear'
    expect(of('linear', url, bodyOf('inverse', trade))).toBeNull()
    for (const body of [
      '',
      '[]',
      'null',
      '{}',
      bodyOf('linear', ''),
      bodyOf('linear', '1'),
      '['.repeat(1000),
    ]) {
      for (const market of markets) expect(of(market, null, body)).toBeNull()
    }
  })
})
