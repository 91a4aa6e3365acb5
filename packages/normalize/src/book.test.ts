import { DecimalColumn, decimalText, Side } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Book, compareDecimals, type Levels } from './book.ts'
import { ExactSide } from './exact-side.ts'
import { type Level, setDecimal } from './lane-fixture.ts'
import { LevelSide } from './level-side.ts'

const CAP = 2_000

function columns(levels: readonly Level[]): Levels {
  const price = new DecimalColumn()
  const quantity = new DecimalColumn()
  price.reserve(levels.length)
  quantity.reserve(levels.length)
  levels.forEach(([, p, q], i) => {
    setDecimal(price, i, p)
    setDecimal(quantity, i, q)
  })
  return { side: Uint8Array.from(levels, ([side]) => Side[side]), price, quantity }
}

function apply(book: Book, ...levels: Level[]): Book {
  book.apply(columns(levels), 0, levels.length)
  return book
}

function load(book: Book, ...levels: Level[]): Book {
  book.load(columns(levels), 0, levels.length)
  return book
}

function read(book: Book, side: 'bids' | 'asks', levels = book[side].count): string[] {
  const price = new DecimalColumn()
  const quantity = new DecimalColumn()
  price.reserve(levels)
  quantity.reserve(levels)
  book[side].write(price, quantity, 0, levels)
  return Array.from({ length: levels }, (_, i) =>
    [price, quantity].map((c) => decimalText(c.mantissa(i) as bigint, c.scales[i] as number)).join(' '),
  )
}

/** A book of text: exact by 18 digits of fraction, sorted anew on each reading. */
class PlainBook {
  readonly levels = new Map<string, { side: string; key: bigint; text: string }>()

  apply(levels: readonly Level[]): void {
    for (const [side, price, quantity] of levels) {
      const column = columns([[side, price, quantity]]).price
      const key = (column.mantissa(0) as bigint) * 10n ** BigInt(18 - (column.scales[0] as number))
      if (/^0[.0]*$/.test(quantity)) this.levels.delete(`${side} ${key}`)
      else this.levels.set(`${side} ${key}`, { side, key, text: `${price} ${quantity}` })
    }
  }

  read(side: 'bid' | 'ask'): string[] {
    const own = [...this.levels.values()].filter((level) => level.side === side)
    own.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key === (side === 'bid') ? 1 : -1))
    return own.map(({ text }) => text)
  }
}

const fraction = fc.constantFrom('', '.0', '.5', '.50', '.05', '.125', '.00000001', '.000000000000000001')
const wide = fc.constantFrom(
  '9007199254740991',
  '9007199254740993',
  '90071992547409930',
  '12345678901234567890',
)
const usual = fc.integer({ min: 0, max: 20 }).map(String)
const number = fc
  .tuple(fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: wide }), fraction)
  .map(([whole, part]) => whole + part)
const level = fc.tuple(fc.constantFrom('bid' as const, 'ask' as const), number, number)

