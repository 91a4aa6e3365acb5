import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMarket } from '@cryptoflow/exchanges'
import { lockFile } from '@cryptoflow/journal'
import type { Market } from '@cryptoflow/model'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimStreams } from './claims.ts'
import type { Hearing } from './ingests.ts'
import { resolveStreams } from './streams.ts'
import { type Warehouse, warehouseAt } from './warehouse.ts'

let warehouse: Warehouse
const released: (() => void)[] = []

beforeEach(() => {
  warehouse = warehouseAt(mkdtempSync(join(tmpdir(), 'cryptoflow-claims-')))
})

afterEach(() => {
  for (const release of released.splice(0)) release()
  rmSync(warehouse.directory, { recursive: true })
})

describe('what a collector claims of its warehouse', () => {
  it('is refused to a second one, by name, while the first one runs', () => {
    const first = begin('first')
    claimStreams(warehouse, first.home, [hearing('spot', 'BTCUSDT,ETHUSDT', 'ticks')])
    const second = begin('second')
    const begins = (): void => claimStreams(warehouse, second.home, [hearing('spot', 'ETHUSDT', 'ticks')])
    expect(begins).toThrow(/binance spot trade of ETHUSDT .*journals\/first/)
    first.end()
    expect(begins).not.toThrow()
  })

  it('leaves other symbols, streams and markets, and lists of instruments, to others', () => {
    claimStreams(warehouse, begin('first').home, [hearing('linear', 'BTCUSDT', 'ticks,instruments')])
    const others = [
      hearing('linear', 'ETHUSDT', 'ticks,instruments'),
      hearing('spot', 'BTCUSDT', 'ticks,instruments'),
      hearing('linear', 'BTCUSDT', 'bbo,instruments'),
    ]
    for (const [i, other] of others.entries()) {
      expect(() => claimStreams(warehouse, begin(`other-${i}`).home, [other])).not.toThrow()
    }
  })

  it('covers every symbol where a stream brings the whole market', () => {
    claimStreams(warehouse, begin('first').home, [hearing('linear', 'BTCUSDT', '!forceOrder@arr')])
    const second = [hearing('linear', 'ETHUSDT', '!forceOrder@arr')]
    expect(() => claimStreams(warehouse, begin('second').home, second)).toThrow('!forceOrder@arr')
  })

  it('is told before others are asked: of two that begin at once, one is refused at least', () => {
    const [first, second] = [begin('first'), begin('second')]
    const both = [hearing('spot', 'BTCUSDT', 'ticks')]
    claimStreams(warehouse, first.home, both)
    expect(() => claimStreams(warehouse, second.home, both)).toThrow('journals/first')
    expect(() => claimStreams(warehouse, first.home, both)).toThrow('journals/second')
  })
})

/** A process that has the journal of this name. */
function begin(name: string): { home: string; end: () => void } {
  const home = warehouse.journalOf(name)
  mkdirSync(home, { recursive: true })
  const end = lockFile(join(home, 'lock.db'))
  released.push(end)
  return { home, end }
}

function hearing(name: Market, symbols: string, wanted: string): Hearing {
  const market = findMarket('binance', name)
  const { streams, tables } = resolveStreams(market, wanted.split(','))
  return { market, tables, options: { symbols: symbols.split(','), streams, pollEveryMs: {} } }
}
