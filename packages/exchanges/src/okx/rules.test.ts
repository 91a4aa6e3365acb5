import { type BookTop, DecimalColumn, parseDecimal, type TopSide } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { bookChecksum, bookRule, followsBook, followsTrades, joinsBook } from './rules.ts'

const none = Number.NaN

describe('the rule of books', () => {
  it('follows the sequence of the documents: a keepalive and a fall of the id are no gaps', () => {
    let last = 10
    for (const [prev, seq] of [
      [10, 15],
      [15, 15],
      [15, 3],
      [3, 5],
    ] as const) {
      expect(followsBook(last, none, seq, prev)).toBe('next')
      last = seq
    }
  })

  it('drops what it heard before', () => {
    expect(followsBook(15, none, 15, 10)).toBe('stale')
    expect(followsBook(15, none, 12, 10)).toBe('stale')
    expect(followsBook(15, none, 12, 12)).toBe('stale')
  })

  it('sees the hole in front of a message, also when the id fell behind it', () => {
    expect(followsBook(15, none, 20, 18)).toBe('gap')
    expect(followsBook(15, none, 16, 14)).toBe('gap')
    expect(followsBook(10, none, 3, 15)).toBe('gap')
  })

  it('takes absent numbers for a gap', () => {
    expect(followsBook(10, none, none, 10)).toBe('gap')
    expect(followsBook(10, none, 15, none)).toBe('gap')
    expect(followsBook(none, none, 15, 10)).toBe('gap')
    expect(followsBook(none, none, none, none)).toBe('gap')
  })

  it('lets the update that names a snapshot join it, a fall and a keepalive too', () => {
    for (const [seq, prev, standing] of [
      [20, 15, 'next'],
      [15, 15, 'next'],
      [3, 15, 'next'],
      [15, 10, 'stale'],
      [12, 10, 'stale'],
      [25, 20, 'gap'],
      [16, 14, 'gap'],
      [none, 15, 'gap'],
      [none, none, 'gap'],
    ] as const) {
      expect(joinsBook(15, none, seq, prev), `${prev} -> ${seq}`).toBe(standing)
    }
    expect(bookRule(400).joins).toBe(joinsBook)
  })

  it('keeps as many levels as the channel', () => {
    expect([bookRule(400).depths, bookRule(50).depths]).toEqual([[400], [50]])
  })
})

describe('the rule of trades', () => {
  it('goes on where the last message ended', () => {
    expect(followsTrades(120, 121, 123)).toBe('next')
    expect(followsTrades(120, 121, 121)).toBe('next')
    expect(followsTrades(120, 122, 123)).toBe('gap')
    expect(followsTrades(123, 121, 123)).toBe('stale')
    expect(followsTrades(122, 121, 123)).toBe('next')
    expect(followsTrades(none, 1, 1)).toBe('gap')
    expect(followsTrades(1, none, 2)).toBe('gap')
  })
})

type Level = readonly [price: string, quantity: string]

function sideOf(levels: readonly Level[]): TopSide {
  const [price, quantity] = [new DecimalColumn(), new DecimalColumn()]
  for (const column of [price, quantity]) column.reserve(levels.length)
  for (const [level, texts] of levels.entries()) {
    for (const [i, column] of [price, quantity].entries()) {
      const decimal = parseDecimal(texts[i] as string)
      if (decimal !== null && decimal !== 'range') column.set(level, decimal.mantissa, decimal.scale)
    }
  }
  return { count: levels.length, price, quantity }
}

function topOf(bids: readonly Level[], asks: readonly Level[]): BookTop {
  return { bids: sideOf(bids), asks: sideOf(asks), priceScale: -1, quantityScale: -1 }
}

describe('the checksum', () => {
  it('is that of the documents, sides alternating and the shorter one skipped', () => {
    const bids: Level[] = [
      ['3366.1', '7'],
      ['3366', '6'],
    ]
    const asks: Level[] = [
      ['3366.8', '9'],
      ['3368', '8'],
    ]
    expect(bookChecksum.of(topOf(bids, asks))).toBe(-1881014294)
    expect(bookChecksum.of(topOf([['3366.1', '7']], [...asks, ['3372', '8']]))).toBe(831078360)
  })

  it('is of the digits as they were written, zeros included, beyond 2^53 too', () => {
    const sum = (quantity: string): number => bookChecksum.of(topOf([['1', quantity]], []))
    expect(sum('7')).not.toBe(sum('7.0'))
    expect(sum('90071992547409931234.5')).not.toBe(sum('90071992547409931235.5'))
  })

  it('covers 25 levels a side and no more', () => {
    const levels = (count: number): Level[] =>
      Array.from({ length: count }, (_, i) => [String(1000 - i), '1'])
    const sum = (count: number): number => bookChecksum.of(topOf(levels(count), levels(count)))
    expect(sum(26)).toBe(sum(25))
    expect(sum(24)).not.toBe(sum(25))
  })
})
