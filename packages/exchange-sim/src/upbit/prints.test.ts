import { describe, expect, it } from 'vitest'
import { createCounters } from '../counters.ts'
import type { MarketTrade } from '../market.ts'
import type { HouseFanout, HouseMessage, HouseOptions } from '../stage/house.ts'
import { upbitHouse } from './house.ts'
import { Numbering } from './prints.ts'
import { listed } from './symbols.ts'

const START_MS = 1_788_335_180_377

function tradeAt(timeMs: number): MarketTrade {
  return { id: 1, timeMs, price: 1, quantity: 1, side: 'buy', order: 1, isOffBook: false }
}

describe('ids of trades', () => {
  it('go on where the trades of a millisecond are told in two parts', () => {
    const numbering = new Numbering('KRW-BTC')
    const first = numbering.idsOf([tradeAt(START_MS), tradeAt(START_MS)])
    const second = numbering.idsOf([tradeAt(START_MS), tradeAt(START_MS + 1)])
    expect([...first, ...second].sort()).toEqual([
      '17883351803770000',
      '17883351803770001',
      '17883351803770002',
      '17883351803780000',
    ])
  })
})

describe('what is listed', () => {
  it('has eight digits in bitcoin, whole numbers in won', () => {
    const [inBitcoin, inWon] = ['BTC-ETH', 'KRW-BTC'].map((symbol) => listed('spot', symbol))
    expect(inBitcoin).toMatchObject({ base: 'ETH', quote: 'BTC', priceDigits: 8 })
    expect(inWon).toMatchObject({ base: 'BTC', quote: 'KRW', priceDigits: 0, quantityDigits: 8 })
  })
})

describe('a house that was halted', () => {
  it('tells nothing of the time in between', () => {
    const told: number[] = []
    const fanout = { deliver: (_message: HouseMessage, nowMs: number) => void told.push(nowMs) }
    const options = {
      market: 'spot',
      symbols: ['KRW-BTC'],
      seed: 1,
      startMs: START_MS,
      tradesPerSecond: 20,
      levelChangesPerSecond: 100,
      bookLevels: null,
      counters: createCounters(),
      fanout: fanout as unknown as HouseFanout,
    } as unknown as HouseOptions
    const house = upbitHouse(options)
    expect(house.open('trade:KRW-BTC')).toBe(true)
    house.step(START_MS + 1_000)
    const before = told.length
    house.halt(START_MS + 61_000)
    house.step(START_MS + 61_010)
    expect(before).toBeGreaterThan(5)
    expect(told.length - before).toBeLessThan(10)
  })
})
