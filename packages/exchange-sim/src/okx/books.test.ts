import { crc32 } from 'node:zlib'
import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { TestClient } from '../testing/client.ts'
import { checksumOf } from './dialect.ts'
import {
  argsOf,
  calm,
  type Json,
  linear,
  type Play,
  play,
  pushes,
  request,
  settled,
} from './house-support.ts'

const SYMBOL = 'BTC-USDT-SWAP'
type Side = Map<string, string>

/** A listener's book: levels by price, built from messages alone. */
class HeardBook {
  readonly bids: Side = new Map()
  readonly asks: Side = new Map()
  last = Number.NaN

  hear({ action, data: [element] }: Json): void {
    if (action === 'snapshot') for (const side of [this.bids, this.asks]) side.clear()
    expect(element.prevSeqId).toBe(action === 'snapshot' ? -1 : this.last)
    this.last = element.seqId
    for (const [side, levels] of [
      [this.bids, element.bids],
      [this.asks, element.asks],
    ] as const) {
      for (const [price, quantity] of levels) {
        if (quantity === '0') expect(side.delete(price)).toBe(true)
        else side.set(price, quantity)
      }
    }
  }

  sorted(): { bids: [string, string][]; asks: [string, string][] } {
    const by = (sign: number) => (a: [string, string], b: [string, string]) =>
      sign * (Number(a[0]) - Number(b[0]))
    return { bids: [...this.bids].sort(by(-1)), asks: [...this.asks].sort(by(1)) }
  }
}

async function listening(more: Parameters<typeof play>[1] = {}, clock?: Parameters<typeof play>[2]) {
  const house: Play = await (clock === undefined ? play(linear, more) : play(linear, more, clock))
  const client = await house.client()
  await request(client, argsOf(SYMBOL, 'books', 'bbo-tbt'))
  return { ...house, listener: client }
}

async function after(house: Play & { listener: TestClient }, ms: number): Promise<Json[]> {
  house.clock.advance(ms)
  await settled(house.listener)
  return pushes(house.listener, 'books')
}

describe('a book of okx', () => {
  it('begins whole, goes on by what names its predecessor, and never has more than 400 levels', async () => {
    const house = await listening({ bookLevels: 500 })
    const books = await after(house, 6_000)
    expect(books[0]).toMatchObject({ action: 'snapshot' })
    expect(books.length).toBeGreaterThan(50)
    const book = new HeardBook()
    for (const message of books) {
      book.hear(message)
      expect(book.bids.size).toBeLessThanOrEqual(400)
      expect(book.asks.size).toBeLessThanOrEqual(400)
    }
    expect(book.bids.size).toBe(400)
    const steps = books.slice(1).map(({ data }) => data[0].seqId - data[0].prevSeqId)
    expect(new Set(steps.filter((step) => step > 0)).size).toBeGreaterThan(5)
  })

  it('is for a late subscriber the same as for an early one', async () => {
    const house = await listening()
    const books = await after(house, 5_000)
    const late = await house.client()
    await request(late, argsOf(SYMBOL, 'books'))
    await settled(late)
    const [early, whole] = [new HeardBook(), new HeardBook()]
    for (const message of books) early.hear(message)
    whole.hear(pushes(late, 'books')[0] as Json)
    expect(whole.sorted()).toEqual(early.sorted())
    expect(whole.last).toBe(early.last)
    expect(pushes(late, 'books')[0]?.data[0].ts).toBe(books.at(-1)?.data[0].ts)
  })

  it('has the best price of the quotes of the same id', async () => {
    const house = await listening()
    const books = await after(house, 5_000)
    const quotes = new Map(pushes(house.listener, 'bbo-tbt').map(({ data: [quote] }) => [quote.seqId, quote]))
    const book = new HeardBook()
    let compared = 0
    for (const message of books) {
      book.hear(message)
      const quote = quotes.get(book.last)
      if (quote === undefined) continue
      const { bids, asks } = book.sorted()
      expect([quote.bids[0].slice(0, 2), quote.asks[0].slice(0, 2)]).toEqual([bids[0], asks[0]])
      compared += 1
    }
    expect(compared).toBeGreaterThan(3)
  })

  it('has ids that fall now and then, and stays unbroken', async () => {
    const house = await listening()
    const books = await after(house, 60_000)
    const book = new HeardBook()
    for (const message of books) book.hear(message)
    const falls = books.filter(({ data: [{ prevSeqId, seqId }] }) => seqId < prevSeqId)
    expect(falls.length).toBeGreaterThan(1)
    for (const { action, data } of falls) {
      expect(action).toBe('update')
      expect(data[0].seqId).toBeGreaterThanOrEqual(0)
      expect(data[0].seqId).toBeLessThan(10)
    }
  })

  it('loses no fall to a fault, nor gets it twice, nor is a gap begun so near that it reaches one', async () => {
    const faults = { everyMessages: 3, kinds: ['gap', 'duplicate'], startAfterMessages: 0 } as const
    const house = await listening({ faults, tradesPerSecond: 0 })
    await after(house, 120_000)
    const told = house.records.filter(({ stream, is_snapshot }) => stream === 'books' && !is_snapshot)
    const falls = told.flatMap(({ last, prev }, at) => ((last ?? 0) < (prev ?? 0) ? [at] : []))
    expect(falls.length).toBeGreaterThan(3)
    for (const at of falls) {
      expect(told[at]).toMatchObject({ copies: 1, fault: null })
      expect(told[at - 1]?.fault).not.toBe('duplicate')
    }
    expect(told.filter(({ fault }) => fault === 'gap').length).toBeGreaterThan(50)
    expect(told.filter(({ fault }) => fault === 'duplicate').length).toBeGreaterThan(50)
  })

  it('says every minute that nothing changed, which is no event', async () => {
    const house = await listening(calm)
    await after(house, 25_000)
    await after(house, 25_000)
    expect(await after(house, 9_900)).toHaveLength(1)
    const books = await after(house, 200)
    const [{ seqId }] = books[0]?.data ?? []
    expect(books).toHaveLength(2)
    expect(books[1]).toMatchObject({
      action: 'update',
      data: [{ asks: [], bids: [], prevSeqId: seqId, seqId }],
    })
    expect(house.records.filter(({ stream }) => stream === 'books')).toHaveLength(1)
  })

  it('had a checksum until the summer of 2026, and has 0 since', async () => {
    const long = await listening({}, manualClock(Date.parse('2025-06-23T00:00:00Z') * 1000))
    const book = new HeardBook()
    for (const message of await after(long, 4_000)) {
      book.hear(message)
      expect(message.data[0].checksum).toBe(plainChecksum(book))
    }
    const today = await listening()
    const checksums = (await after(today, 4_000)).map(({ data }) => data[0].checksum)
    expect(new Set(checksums)).toEqual(new Set([0]))
  })

  it('has the checksum that the documents give as an example', () => {
    const levels = (text: string) => text.split(' ').map((level) => level.split(':') as [string, string])
    const bids = levels('3366.1:7')
    expect(checksumOf({ bids, asks: levels('3366.8:9 3368:8 3372:8') })).toBe(831078360)
    expect(checksumOf({ bids: levels('3366.1:7 3366:6'), asks: levels('3366.8:9 3368:8') })).toBe(-1881014294)
  })
})

function plainChecksum(book: HeardBook): number {
  const { bids, asks } = book.sorted()
  const rows = Array.from({ length: 25 }, (_, i) => [bids[i], asks[i]].flat())
  return crc32(rows.flat().join(':')) | 0
}