describe('Book', () => {
  it('sorts both sides best first, whatever the order of arrival', () => {
    const book = apply(new Book(CAP), ['bid', '1', '1'], ['bid', '3', '1'], ['bid', '2', '1'])
    apply(book, ['ask', '6', '1'], ['ask', '4', '1'], ['ask', '5', '1'])
    expect(read(book, 'bids')).toEqual(['3 1', '2 1', '1 1'])
    expect(read(book, 'asks')).toEqual(['4 1', '5 1', '6 1'])
    expect(read(book, 'asks', 2)).toEqual(['4 1', '5 1'])
  })

  it('takes prices written differently for one level and keeps the last writing', () => {
    const book = apply(new Book(CAP), ['bid', '1.0', '5'], ['bid', '1.00', '6.50'])
    expect(read(book, 'bids')).toEqual(['1.00 6.50'])
    apply(book, ['bid', '1', '0.00'])
    expect(book.bids.count).toBe(0)
  })

  it('ignores the removal of a level that it does not have', () => {
    const book = apply(new Book(CAP), ['bid', '2', '1'], ['bid', '3', '0'], ['bid', '1', '0'])
    expect(read(book, 'bids')).toEqual(['2 1'])
  })

  it('stays exact beyond 2^53', () => {
    const book = apply(new Book(CAP), ['ask', '9007199254740993', '1'], ['ask', '9007199254740992', '2'])
    apply(book, ['bid', '0.1', '90071992547409.930000000000000001'])
    expect(read(book, 'asks')).toEqual(['9007199254740992 2', '9007199254740993 1'])
    expect(read(book, 'bids')).toEqual(['0.1 90071992547409.930000000000000001'])
    apply(book, ['ask', '9007199254740992.0', '0'])
    expect(read(book, 'asks')).toEqual(['9007199254740993 1'])
  })

  it('changes to the exact side when a finer price would push the others over the border', () => {
    const book = load(new Book(CAP), ['bid', '90071992547409.91', '1'])
    expect(book.bids).toBeInstanceOf(LevelSide)
    apply(book, ['bid', '0.001', '1'])
    expect(book.bids).toBeInstanceOf(ExactSide)
    expect(read(book, 'bids')).toEqual(['90071992547409.91 1', '0.001 1'])
    expect(book.bids.knownDepth()).toBe(1)
  })

  it('says when best bid and best ask meet, at equal and at different scales', () => {
    expect(apply(new Book(CAP), ['bid', '1.0', '1']).crossed()).toBe(false)
    expect(apply(new Book(CAP), ['bid', '1.0', '1'], ['ask', '1.1', '1']).crossed()).toBe(false)
    expect(apply(new Book(CAP), ['bid', '1.1', '1'], ['ask', '1.1', '1']).crossed()).toBe(true)
    expect(apply(new Book(CAP), ['bid', '1.1', '1'], ['ask', '1.10', '1']).crossed()).toBe(true)
    expect(apply(new Book(CAP), ['bid', '1.1', '1'], ['ask', '1.11', '1']).crossed()).toBe(false)
    expect(
      apply(new Book(CAP), ['bid', '9007199254740993', '1'], ['ask', '9007199254740992', '1']).crossed(),
    ).toBe(true)
  })

  it('gives up the worst level at its cap', () => {
    const book = apply(
      new Book(2),
      ['bid', '1', '1'],
      ['bid', '2', '1'],
      ['bid', '3', '1'],
      ['bid', '1.5', '1'],
    )
    expect(read(book, 'bids')).toEqual(['3 1', '2 1'])
    apply(book, ['ask', '7', '1'], ['ask', '6', '1'], ['ask', '6.5', '1'])
    expect(read(book, 'asks')).toEqual(['6 1', '6.5 1'])
  })

  it('equals a plain sorted map for any updates, narrow and wide', () => {
    fc.assert(
      fc.property(fc.array(fc.array(level, { maxLength: 6 }), { maxLength: 40 }), (updates) => {
        const book = new Book(CAP)
        const plain = new PlainBook()
        for (const update of updates) {
          apply(book, ...update)
          plain.apply(update)
        }
        expect(read(book, 'bids')).toEqual(plain.read('bid'))
        expect(read(book, 'asks')).toEqual(plain.read('ask'))
      }),
      { numRuns: 150, seed: 1 },
    )
  })

  it('is the same on typed arrays and on big integers, cap and known depth included', () => {
    const narrow = fc.tuple(
      fc.constantFrom('bid' as const, 'ask' as const),
      fc
        .tuple(fc.integer({ min: 0, max: 30 }), fc.constantFrom('', '.0', '.5', '.25'))
        .map(([w, f]) => w + f),
      fc.constantFrom('0', '1', '2.50'),
    )
    fc.assert(
      fc.property(
        fc.array(narrow, { maxLength: 30 }),
        fc.array(narrow, { maxLength: 60 }),
        (first, later) => {
          const fast = new Book(5)
          const exact = new Book(5)
          for (const isBid of [true, false]) exact.exactSide(isBid)
          load(fast, ...first)
          load(exact, ...first)
          for (const update of later) {
            apply(fast, update)
            apply(exact, update)
            for (const side of ['bids', 'asks'] as const) {
              expect(fast[side]).toBeInstanceOf(LevelSide)
              expect(read(fast, side)).toEqual(read(exact, side))
              expect(fast[side].knownDepth()).toBe(exact[side].knownDepth())
            }
            expect(fast.crossed()).toBe(exact.crossed())
          }
        },
      ),
      { numRuns: 150, seed: 2 },
    )
  })

  it('finds its place among thousands of levels', () => {
    const book = new Book(5_000)
    const prices = Array.from({ length: 3_000 }, (_, i) => (i * 7_919) % 3_000)
    for (const price of prices) apply(book, ['ask', String(price), '1'])
    for (const price of prices.filter((p) => p % 3 === 0)) apply(book, ['ask', String(price), '0'])
    const left = prices.filter((p) => p % 3 !== 0).sort((a, b) => a - b)
    expect(read(book, 'asks')).toEqual(left.map((price) => `${price} 1`))
  })
})

