import type { ManualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import { connect, type TestClient } from '../testing/client.ts'
import {
  exact,
  HeardBook,
  heard,
  type Json,
  messages,
  pairs,
  plainRecord,
  play,
  START_MS,
  silence,
} from './house-support.ts'
import { futuresReadings, sidesOf } from './readings-support.ts'

const symbols = ['PF_XBTUSD', 'FF_ETHUSD_260925']
const PATH = '/ws/v1'

function subscribe(client: TestClient, feed: string, products: readonly string[]): void {
  client.send({ event: 'subscribe', feed, product_ids: products })
}

/** Messages of a feed, answers apart. */
const feedOf = (client: TestClient, name: string): Json[] =>
  messages(client).filter(({ feed, event }) => feed === name && event === undefined)
const eventsOf = (client: TestClient): Json[] => messages(client).filter(({ event }) => event !== undefined)

/** Everything sent before has arrived: the service answers in order. */
async function settled(client: TestClient): Promise<void> {
  const isEvent = (text: string): boolean => text.startsWith('{"event"')
  const before = client.texts.filter(isEvent).length
  client.send({ event: 'settled?' })
  await client.until((texts) => texts.filter(isEvent).length > before)
}

/** Time passes, and the client says that it is still there. */
async function goOn(clock: ManualClock, client: TestClient, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 30_000) {
    clock.advance(Math.min(left, 30_000))
    await client.ping()
  }
}

async function hearing(
  client: TestClient,
  products: readonly string[],
  feeds: readonly string[],
): Promise<void> {
  for (const feed of feeds) subscribe(client, feed, products)
  await heard(client, '"event":"subscribed"', feeds.length)
}

