import type { Market } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { hears } from './hears.ts'

const encoder = new TextEncoder()
const markets: readonly Market[] = ['spot', 'linear', 'inverse']

/** What spot, linear and inverse answer. */
function heard(url: string | null, frame: string): (boolean | null)[] {
  return markets.map((market) => hears(market, url, encoder.encode(frame)))
}

const tradeOf = (symbol: string): string =>
  JSON.stringify({ topic: `publicTrade.${symbol}`, type: 'snapshot', ts: 1672304486868, data: [] })

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
    'is inverse by the symbol %s, or spot of that name, but not linear',
    (symbol) => {
      for (const url of [null, 'ws', 'wss://stream.bybit.com', 'wss://stream.bybit.com/realtime']) {
        expect(heard(url, tradeOf(symbol))).toEqual([null, false, true])
      }
    },
  )

  it.each(['BTCUSDT', 'BTCPERP', '1000PEPEUSDT', 'BTCUSDT-26DEC25', 'BTC-26DEC25', 'BTCUSDC'])(
    'is not inverse by the symbol %s, and nothing tells spot from linear',
    (symbol) => {
      expect(heard(null, tradeOf(symbol))).toEqual([null, null, false])
      const book = tradeOf(symbol).replace('publicTrade.', 'orderbook.50.')
      expect(heard(null, book)).toEqual([null, null, false])
    },
  )

  it.each([
    '{"success":true,"ret_msg":"","req_id":"","op":"subscribe"}',
    tradeOf('BTC-27MAR26-70000-P-USDT'),
    tradeOf('SOLUSDT_SOL/USDT'),
    tradeOf('ETHBTC'),
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