describe('a book that the exchange keeps to a depth', () => {
  const bids = (...prices: string[]): Level[] => prices.map((price) => ['bid', price, '1'])

  it('is cut to its best levels, on typed arrays and on big integers', () => {
    for (const isExact of [false, true]) {
      const book = new Book(CAP)
      if (isExact) for (const isBid of [true, false]) book.exactSide(isBid)
      apply(book, ...bids('5', '3', '4'), ['ask', '6', '1'], ['ask', '8', '1'], ['ask', '7', '2'])
      book.cutTo(2)
      expect([read(book, 'bids'), read(book, 'asks')]).toEqual([
        ['5 1', '4 1'],
        ['6 1', '7 2'],
      ])
      book.cutTo(2)
      apply(book, ...bids('4.5', '3'))
      expect(read(book, 'bids')).toEqual(['5 1', '4.5 1', '4 1', '3 1'])
      book.cutTo(Number.POSITIVE_INFINITY)
      expect(book.bids.count).toBe(4)
    }
  })

  it('is known wholly, as long as its own cap gives nothing up', () => {
    for (const isExact of [false, true]) {
      const book = new Book(3)
      book.knowAll()
      if (isExact) for (const isBid of [true, false]) book.exactSide(isBid)
      expect([book.bids.known(), book.bids.knownDepth(), book.asks.knownDepth()]).toEqual(['all', 0, 0])
      apply(book, ...bids('5', '0.25', '3'))
      expect(book.bids).toBeInstanceOf(isExact ? ExactSide : LevelSide)
      book.cutTo(2)
      apply(book, ...bids('1'))
      expect([book.bids.known(), book.bids.knownDepth()]).toEqual(['all', 3])
      apply(book, ...bids('4'), ['bid', '5', '0'], ['bid', '2', '1'])
      expect([read(book, 'bids'), book.bids.knownDepth()]).toEqual([['4 1', '3 1', '2 1'], 2])
    }
  })

  it('stays known wholly when a number makes it exact', () => {
    const book = new Book(CAP)
    book.knowAll()
    apply(book, ...bids('90071992547409.91', '0.001'))
    expect(book.bids).toBeInstanceOf(ExactSide)
    expect(book.bids.knownDepth()).toBe(2)
  })
})

describe('known depth', () => {
  it('counts levels at or inside the worst price of the snapshot', () => {
    const book = load(new Book(CAP), ['bid', '5', '1'], ['bid', '3', '1'], ['ask', '6', '1'])
    expect([book.bids.knownDepth(), book.asks.knownDepth()]).toEqual([2, 1])
    apply(book, ['bid', '4', '1'], ['bid', '2', '1'], ['ask', '7', '1'], ['ask', '6', '0'])
    expect([book.bids.knownDepth(), book.asks.knownDepth()]).toEqual([3, 0])
  })

  it('is unknown for a side that the snapshot left empty, and before one', () => {
    const book = load(new Book(CAP), ['bid', '5', '1'])
    apply(book, ['ask', '6', '1'])
    expect([book.bids.knownDepth(), book.asks.knownDepth()]).toEqual([1, null])
    expect(apply(new Book(CAP), ['bid', '5', '1']).bids.knownDepth()).toBeNull()
  })

  it('ends where the cap made the book forget', () => {
    const book = load(new Book(3), ['bid', '9', '1'], ['bid', '8', '1'], ['bid', '7', '1'], ['bid', '6', '1'])
    expect(book.bids.knownDepth()).toBe(3)
    apply(book, ['bid', '9.5', '1'])
    expect(read(book, 'bids')).toEqual(['9.5 1', '9 1', '8 1'])
    apply(book, ['bid', '9', '0'], ['bid', '7.5', '1'])
    expect(book.bids.knownDepth()).toBe(2)
  })
})

describe('compareDecimals', () => {
  it('compares by value at any scale and width', () => {
    const { price } = columns([
      ['bid', '1.50', '1'],
      ['bid', '1.5', '1'],
      ['bid', '1.51', '1'],
      ['bid', '90071992547409931', '1'],
      ['bid', '90071992547409930', '1'],
    ])
    const order = (i: number, j: number): number => Math.sign(compareDecimals(price, i, price, j))
    expect([
      order(0, 1),
      order(1, 2),
      order(2, 0),
      order(3, 4),
      order(4, 3),
      order(3, 3),
      order(3, 0),
    ]).toEqual([0, -1, 1, 1, -1, 0, 1])
  })
})
