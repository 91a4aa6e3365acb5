import type { Market } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { hears } from './hears.ts'

const encoder = new TextEncoder()
const markets: readonly Market[] = ['spot', 'linear', 'inverse']

/** What spot, linear and inverse answer. */
function heard(url: string | null, frame: string): (boolean | null)[] {
  return markets.map((market) => hears(market, url, encoder.encode(frame)))
}

/** As linear and inverse write it. */
const tradeOf = (symbol: string): string =>
  JSON.stringify({ topic: `publicTrade.${symbol}`, type: 'snapshot', ts: 1672304486868, data: [] })
/** As spot writes it. */
const spotTradeOf = (symbol: string): string =>
  JSON.stringify({ topic: `publicTrade.${symbol}`, ts: 1672304486868, type: 'snapshot', data: [] })
/** Without one of the keys, whose order tells. */
const tornTradeOf = (symbol: string): string =>
  JSON.stringify({ topic: `publicTrade.${symbol}`, ts: 1672304486868, data: [] })

describe('whose a recorded frame is', () => {
  it('is told by the path of its address, whatever the host and the frame', () => {
    for (const host of ['wss://stream.bybit.com', 'wss://stream-testnet.bybit.com', 'ws://127.0.0.1:80']) {
      for (const frame of ['{"op":"pong"}', '{', tradeOf('BTCUSD')]) {
        expect(heard(`${host}/v5/public/spot`, frame)).toEqual([true, false, false])
        expect(heard(`${host}/v5/public/linear`, frame)).toEqual([false, true, false])
        expect(heard(`${host}/v5/public/inverse`, frame)).toEqual([false, false, true])
      }
    }
  })

  it.each(['BTCUSD', 'ETHUSD', 'BTCUSDH26', 'BTCUSDZ25', 'BTCUSDM21'])(
    'is inverse by the symbol %s, and spot where spot would write so',
    (symbol) => {
      for (const url of [null, 'ws', 'wss://stream.bybit.com', 'wss://stream.bybit.com/realtime']) {
        expect(heard(url, tradeOf(symbol))).toEqual([false, false, true])
        expect(heard(url, spotTradeOf(symbol))).toEqual([true, false, false])
        expect(heard(url, tornTradeOf(symbol))).toEqual([null, false, true])
      }
    },
  )

  it.each(['BTCUSDT', 'BTCPERP', '1000PEPEUSDT', 'BTCUSDT-26DEC25', 'BTC-26DEC25', 'BTCUSDC'])(
    'is not inverse by the symbol %s, and the order of keys tells spot from linear',
    (symbol) => {
      const asBook = (frame: string): string => frame.replace('publicTrade.', 'orderbook.50.')
      for (const written of [tradeOf(symbol), asBook(tradeOf(symbol))]) {
        expect(heard(null, written)).toEqual([false, true, false])
      }
      for (const written of [spotTradeOf(symbol), asBook(spotTradeOf(symbol))]) {
        expect(heard(null, written)).toEqual([true, false, false])
      }
      expect(heard(null, tornTradeOf(symbol))).toEqual([null, null, false])
    },
  )

  it('is not told between linear and inverse by a symbol of neither form', () => {
    expect(heard(null, tradeOf('ETHBTC'))).toEqual([false, null, null])
    expect(heard(null, spotTradeOf('ETHBTC'))).toEqual([true, false, false])
  })

  it.each([
    '{"success":true,"ret_msg":"","req_id":"","op":"subscribe"}',
    tradeOf('BTC-27MAR26-70000-P-USDT'),
    tradeOf('SOLUSDT_SOL/USDT'),
    tornTradeOf('ETHBTC'),
    '{"topic":"trade.BTCUSD","data":[]}',
    '{"topic":"publicTrade.BTCUSD","generated":true}',
    '[]',
    '{',
    `${'['.repeat(1000)}`,
  ])('is told by nothing in %s', (frame) => {
    expect(heard(null, frame)).toEqual([null, null, null])
    expect(heard('wss://stream.bybit.com/v5/public/option', frame)).toEqual([null, null, null])
  })
})
