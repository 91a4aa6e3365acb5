import type { Market } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hears } from './hears.ts'

const encoder = new TextEncoder()
const markets: readonly Market[] = ['spot', 'linear', 'inverse']

/** The market that takes the frame while all others leave it; null where nothing tells. */
function heardBy(url: string | null, frame: string): Market | null {
  const answers = markets.map((market) => hears(market, url, encoder.encode(frame)))
  if (answers.every((answer) => answer === null)) return null
  expect(answers.filter((answer) => answer === true).length, frame).toBe(1)
  expect(answers).not.toContain(null)
  return markets[answers.indexOf(true)] ?? null
}

const wrap = (stream: string, data: string): string => `{"stream":"${stream}","data":${data}}`

describe('a frame that was recorded under no market’s name', () => {
  it.each<[Market | null, string]>([
    ['spot', '{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}'],
    ['linear', '{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"1","q":"1","X":"MARKET","m":true}'],
    ['inverse', '{"e":"trade","E":1,"T":1,"s":"BTCUSD_PERP","t":1,"p":"1","q":"1","X":"MARKET","m":true}'],
    [
      'linear',
      '{"e":"aggTrade","E":1,"a":1,"s":"BTCUSDT_210625","p":"1","q":"1","f":1,"l":1,"T":1,"m":true}',
    ],
    ['spot', '{"e":"aggTrade","E":1,"s":"B","a":1,"p":"1","q":"1","f":1,"l":1,"T":1,"m":true,"M":true}'],
    ['spot', wrap('btcusdt@depth', '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}')],
    ['linear', '{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[],"a":[]}'],
    ['inverse', '{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSD_200925","U":1,"u":2,"pu":0,"b":[],"a":[]}'],
    ['spot', wrap('btcusdt@depth5', '{"lastUpdateId":1,"bids":[],"asks":[]}')],
    ['spot', '{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"1","A":"1"}'],
    ['linear', '{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"1","B":"1","a":"1","A":"1","T":1,"E":1}'],
    ['inverse', wrap('!markPrice@arr', '[{"e":"markPriceUpdate","E":1,"s":"BTCUSD_PERP","p":"1"}]')],
    ['linear', '{"e":"forceOrder","E":1,"o":{"s":"BTCUSDT","S":"SELL"},"st":1}'],
    ['inverse', '{"e":"forceOrder","E":1,"o":{"s":"ODDNAME","S":"SELL","st":2}}'],
    [null, '{"e":"kline","E":1,"s":"BTCUSDT","k":{}}'],
    [null, '{"result":null,"id":1}'],
    [null, 'not JSON'],
  ])('is %s: %s', (market, frame) => {
    expect(heardBy(null, frame)).toBe(market)
  })

  it('is its address’s before it is its fields’', () => {
    const ack = '{"result":null,"id":1}'
    expect(heardBy('wss://stream.binance.com:9443/stream', ack)).toBe('spot')
    expect(heardBy('wss://fstream.binance.com/market/stream', ack)).toBe('linear')
    expect(heardBy('wss://dstream.binance.com', ack)).toBe('inverse')
    expect(heardBy('wss://stream.elsewhere.example', ack)).toBeNull()
  })

  it('may be anything: the answer never throws', () => {
    const frames = fc.oneof(fc.string(), fc.json())
    fc.assert(
      fc.property(frames, fc.option(fc.string()), (frame, url) => void heardBy(url, frame)),
      { seed: 7, numRuns: 300 },
    )
  })
})
