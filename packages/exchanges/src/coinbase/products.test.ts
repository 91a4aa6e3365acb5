import { expect, it } from 'vitest'
import { kindOfProduct } from './products.ts'

it.each([
  ['BTC-USD', 'spot'],
  ['00-USD', 'spot'],
  ['测试-USD', 'spot'],
  ['PERP-INTX', 'out_of_scope'],
  ['BTC-PERP-INTX', 'linear'],
  ['1000SHIB-PERP-INTX', 'linear'],
  ['BTC-28MAR25-INTX', 'out_of_scope'],
  ['BIP-20DEC30-CDE', 'out_of_scope'],
  ['BTC', null],
  ['', null],
  ['A-B-C', null],
  ['-USD', null],
  ['BTC-', null],
  ['__proto__', null],
])('%s is of the market %s', (product, kind) => expect(kindOfProduct(product)).toBe(kind))
