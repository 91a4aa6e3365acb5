import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { imageFault, plainDecimal, SecondBook } from './second-book.ts'

const at = (price: string, quantity: string): string => `${plainDecimal(price)}:${plainDecimal(quantity)}`
const shown = (...levels: [string, string][]): string =>
  levels.map(([p, q], i) => `${i}:${at(p, q)}`).join(' ')

function snapshot(last: number, bids: [string, string][], asks: [string, string][] = []) {
  return { first: last, last, bids, asks }
}

describe('the second book', () => {
  it('orders levels by value and not by text', () => {
    const book = new SecondBook()
    book.merge(
      snapshot(
        1,
        [
          ['9.5', '1'],
          ['10', '2'],
          ['100.25', '3'],
        ],
        [
          ['101', '1'],
          ['100.30', '4'],
        ],
      ),
    )
    expect(book.bids.top(3)).toBe(shown(['100.25', '3'], ['10', '2'], ['9.5', '1']))
    expect(book.asks.top(2)).toBe(shown(['100.3', '4'], ['101', '1']))
  })

  it('takes one price written in two ways for one level', () => {
    const book = new SecondBook()
    book.merge(snapshot(1, [['10.50', '1']]))
    book.apply(snapshot(2, [['10.5', '7']]))
    book.apply(snapshot(3, [['105E-1', '8']]))
    expect(book.bids.top(1)).toBe(shown(['10.5', '8']))
    expect(book.bids.count).toBe(1)
  })

  it('ignores deltas before its first snapshot', () => {
    const book = new SecondBook()
    book.apply(snapshot(5, [['10', '1']]))
    expect(book.bids.count).toBe(0)
  })

  it('removes a level at quantity zero, however zero is written', () => {
    const book = new SecondBook()
    book.merge(
      snapshot(1, [
        ['10', '1'],
        ['11', '1'],
      ]),
    )
    book.apply(snapshot(2, [['11', '0.00000']]))
    expect(book.bids.top(1)).toBe(shown(['10', '1']))
  })

  it('learns levels from a later snapshot, forgets those it does not show, keeps those out of its reach', () => {
    const book = new SecondBook()
    book.merge(
      snapshot(1, [
        ['10', '1'],
        ['9', '1'],
        ['5', '1'],
      ]),
    )
    book.merge(
      snapshot(7, [
        ['10', '1'],
        ['8', '2'],
        ['7', '3'],
      ]),
    )
    expect(book.bids.top(4)).toBe(shown(['10', '1'], ['8', '2'], ['7', '3'], ['5', '1']))
  })

  it('does not let an older snapshot overwrite newer changes', () => {
    const book = new SecondBook()
    book.merge(snapshot(1, [['10', '1']]))
    book.apply(
      snapshot(9, [
        ['10', '0'],
        ['9', '4'],
        ['8.5', '2'],
      ]),
    )
    book.merge(
      snapshot(5, [
        ['10', '1'],
        ['9', '1'],
        ['8', '1'],
      ]),
    )
    expect(book.bids.top(3)).toBe(shown(['9', '4'], ['8.5', '2'], ['8', '1']))
  })

  it('agrees with sorting everything after every change', () => {
    const chance = seededChance(7)
    const book = new SecondBook()
    const plain = new Map<number, number>()
    book.merge(snapshot(0, [], []))
    for (let seq = 1; seq < 2000; seq++) {
      const price = 1 + chance.below(60)
      const quantity = chance.below(3)
      book.apply(snapshot(seq, [], [[String(price), String(quantity)]]))
      if (quantity === 0) plain.delete(price)
      else plain.set(price, quantity)
    }
    const sorted = [...plain].sort(([a], [b]) => a - b).map(([p, q]): [string, string] => [`${p}`, `${q}`])
    expect(book.asks.top(book.asks.count)).toBe(shown(...sorted))
  })
})

describe('the fault of an image side', () => {
  const book = new SecondBook()
  book.merge(
    snapshot(1, [
      ['10', '1'],
      ['9', '2'],
      ['8', '3'],
      ['7', '4'],
    ]),
  )
  const fault = (levels: string, knownDepth: number | null, depth: number): string | null =>
    imageFault(book.bids, { levels, knownDepth }, depth)

  it('is none for the true levels', () => {
    expect(fault(shown(['10', '1'], ['9', '2'], ['8', '3']), null, 3)).toBeNull()
    expect(fault(shown(['10', '1'], ['9', '2'], ['8', '3'], ['7', '4']), null, 20)).toBeNull()
  })

  it('does not depend on the order in which the levels come', () => {
    const levels = shown(['10', '1'], ['9', '2'], ['8', '3'], ['7', '4']).split(' ')
    expect(fault(levels.reverse().join(' '), null, 20)).toBeNull()
  })

  it('is a level that is missing within the known depth, and none beyond it', () => {
    expect(fault(shown(['10', '1'], ['8', '3']), null, 20)).toBe('2 levels, expected 4')
    expect(fault(shown(['10', '1'], ['8', '3']), 2, 20)).toContain('found 1:8')
    expect(fault(shown(['10', '1'], ['8', '3']), 1, 20)).toBeNull()
  })

  it('is a wrong quantity at any depth, and a level that the market does not have', () => {
    expect(fault(shown(['10', '1'], ['8', '5']), 1, 20)).toContain('expected quantity 3.0')
    expect(fault(shown(['10', '1'], ['8.5', '5']), 1, 20)).toContain('expected quantity none')
  })

  it('is an image deeper than its depth, and one whose levels are not counted from 0', () => {
    expect(fault(shown(['10', '1'], ['9', '2']), null, 1)).toBe('2 levels, expected 1 at most')
    expect(fault(`0:${at('10', '1')} 2:${at('8', '3')}`, 1, 20)).toBe('found level 2, expected 1')
  })

  it('is an empty image of a market that is not empty', () => {
    expect(fault('', null, 20)).toBe('0 levels, expected 4')
  })
})

describe('plainDecimal', () => {
  it.each([
    ['1', '1.000000000000000000'],
    ['0.10', '0.100000000000000000'],
    ['007.5', '7.500000000000000000'],
    ['6E-8', '0.000000060000000000'],
    ['1.16539E8', '116539000.000000000000000000'],
    ['0.000000000000000001', '0.000000000000000001'],
  ])('spells %s as DuckDB does', (text, expected) => {
    expect(plainDecimal(text)).toBe(expected)
  })

  it('keeps what no column could hold, so that it equals nothing', () => {
    expect(plainDecimal('0.0000000000000000001')).toBe('0.0000000000000000001')
    expect(plainDecimal('1E-19')).toBe('1E-19')
  })
})