describe('a futures house', () => {
  it('answers a request once, begins each book with all its levels and counts on from there', async () => {
    const { clock, at } = await play('linear', symbols, { bookLevels: 200 })
    const client = await connect(at(PATH))
    await hearing(client, symbols, ['book'])
    clock.advance(5_000)
    await settled(client)
    const [info, ack] = messages(client)
    expect(info).toEqual({ event: 'info', version: '1' })
    expect(ack).toEqual({ event: 'subscribed', feed: 'book', product_ids: symbols })
    for (const product of symbols) {
      const told = messages(client).filter(({ product_id }) => product_id === product)
      expect(told[0]).toMatchObject({ feed: 'book_snapshot', tickSize: null })
      expect(Math.min(told[0]?.bids.length, told[0]?.asks.length)).toBeGreaterThan(150)
      expect(told.slice(1).every(({ feed }) => feed === 'book')).toBe(true)
      expect(told.length).toBeGreaterThan(200)
      const first = Number(told[0]?.seq)
      expect(told.map(({ seq }) => Number(seq))).toEqual(told.map((_, i) => first + i))
    }
  })

  it('tells every change of a book, which is never crossed, so that a listener has the book that a newcomer gets', async () => {
    const { clock, at } = await play('linear', ['PF_XBTUSD'], { bookLevels: 200 })
    const [early, late] = [await connect(at(PATH)), await connect(at(PATH))]
    await hearing(early, ['PF_XBTUSD'], ['book'])
    clock.advance(10_000)
    await hearing(late, ['PF_XBTUSD'], ['book'])
    await settled(early)
    await settled(late)
    const ours = new HeardBook()
    for (const message of messages(early)) {
      if (message.feed === 'book_snapshot') ours.replace(pairs(message.bids), pairs(message.asks))
      if (message.feed === 'book') ours.apply(...sidesOf(message))
      const [bid, ask] = [ours.top('bids', 1)[0]?.[0] ?? '0', ours.top('asks', 1)[0]?.[0] ?? 'Infinity']
      expect(Number(bid)).toBeLessThan(Number(ask))
    }
    const [snapshot] = feedOf(late, 'book_snapshot')
    const theirs = new HeardBook()
    theirs.replace(pairs(snapshot?.bids), pairs(snapshot?.asks))
    expect(ours.top('bids')).toEqual(theirs.top('bids'))
    expect(ours.top('asks')).toEqual(theirs.top('asks'))
    expect(snapshot?.seq).toBe(feedOf(early, 'book').at(-1)?.seq)
  })

  it('ends some whole books with a level that is none, as its log says', async () => {
    const { clock, at, records } = await play('linear', ['PF_XBTUSD'], { bookLevels: 200 })
    for (let i = 0; i < 12; i++) {
      const client = await connect(at(PATH))
      await hearing(client, ['PF_XBTUSD'], ['book'])
      client.socket.terminate()
      clock.advance(100)
    }
    const books = records.filter(({ is_snapshot }) => is_snapshot)
    const zeros = books.filter(({ bids }) => bids.at(-1)?.[1] === '0')
    expect(zeros.length).toBeGreaterThan(0)
    expect(zeros.length).toBeLessThan(books.length)
  })

  it('refuses a whole request for one product that it does not have', async () => {
    const { at } = await play('linear', symbols)
    const client = await connect(at(PATH))
    const answerOf = async (message: unknown): Promise<Json> => {
      const before = eventsOf(client).length
      client.send(message)
      await client.until(() => eventsOf(client).length > before)
      return eventsOf(client).at(-1) as Json
    }
    const ask = (event: string, feed: string, products: unknown): Promise<Json> =>
      answerOf({ event, feed, product_ids: products })
    const error = (message: string): Json => ({ event: 'error', message })
    expect(await ask('subscribe', 'book', ['PF_XBTUSD', 'PI_XBTUSD'])).toEqual(error('Invalid product id'))
    expect(await ask('subscribe', 'book', [])).toEqual(error('Invalid product id'))
    expect(await ask('subscribe', 'books', ['PF_XBTUSD'])).toEqual(error('Invalid feed'))
    expect(await answerOf('{')).toEqual(error('Json Error'))
    expect(await answerOf({ feed: 'book' })).toEqual(error('Bad websocket message'))
    const named = { feed: 'trade', product_ids: ['PF_XBTUSD'] }
    expect(await ask('unsubscribe', 'trade', ['PF_XBTUSD'])).toEqual({
      event: 'unsubscribed_failed',
      ...named,
    })
    expect(await ask('subscribe', 'trade', ['PF_XBTUSD'])).toEqual({ event: 'subscribed', ...named })
    expect(await ask('subscribe', 'trade', ['PF_XBTUSD'])).toEqual({ event: 'subscribed_failed', ...named })
    expect(await ask('unsubscribe', 'trade', ['PF_XBTUSD'])).toEqual({ event: 'unsubscribed', ...named })
  })

  it('refuses what is asked too fast', async () => {
    const { clock, at } = await play('linear', symbols)
    const client = await connect(at(PATH))
    for (let i = 0; i < 101; i++) client.send({ event: 'ask' })
    await heard(client, '"Exceeded msg rate"')
    expect(eventsOf(client).filter(({ message }) => message === 'Bad websocket message')).toHaveLength(100)
    clock.advance(1_000)
    await hearing(client, symbols, ['trade'])
  })

  it('beats for who asks for it', async () => {
    const { clock, at } = await play('linear', symbols, silence)
    const client = await connect(at(PATH))
    client.send({ event: 'subscribe', feed: 'heartbeat' })
    await heard(client, '{"event":"subscribed","feed":"heartbeat"}')
    clock.advance(3_000)
    await heard(client, /"feed":"heartbeat","time":\d+/, 3)
    client.send({ event: 'unsubscribe', feed: 'heartbeat' })
    await heard(client, '{"event":"unsubscribed","feed":"heartbeat"}')
    clock.advance(3_000)
    await settled(client)
    expect(feedOf(client, 'heartbeat')).toHaveLength(3)
  })

  it('knows no other path', async () => {
    const { at } = await play('linear', symbols, silence)
    expect(await (await connect(at('/v2'))).closed).toMatchObject({ code: 1008 })
  })

  it('counts trades, and repeats to a new subscriber those that somebody was sent, newest first', async () => {
    const faults = { everyMessages: 10, kinds: ['gap'], startAfterMessages: 5 } as const
    const { clock, at, records } = await play('linear', ['PF_XBTUSD'], { faults })
    const first = await connect(at(PATH))
    await hearing(first, ['PF_XBTUSD'], ['trade'])
    expect(feedOf(first, 'trade_snapshot')).toEqual([
      { feed: 'trade_snapshot', product_id: 'PF_XBTUSD', trades: [] },
    ])
    clock.advance(15_000)
    await settled(first)
    const logged = records.length
    const second = await connect(at(PATH))
    await hearing(second, ['PF_XBTUSD'], ['trade'])
    await settled(second)
    const [snapshot] = feedOf(second, 'trade_snapshot')
    expect(snapshot?.trades).toEqual(feedOf(first, 'trade').slice(-100).toReversed())
    expect(records).toHaveLength(logged)
    const trades = records.filter(({ table }) => table === 'ticks')
    expect(trades.map(({ first }) => first)).toEqual(trades.map((_, i) => (trades[0]?.first ?? 0) + i))
    expect(new Set(trades.map(({ values }) => values?.trade_id)).size).toBe(trades.length)
    expect(trades.some(({ fault }) => fault === 'gap')).toBe(true)
  })

  it('withholds trades, and never a liquidation from who listens, since nothing would tell', async () => {
    const faults = { everyMessages: 4, kinds: ['gap'], startAfterMessages: 5 } as const
    const { clock, at, records } = await play('inverse', ['PI_XBTUSD'], { faults })
    const client = await connect(at(PATH))
    await hearing(client, ['PI_XBTUSD'], ['trade'])
    await goOn(clock, client, 60_000)
    await settled(client)
    const forced = records.filter(({ table }) => table === 'liquidations')
    expect(forced.length).toBeGreaterThan(100)
    expect(forced.filter(({ copies }) => copies !== 1)).toEqual([])
    expect(records.filter(({ fault }) => fault === 'gap').length).toBeGreaterThan(50)
  })

  it('tells a forced trade as a trade and as a liquidation, also where nothing else trades', async () => {
    const { clock, at, records } = await play('inverse', ['PI_XBTUSD'], { tradesPerSecond: 0 })
    const client = await connect(at(PATH))
    await hearing(client, ['PI_XBTUSD'], ['trade'])
    clock.advance(20_000)
    await settled(client)
    const types = feedOf(client, 'trade').map(({ type }) => type)
    expect(new Set(types)).toEqual(new Set(['liquidation', 'termination']))
    expect(records.map(({ table }) => table)).toEqual(types.flatMap(() => ['ticks', 'liquidations']))
  })

  it('tells rates of perpetuals, with exponents where they are small, and none of what ends', async () => {
    const { clock, at } = await play('linear', ['PF_XBTUSD', 'PF_PEPEUSD', 'FF_ETHUSD_260925'], silence)
    const client = await connect(at(PATH))
    await hearing(client, ['PF_XBTUSD', 'PF_PEPEUSD', 'FF_ETHUSD_260925'], ['ticker'])
    await goOn(clock, client, 10 * 60_000)
    await settled(client)
    const tickers = feedOf(client, 'ticker')
    expect(tickers).toHaveLength(3 * 600)
    const [ending, perpetual] = [
      tickers.filter(({ tag }) => tag === 'month'),
      tickers.filter(({ tag }) => tag === 'perpetual'),
    ]
    expect(ending.every((told) => told.maturityTime === String(Date.parse('2026-09-25T15:00:00Z')))).toBe(
      true,
    )
    expect(ending.some((told) => 'relative_funding_rate' in told || 'next_funding_rate_time' in told)).toBe(
      false,
    )
    expect(perpetual.every((told) => 'relative_funding_rate' in told)).toBe(true)
    const predictions = perpetual.map((told) => told.relative_funding_rate_prediction)
    expect(predictions.some((text) => text === undefined)).toBe(true)
    expect(perpetual.some((told) => told.relative_funding_rate.startsWith('-'))).toBe(true)
    expect(perpetual.some((told) => /e-\d+$/.test(told.markPrice))).toBe(true)
  })

  it('lists its products among others, with what cannot be traded at the moment', async () => {
    const { clock, restUrl, records } = await play('linear', ['PF_XBTUSD', 'PF_PEPEUSD', 'FF_ETHUSD_260925'])
    const ask = async (): Promise<Json> =>
      exact(await (await fetch(`${restUrl}/derivatives/api/v3/instruments`)).text())
    const list = await ask()
    expect(list.result).toBe('success')
    expect(list.instruments.map(({ symbol }: Json) => symbol)).toEqual([
      'in_xbtusd',
      'PF_XBTUSD',
      'PF_PEPEUSD',
      'FF_ETHUSD_260925',
      'PI_XBTUSD',
    ])
    expect(list.instruments[2]).toMatchObject({
      type: 'flexible_futures',
      tickSize: '1e-10',
      contractValueTradePrecision: '-3',
    })
    const rows = records.map(({ symbol, stream, is_answer, values }) => ({
      symbol,
      stream,
      is_answer,
      ...values,
    }))
    expect(rows).toMatchObject([
      {
        symbol: 'PF_XBTUSD',
        stream: 'instruments',
        is_answer: true,
        type: 'perpetual',
        contract_unit: 'BTC',
      },
      { symbol: 'PF_PEPEUSD', tick_size: '1e-10', lot_size: '1000', expiry_ts: null },
      { symbol: 'FF_ETHUSD_260925', type: 'future', expiry_ts: `${Date.parse('2026-09-25T15:00:00Z')}000` },
    ])
    expect(records.map(({ values }) => exact(values?.raw ?? ''))).toEqual(list.instruments.slice(1, 4))
    const states = new Set<string>()
    for (let i = 0; i < 10; i++) {
      clock.advance(6_000)
      states.add(String((await ask()).instruments[1].tradeable))
    }
    expect(states).toEqual(new Set(['true', 'false']))
    expect((await fetch(`${restUrl}/derivatives/api/v3/tickers`)).status).toBe(404)
  })

  it('answers with the whole book of a product', async () => {
    const { restUrl, records, clock } = await play('linear', ['PF_XBTUSD', 'PF_PEPEUSD'], { bookLevels: 100 })
    const ask = async (product: string): Promise<Json> =>
      exact(await (await fetch(`${restUrl}/derivatives/api/v3/orderbook?symbol=${product}`)).text())
    clock.advance(1_000)
    const { result, orderBook, serverTime } = await ask('PF_PEPEUSD')
    expect([result, Date.parse(serverTime)]).toEqual(['success', START_MS + 1_000])
    expect(orderBook.bids.length).toBeGreaterThan(80)
    expect(records).toMatchObject([
      { stream: 'orderbook', table: 'futures_ob', symbol: 'PF_PEPEUSD', last: null, engine_ms: null },
    ])
    expect([records[0]?.bids, records[0]?.asks]).toEqual([orderBook.bids, orderBook.asks])
    expect(await ask('PF_ETHUSD')).toMatchObject({ result: 'error' })
    expect(records).toHaveLength(1)
  })

  it.each([
    ['linear', ['PF_XBTUSD', 'FF_ETHUSD_260925', 'PF_PEPEUSD']],
    ['inverse', ['PI_XBTUSD', 'FI_XBTUSD_260925']],
  ] as const)('says the same on the wire as to the log (%s)', async (market, products) => {
    const { clock, at, records } = await play(market, products, { bookLevels: 100 })
    const client = await connect(at(PATH))
    await hearing(client, products, ['trade', 'book', 'ticker'])
    clock.advance(10_000)
    await settled(client)
    const readings = messages(client).flatMap(futuresReadings)
    expect(readings.length).toBeGreaterThan(1_000)
    expect(records.map(plainRecord)).toEqual(readings)
    expect(new Set(records.map(({ unit }) => unit))).toEqual(
      new Set([market === 'inverse' ? 'quote' : 'base']),
    )
    const places = new Set(records.map(({ stream, table, market: of }) => `${of} ${stream} ${table}`))
    expect(places).toEqual(
      new Set(
        ['trade ticks', 'trade/liquidations liquidations', 'book futures_delta', 'ticker funding']
          .concat('ticker/open_interest open_interest')
          .map((place) => `${market} ${place}`),
      ),
    )
  })

  it('tells the same to who comes early and to who comes late', async () => {
    const told = async (lateMs: number): Promise<EmissionRecord[]> => {
      const { clock, at, records } = await play('linear', symbols, { bookLevels: 100 })
      const client = await connect(at(PATH))
      clock.advance(lateMs)
      await hearing(client, symbols, ['trade', 'book', 'ticker'])
      clock.advance(4_000 - lateMs)
      return records.filter(({ at_ms, is_snapshot }) => at_ms > START_MS + 2_030 && !is_snapshot)
    }
    const late = await told(2_030)
    expect(late.length).toBeGreaterThan(200)
    expect((await told(0)).map(({ n: _, ...rest }) => rest)).toEqual(late.map(({ n: _, ...rest }) => rest))
  })

  it('tells the same for the same seed, and something else for another', async () => {
    const told = async (seed: number): Promise<unknown[]> => {
      const { clock, at, records } = await play('linear', symbols, { seed, bookLevels: 100 })
      const client = await connect(at(PATH))
      await hearing(client, symbols, ['trade', 'book', 'ticker'])
      clock.advance(3_000)
      return [...records]
    }
    const first = await told(3)
    expect(first.length).toBeGreaterThan(200)
    expect(await told(3)).toEqual(first)
    expect(await told(4)).not.toEqual(first)
  })
})
