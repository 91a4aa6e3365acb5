import type { Market } from '@cryptoflow/model'
import { describe, it } from 'vitest'
import { findsFaults, findsNothing } from './audit-judgement.ts'
import type { AuditedExchange } from './audit-scene.ts'

const SEEDS = 2
/** The others of Bybit and OKX are played in `long`. */
const books: readonly (readonly [AuditedExchange, Market])[] = [
  ['binance', 'spot'],
  ['binance', 'linear'],
  ['binance', 'inverse'],
  ['bybit', 'linear'],
  ['okx', 'linear'],
]

describe.each(books)('audits of books of %s %s', (exchange, market) => {
  it('raise no alarm where nothing is wrong', () => findsNothing(exchange, market, SEEDS))
  it('name every level that a silent fault left wrong within one cycle, heal the book and mark the span', () =>
    findsFaults(exchange, market, SEEDS))
})
