import { expect, it } from 'vitest'
import { assetsOf } from './instruments.ts'

it.each([
  ['KRW-BTC', 'BTC', 'KRW'],
  ['BTC-ETH', 'ETH', 'BTC'],
  ['USDT-BTC', 'BTC', 'USDT'],
  ['KRW-1INCH', '1INCH', 'KRW'],
  ['KRW-測試', '測試', 'KRW'],
  ['KRW-A-B', 'A-B', 'KRW'],
])('%s is %s, priced in %s', (symbol, base, quote) => expect(assetsOf(symbol)).toEqual({ base, quote }))

it.each(['KRWBTC', '-BTC', 'KRW-', '-', ''])('"%s" is no name of a market', (symbol) =>
  expect(assetsOf(symbol)).toBeNull(),
)
