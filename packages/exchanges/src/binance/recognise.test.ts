import type { Market, RecognisedAnswer } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { recognise } from './answers.ts'

const encoder = new TextEncoder()
const markets: readonly Market[] = ['spot', 'linear', 'inverse']

function of(market: Market, url: string | null, body = '{}'): RecognisedAnswer | null {
  return recognise(market, url, encoder.encode(body))
}

describe('recognise by address', () => {
  it.each<[string, Market, string, string | null]>([
    ['https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=5000', 'spot', 'book', 'BTCUSDT'],
    ['https://www.binance.com/api/v1/depth?limit=1000&symbol=BUSDTRY', 'spot', 'book', 'BUSDTRY'],
    ['http://127.0.0.1:8080/api/v3/depth?symbol=%E6%B5%8B%E8%AF%95USDT', 'spot', 'book', '测试USDT'],
    ['https://data-api.binance.vision/api/v3/exchangeInfo', 'spot', 'exchangeInfo', ''],
    ['https://api.binance.com/api/v3/trades?symbol=BTCUSDT', 'spot', 'trades', 'BTCUSDT'],
    ['https://api.binance.com/api/v3/aggTrades?symbol=BTCUSDT&fromId=7', 'spot', 'aggTrades', 'BTCUSDT'],
    ['https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000', 'linear', 'book', 'BTCUSDT'],
    ['https://fapi.binance.com/fapi/v1/openInterest?symbol=BTCUSDT', 'linear', 'openInterest', 'BTCUSDT'],
    ['https://fapi.binance.com/fapi/v1/premiumIndex', 'linear', 'premiumIndex', ''],
    ['https://fapi.binance.com/fapi/v1/premiumIndex?symbol=BTCUSDT', 'linear', 'premiumIndex', 'BTCUSDT'],
    ['https://fapi.binance.com/fapi/v1/fundingInfo', 'linear', 'fundingInfo', ''],
    ['https://dapi.binance.com/dapi/v1/premiumIndex?pair=BTCUSD', 'inverse', 'premiumIndex', ''],
    ['https://dapi.binance.com/dapi/v1/exchangeInfo', 'inverse', 'exchangeInfo', ''],
    ['https://dapi.binance.com/dapi/v1/aggTrades', 'inverse', 'aggTrades', null],
  ])('%s', (url, market, stream, symbol) => {
    expect(of(market, url)).toEqual({ stream, symbol })
    for (const other of markets) if (other !== market) expect(of(other, url)).toBeNull()
  })

  it('takes the symbol from the body where the address names none', () => {
    const body = '{"lastUpdateId":1,"E":1,"T":1,"symbol":"BTCUSD_PERP","pair":"BTCUSD","bids":[],"asks":[]}'
    expect(of('inverse', 'https://dapi.binance.com/dapi/v1/depth', body)?.symbol).toBe('BTCUSD_PERP')
    expect(of('linear', 'https://fapi.binance.com/fapi/v1/depth', '[')).toEqual({
      stream: 'book',
      symbol: null,
    })
  })

  it('knows no other endpoint, even if the body looks like one', () => {
    const book = '{"lastUpdateId":1,"bids":[],"asks":[]}'
    for (const path of [
      '/api/v3/klines',
      '/api/v3/openInterest',
      '/api/v2/depth',
      '/api/v3/depth/',
      '/stream',
    ]) {
      expect(of('spot', `https://api.binance.com${path}?symbol=A`, book)).toBeNull()
    }
  })
})

describe('recognise by body', () => {
  const trade = '{"id":1,"price":"1","qty":"1","time":1,"isBuyerMaker":true}'
  const price = '{"symbol":"A","markPrice":"1","lastFundingRate":"","nextFundingTime":0,"time":1}'
  it.each<[string, string, string | null]>([
    ['{"lastUpdateId":1,"bids":[],"asks":[]}', 'book', null],
    ['{"lastUpdateId":1,"symbol":"A","bids":[],"asks":[]}', 'book', 'A'],
    ['{"symbols":[],"rateLimits":[]}', 'exchangeInfo', ''],
    ['{"openInterest":"1","symbol":"A","time":1}', 'openInterest', 'A'],
    [price, 'premiumIndex', 'A'],
    [`[${price}]`, 'premiumIndex', ''],
    ['[{"symbol":"A","fundingIntervalHours":8}]', 'fundingInfo', ''],
    [`[${trade}]`, 'trades', null],
    ['[{"a":1,"p":"1","q":"1","f":1,"l":1,"T":1,"m":true}]', 'aggTrades', null],
  ])('%s', (body, stream, symbol) => {
    for (const url of [null, 'no address', 'wss://fstream.binance.com']) {
      expect(of('linear', url, body)).toEqual({ stream, symbol })
    }
    const isToldEverywhere = ['book', 'exchangeInfo', 'trades', 'aggTrades'].includes(stream)
    expect(of('spot', null, body)).toEqual(isToldEverywhere ? { stream, symbol } : null)
  })

  it('knows nothing else', () => {
    for (const body of [
      '',
      '[]',
      '[1]',
      'null',
      '"x"',
      '{"code":-1121,"msg":"Invalid symbol."}',
      '{"stream":"btcusdt@depth20","data":{"lastUpdateId":1,"bids":[],"asks":[]}}',
      '{"e":"aggTrade","a":1,"p":"1","q":"1","T":1,"m":true}',
      '[{"e":"markPriceUpdate","s":"A","p":"1","r":"0","T":1}]',
      '['.repeat(1_000),
    ]) {
      for (const market of markets) expect(of(market, null, body)).toBeNull()
    }
  })
})
