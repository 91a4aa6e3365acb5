import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { createCounters } from '../counters.ts'
import type { HouseFanout, HouseMessage, HouseOptions } from '../stage/house.ts'
import { okxHouse } from './house.ts'
import {
  argsOf,
  calm,
  type Json,
  linear,
  parsed,
  play,
  pushes,
  request,
  settled,
  TODAY_US,
} from './house-support.ts'

const START_MS = TODAY_US / 1000
const PERPETUAL = 'BTC-USDT-SWAP'
const DATED = 'ETH-USDT-261225'

describe('a house of okx', () => {
  it('answers each subscription for itself, and sends what it begins with behind the answer', async () => {
    const { client: connect } = await play()
    const client = await connect()
    const acks = await request(client, argsOf(PERPETUAL, 'books', 'trades', 'bbo-tbt'))
    expect(acks.map(({ event, arg }) => [event, arg.channel])).toEqual([
      ['subscribe', 'books'],
      ['subscribe', 'trades'],
      ['subscribe', 'bbo-tbt'],
    ])
    expect(acks[0]).toMatchObject({ connId: '00000001', arg: { channel: 'books', instId: PERPETUAL } })
    await settled(client)
    const order = parsed(client).map(
      ({ event, action, arg }) => `${event ?? action ?? 'push'} ${arg.channel}`,
    )
    expect(order).toEqual([
      'subscribe books',
      'snapshot books',
      'subscribe trades',
      'subscribe bbo-tbt',
      'push bbo-tbt',
    ])
  })

  it('refuses one subscription by its name and meets the others', async () => {
    const { client: connect } = await play()
    const client = await connect()
    const answers = await request(client, [
      ...argsOf('BTC-USDTT-SWAP', 'books'),
      ...argsOf(PERPETUAL, 'trades'),
      { channel: 'instruments', instType: 'MARGIN' },
      ...argsOf(DATED, 'funding-rate'),
    ])
    const text = (what: string): string =>
      `Wrong URL or channel:${what} doesn't exist. Please use the correct URL, channel and parameters referring to API document.`
    expect(answers.map(({ event, code, msg }) => [event, code, msg])).toEqual([
      ['error', '60018', text('books,instId:BTC-USDTT-SWAP')],
      ['subscribe', undefined, undefined],
      ['error', '60018', text('instruments,instType:MARGIN')],
      ['error', '60018', text(`funding-rate,instId:${DATED}`)],
    ])
  })

  it('tells each channel on its own path only, and closed books to nobody', async () => {
    const { client: connect } = await play()
    const [open, business] = [await connect(), await connect('business')]
    const codes = async (client: typeof open, ...channels: string[]) =>
      (await request(client, argsOf(PERPETUAL, ...channels))).map(({ event, code }) => code ?? event)
    expect(await codes(open, 'trades-all', 'books-l2-tbt', 'books50-l2-tbt')).toEqual([
      '64001',
      '60011',
      '60011',
    ])
    expect(await codes(business, 'trades', 'trades-all')).toEqual(['64002', 'subscribe'])
    const lost = await connect('private')
    expect(await lost.closed).toMatchObject({ code: 1008 })
  })

  it('tells everything that a collector takes when nothing else is said', async () => {
    const { clock, client: connect, records, ask } = await play()
    const [open, business] = [await connect(), await connect('business')]
    await request(open, [
      ...argsOf(PERPETUAL, 'books', 'bbo-tbt', 'funding-rate', 'mark-price', 'open-interest'),
      ...argsOf(DATED, 'books', 'bbo-tbt', 'mark-price', 'open-interest'),
      { channel: 'liquidation-orders', instType: 'SWAP' },
      { channel: 'liquidation-orders', instType: 'FUTURES' },
    ])
    await request(business, [...argsOf(PERPETUAL, 'trades-all'), ...argsOf(DATED, 'trades-all')])
    clock.advance(5_000)
    for (const type of ['SWAP', 'FUTURES']) await ask(`public/instruments?instType=${type}`)
    await settled(open)
    const told = new Set(records.map(({ stream, symbol, table }) => `${table} ${stream} ${symbol}`))
    const both = (table: string, stream: string) => [PERPETUAL, DATED].map((s) => `${table} ${stream} ${s}`)
    expect([...told].sort()).toEqual(
      [
        ...both('ticks', 'trades-all'),
        ...both('futures_delta', 'books'),
        ...both('bbo', 'bbo-tbt'),
        ...both('funding', 'mark-price'),
        ...both('open_interest', 'open-interest'),
        `funding funding-rate ${PERPETUAL}`,
        `liquidations liquidation-orders/SWAP ${PERPETUAL}`,
        `liquidations liquidation-orders/FUTURES ${DATED}`,
        `instruments public/instruments/SWAP ${PERPETUAL}`,
        `instruments public/instruments/FUTURES ${DATED}`,
      ].sort(),
    )
  })

  it('tells marks five times in a second, open interest every three, and funding within 90', async () => {
    const { clock, client: connect } = await play(linear, calm)
    const client = await connect()
    await request(client, argsOf(PERPETUAL, 'mark-price', 'open-interest', 'funding-rate'))
    clock.advance(9_000)
    await settled(client)
    const [, ...marks] = pushes(client, 'mark-price').map(({ data }) => data[0].markPx)
    expect(marks.length).toBeGreaterThan(40)
    expect(marks.length).toBeLessThanOrEqual(45)
    for (const [i, mark] of marks.entries()) expect(mark).not.toBe(marks[i - 1])
    expect(pushes(client, 'open-interest')).toHaveLength(1 + 3)
    clock.advance(81_000)
    await settled(client)
    const rates = pushes(client, 'funding-rate')
    expect(rates.length).toBeGreaterThanOrEqual(2)
    expect(rates.length).toBeLessThanOrEqual(4)
    const hours = (Number(rates[0]?.data[0].nextFundingTime) - Number(rates[0]?.data[0].fundingTime)) / 3.6e6
    expect([4, 8]).toContain(hours)
  })

  it('pushes the best price before the book, and the book before its image', async () => {
    const { clock, client: connect } = await play()
    const client = await connect()
    await request(client, argsOf(PERPETUAL, 'books5', 'books', 'bbo-tbt'))
    const begun = client.texts.length
    clock.advance(3_000)
    await settled(client)
    const channels = parsed(client)
      .slice(begun)
      .map(({ arg }) => arg.channel)
    expect(channels.filter((channel) => channel === 'books5').length).toBeGreaterThan(5)
    for (const [i, channel] of channels.entries())
      if (channel === 'books5') expect(channels[i - 1]).toBe('books')
  })

  it('is the same for the same seed, whoever listens', async () => {
    const [a, b] = [await play(), await play()]
    for (const [{ clock, client: connect }, count] of [
      [a, 1],
      [b, 2],
    ] as const) {
      const clients = await Promise.all(Array.from({ length: count }, () => connect()))
      for (const client of clients) await request(client, argsOf(PERPETUAL, 'trades', 'books', 'mark-price'))
      clock.advance(2_000)
      for (const client of clients) await settled(client)
    }
    const [first, second] = [a, b].map(({ records }) =>
      // What a subscriber begins with is told to that one only.
      records.filter(({ at_ms }) => at_ms > START_MS).map((record) => withoutFate(record)),
    ) as [Json[], Json[]]
    expect(first.length).toBeGreaterThan(20)
    expect(first).toEqual(second)
  })

  it('does not tell what would have happened while it stood still', async () => {
    const told: string[] = []
    const house = okxHouse(optionsWith((name) => told.push(name)))
    for (const channel of ['books', 'trades', 'mark-price']) house.open(`${channel}:${PERPETUAL}`)
    house.open('liquidation-orders/SWAP')
    for (let ms = 10; ms <= 1_000; ms += 10) house.step(START_MS + ms)
    const before = told.length
    expect(before).toBeGreaterThan(20)
    house.halt(START_MS + 3_600_000)
    expect(told).toHaveLength(before)
    house.step(START_MS + 3_600_010)
    expect(told.length).toBeLessThan(before + 10)
    for (let ms = 20; ms <= 1_000; ms += 10) house.step(START_MS + 3_600_000 + ms)
    expect(told.length).toBeGreaterThan(before + 20)
  })
})

/** Options of a house whose messages go to nobody but `tell`. */
function optionsWith(tell: (streamName: string) => void): HouseOptions {
  const fanout = { deliver: ({ streamName }: HouseMessage) => tell(streamName) }
  return {
    market: 'linear',
    symbols: [PERPETUAL],
    seed: 1,
    startMs: START_MS,
    tradesPerSecond: 20,
    levelChangesPerSecond: 100,
    liquidationsPerMinute: 60,
    bookLevels: null,
    clock: manualClock(START_MS * 1000),
    counters: createCounters(),
    fanout: fanout as unknown as HouseFanout,
  }
}

const withoutFate = ({ n, copies, connection, fault, wire, ...said }: Json): Json => said
