import { describe, expect, it } from 'vitest'
import { aggregatesOf, plain } from './dialect.ts'
import { listed } from './symbols.ts'

describe('symbols of okx', () => {
  it.each([
    ['spot', 'BTC-USDT', 'SPOT', 'BTC', 'USDT', '', ''],
    ['linear', 'BTC-USDT-SWAP', 'SWAP', 'BTC', 'USDT', 'BTC-USDT', 'USDT'],
    ['linear', 'ETH-USDC-261225', 'FUTURES', 'ETH', 'USDC', 'ETH-USDC', 'USDC'],
    ['linear', 'BTC-USD_UM-SWAP', 'SWAP', 'BTC', 'USD', 'BTC-USD_UM', 'USDC'],
    ['inverse', 'BTC-USD-SWAP', 'SWAP', 'BTC', 'USD', 'BTC-USD', 'BTC'],
    ['inverse', 'ETH-USD-260925', 'FUTURES', 'ETH', 'USD', 'ETH-USD', 'ETH'],
  ] as const)('say what is traded (%s %s)', (market, symbol, type, base, quote, family, settle) => {
    const found = listed(market, symbol)
    expect(found).toMatchObject({ market, type, family, settle, instrument: { symbol, base, quote } })
    expect(found.expiryMs === null).toBe(type !== 'FUTURES')
    expect(found.contract === null).toBe(type === 'SPOT')
  })

  it.each([
    ['spot', 'BTCUSDT'],
    ['spot', 'BTC-USDT-SWAP'],
    ['linear', 'BTC-USDT'],
    ['linear', 'BTC-USD-SWAP'],
    ['linear', 'BTC-USDT-261325'],
    ['inverse', 'BTC-USDT-SWAP'],
    ['inverse', 'BTC-USD_UM-SWAP'],
    ['inverse', 'BTC-USD-230224-18000-C'],
  ] as const)('are refused where a market has none of them (%s %s)', (market, symbol) => {
    expect(() => listed(market, symbol)).toThrow('cannot trade this symbol')
  })

  it('are of contracts that are worth what value times factor makes', () => {
    for (const base of ['BTC', 'ETH', 'SOL', 'XRP', 'DOGE', 'ADA', 'LINK', 'LTC']) {
      for (const symbol of [`${base}-USDT-SWAP`, `${base}-USD-SWAP`]) {
        const { contract } = listed(symbol.includes('USDT') ? 'linear' : 'inverse', symbol)
        expect(Number(contract?.value) * Number(contract?.factor)).toBeCloseTo(Number(contract?.worth), 12)
      }
    }
  })
})

describe('numbers of okx', () => {
  it.each([
    ['61837.60', '61837.6'],
    ['8477.00', '8477'],
    ['0.00000', '0'],
    ['100', '100'],
    ['0.0010', '0.001'],
  ])('have no zeros that say nothing (%s)', (text, expected) => {
    expect(plain(text)).toBe(expected)
  })

  it('of trades are counted together by order and price alone', () => {
    const trade = (id: number, order: number, price: number) =>
      ({ id, order, price, timeMs: 0, quantity: 1, side: 'buy', isOffBook: false }) as const
    const groups = aggregatesOf([
      trade(1, 1, 5),
      trade(2, 1, 5),
      trade(3, 1, 6),
      trade(4, 2, 6),
      trade(5, 2, 6),
    ])
    expect(groups.map((group) => group.map(({ id }) => id))).toEqual([[1, 2], [3], [4, 5]])
    expect(aggregatesOf([])).toEqual([])
  })
})
