import { crc32 } from 'node:zlib'
import { type BookTop, DecimalColumn, parseDecimal, type TopSide } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { followsId, futuresBookRule, SPOT_DEPTHS, spotBookRule, spotChecksum } from './rules.ts'

type Level = readonly [price: string, quantity: string]

function side(levels: readonly Level[]): TopSide {
  const [price, quantity] = [new DecimalColumn(), new DecimalColumn()]
  price.reserve(levels.length)
  quantity.reserve(levels.length)
  for (const [row, texts] of levels.entries()) {
    for (const [i, column] of [price, quantity].entries()) {
      const decimal = parseDecimal(texts[i] as string)
      if (decimal === null || decimal === 'range') throw new Error('a level of the test is no decimal')
      column.set(row, decimal.mantissa, decimal.scale)
    }
  }
  return { count: levels.length, price, quantity }
}

function checksum(asks: readonly Level[], bids: readonly Level[], scales: readonly [number, number]): number {
  const [priceScale, quantityScale] = scales
  const top: BookTop = { asks: side(asks), bids: side(bids), priceScale, quantityScale }
  return spotChecksum.of(top)
}

/** The worked example of docs.kraken.com as copied 2026-05-27, guides/spot-ws-book-v2. */
const asks: readonly Level[] = [
  ['45285.2', '0.00100000'],
  ['45286.4', '1.54571953'],
  ['45286.6', '1.54571109'],
  ['45289.6', '1.54560911'],
  ['45290.2', '0.15890660'],
  ['45291.8', '1.54553491'],
  ['45294.7', '0.04454749'],
  ['45296.1', '0.35380000'],
  ['45297.5', '0.09945542'],
  ['45299.5', '0.18772827'],
]
const bids: readonly Level[] = [
  ['45283.5', '0.10000000'],
  ['45283.4', '1.54582015'],
  ['45282.1', '0.10000000'],
  ['45281.0', '0.10000000'],
  ['45280.3', '1.54592586'],
  ['45279.0', '0.07990000'],
  ['45277.6', '0.03310103'],
  ['45277.5', '0.30000000'],
  ['45277.3', '1.54602737'],
  ['45276.6', '0.15445238'],
]
const DOCUMENTED = 3310070434
const shortened = (levels: readonly Level[]): Level[] =>
  levels.map(([price, quantity]) => [price.replace(/\.?0+$/, ''), quantity.replace(/\.?0+$/, '')])

describe('the checksum of a spot book', () => {
  it('is the documented one, with and without the list of instruments', () => {
    expect(checksum(asks, bids, [-1, -1])).toBe(DOCUMENTED)
    expect(checksum(asks, bids, [1, 8])).toBe(DOCUMENTED)
  })

  it('puts back trailing zeros that the wire left out, once the list says how many there are', () => {
    expect(checksum(shortened(asks), shortened(bids), [1, 8])).toBe(DOCUMENTED)
    expect(checksum(shortened(asks), shortened(bids), [-1, -1])).not.toBe(DOCUMENTED)
    expect(checksum(shortened(asks), bids, [1, 8])).toBe(DOCUMENTED)
    expect(checksum(asks, shortened(bids), [1, 8])).toBe(DOCUMENTED)
  })

  it('takes what is written where it has more digits than the list says', () => {
    expect(checksum(asks, bids, [0, 2])).toBe(DOCUMENTED)
  })

  it('leaves out leading zeros, behind the point too, and takes numbers beyond 2^53 as they are', () => {
    expect(checksum([['0.05005', '0.00000500']], [], [5, 8])).toBe(crcOf('5005500'))
    expect(checksum([], [['0.00000006', '98765432109.12345678']], [8, 8])).toBe(crcOf('69876543210912345678'))
  })

  it('covers ten levels a side, fewer where there are fewer, asks first', () => {
    const more: Level = ['1.0', '1.00000000']
    expect(checksum([...asks, more], [...bids, more], [1, 8])).toBe(DOCUMENTED)
    expect(checksum(asks.slice(0, 9), bids, [1, 8])).not.toBe(DOCUMENTED)
    expect(checksum(bids, asks, [1, 8])).not.toBe(DOCUMENTED)
    expect(checksum([], [], [1, 8])).toBe(0)
  })
})

/** CRC-32 as zlib has it: another's. */
const crcOf = (text: string): number => crc32(text)

describe('the rule of a spot book', () => {
  it('has no sequence, and says which of its depths is subscribed', () => {
    for (const depth of SPOT_DEPTHS) {
      const common = { origin: 'stream', follows: null, depths: SPOT_DEPTHS }
      expect(spotBookRule(depth)).toMatchObject({ ...common, subscribed: depth })
    }
  })
})

describe('the rule of a futures book', () => {
  it('goes on by one, and neither cuts nor proves itself', () => {
    expect(futuresBookRule).toEqual({ origin: 'stream', follows: followsId, depths: null, checksum: null })
    const absent = Number.NaN
    for (const [last, next, answer] of [
      [326072249, 326072250, 'next'],
      [326072249, 326072251, 'gap'],
      [326072249, 326072249, 'stale'],
      [326072249, 1, 'stale'],
      [absent, 1, 'gap'],
      [1, absent, 'gap'],
    ] as const) {
      expect(futuresBookRule.follows?.(last, next, next, absent)).toBe(answer)
    }
  })
})
