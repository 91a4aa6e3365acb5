import { describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import { connect, refusalOf, type TestClient } from '../testing/client.ts'
import {
  exact,
  HeardBook,
  heard,
  type Json,
  messages,
  pairs,
  plainChecksum,
  plainRecord,
  play,
  START_MS,
  silence,
} from './house-support.ts'
import { spotReadings } from './readings-support.ts'

const symbols = ['BTC/USD', 'PEPE/USD']

function subscribe(client: TestClient, params: Json, id = 11): void {
  client.send({ method: 'subscribe', params, req_id: id })
}

const repliesOf = (client: TestClient): Json[] =>
  messages(client).filter(({ method }) => method !== undefined)
const dataOf = (client: TestClient, name: string): Json[] =>
  messages(client).filter(({ channel }) => channel === name)
const booksOf = (client: TestClient, symbol: string): Json[] =>
  dataOf(client, 'book').filter(({ data }) => data[0].symbol === symbol)

describe('the spot house', () => {
  it('answers with a book by the older names of its coins, and with errors in an answer of their own', async () => {
    const { restUrl, records, clock } = await play('spot', symbols)
    const ask = async (query: string): Promise<Json> =>
      (await (await fetch(`${restUrl}/0/public/Depth${query}`)).json()) as Json
    clock.advance(1_000)
    const { error, result } = await ask('?pair=XBTUSD&count=7')
    const { asks, bids } = result.XXBTZUSD
    expect([error, Object.keys(result), asks.length, bids.length]).toEqual([[], ['XXBTZUSD'], 7, 7])
    expect(Number(bids[0][0])).toBeLessThan(Number(asks[0][0]))
    expect(Math.abs(asks[0][2] - START_MS / 1000)).toBeLessThanOrEqual(1)
    const levels = (side: string[][]): string[][] => side.map((level) => level.slice(0, 2))
    expect(records).toMatchObject([
      { stream: 'Depth', table: 'spot_ob', symbol: 'BTC/USD', last: null, engine_ms: null, sent_ms: null },
    ])
    expect([records[0]?.asks, records[0]?.bids]).toEqual([levels(asks), levels(bids)])
    expect((await ask('?pair=PEPEUSD')).result.PEPEUSD.asks.length).toBeGreaterThan(7)
    for (const wrong of ['', '?pair=BTCUSD', '?pair=XBTUSD&count=501', '?pair=XBTUSD&count=0']) {
      const answer = await ask(wrong)
      expect([answer.result, answer.error.length]).toEqual([undefined, 1])
    }
  })

  it('says how it is, answers for each symbol, and begins each book after its answer', async () => {
    const { at } = await play('spot', symbols)
    const client = await connect(at('/v2'))
    subscribe(client, {
      channel: 'book',
      symbol: ['BTC/USD', 'XBT/USD', 'PEPE/USD'],
      depth: 10,
      snapshot: true,
    })
    await heard(client, '"type":"snapshot"', 2)
    const [status, first, book, refusal, second, other] = messages(client)
    expect(status).toMatchObject({ channel: 'status', data: [{ system: 'online', api_version: 'v2' }] })
    expect(BigInt(status?.data[0].connection_id)).toBeGreaterThan(2n ** 53n)
    expect(first).toMatchObject({
      method: 'subscribe',
      success: true,
      req_id: '11',
      result: { channel: 'book', symbol: 'BTC/USD', depth: '10', snapshot: true },
    })
    expect(book).toMatchObject({ channel: 'book', type: 'snapshot', data: [{ symbol: 'BTC/USD' }] })
    expect(refusal).toMatchObject({
      success: false,
      error: 'Currency pair not supported XBT/USD',
      symbol: 'XBT/USD',
      req_id: '11',
    })
    expect(second).toMatchObject({ success: true, result: { symbol: 'PEPE/USD' } })
    expect(other).toMatchObject({ type: 'snapshot', data: [{ symbol: 'PEPE/USD' }] })
    expect(other?.data[0].bids).toHaveLength(10)
  })

  it.each([10, 25])(
    'proves each book of %i levels, and leaves it to the listener to cut it and to take the later of two quantities',
    async (depth) => {
      const { clock, at } = await play('spot', symbols)
      const client = await connect(at('/v2'))
      subscribe(client, { channel: 'book', symbol: symbols, depth })
      await heard(client, '"type":"snapshot"', 2)
      clock.advance(30_000)
      client.send({ method: 'ping' })
      await heard(client, '"pong"')
      let surplus = 0
      let twice = 0
      for (const symbol of symbols) {
        const book = new HeardBook()
        const told = booksOf(client, symbol)
        expect(told.length).toBeGreaterThan(400)
        for (const { type, data } of told) {
          const [bids, asks] = [pairs(data[0].bids), pairs(data[0].asks)]
          if (type === 'snapshot') book.replace(bids, asks)
          else book.apply(bids, asks)
          surplus += book.cut(depth)
          twice += bids.length - new Set(bids.map(([price]) => price)).size
          expect(data[0].checksum).toBe(plainChecksum(book))
        }
      }
      expect(surplus).toBeGreaterThan(100)
      expect(twice).toBeGreaterThan(10)
    },
  )

  it('writes all digits that the list of pairs promises, also when prices get another one', async () => {
    const { clock, at } = await play('spot', symbols)
    const client = await connect(at('/v2'))
    subscribe(client, { channel: 'instrument', snapshot: true })
    subscribe(client, { channel: 'book', symbol: symbols })
    subscribe(client, { channel: 'trade', symbol: symbols })
    await heard(client, '"success":true', 5)
    clock.advance(50_000)
    client.send({ method: 'ping' })
    await heard(client, '"pong"')
    const digits = new Map<string, { price: number; quantity: number }>()
    const scales = new Map<string, Set<number>>()
    const check = (symbol: string, price: string, quantity: string): void => {
      const { price: ofPrice, quantity: ofQuantity } = digits.get(symbol) as {
        price: number
        quantity: number
      }
      expect([price.split('.')[1]?.length, quantity.split('.')[1]?.length]).toEqual([ofPrice, ofQuantity])
    }
    for (const { channel, data } of messages(client)) {
      for (const { symbol, price_precision, qty_precision } of data?.pairs ?? []) {
        digits.set(symbol, { price: Number(price_precision), quantity: Number(qty_precision) })
        scales.set(symbol, (scales.get(symbol) ?? new Set()).add(Number(price_precision)))
      }
      if (channel === 'trade') for (const { symbol, price, qty } of data) check(symbol, price, qty)
      if (channel !== 'book') continue
      for (const [price, quantity] of [...pairs(data[0].bids), ...pairs(data[0].asks)])
        check(data[0].symbol, price, quantity)
    }
    for (const symbol of symbols) {
      expect(scales.get(symbol)?.size).toBe(2)
      expect(booksOf(client, symbol).filter(({ type }) => type === 'snapshot')).toHaveLength(2)
    }
  })

  it('lists all pairs first and then those that changed, as its log says', async () => {
    const { clock, at, records } = await play('spot', symbols)
    const client = await connect(at('/v2'))
    subscribe(client, { channel: 'instrument', snapshot: true })
    await heard(client, '"channel":"instrument"', 1)
    clock.advance(30_000)
    client.send({ method: 'ping' })
    await heard(client, '"pong"')
    const lists = dataOf(client, 'instrument')
    expect(lists[0]).toMatchObject({ type: 'snapshot' })
    expect(lists[0]?.data.pairs.map(({ symbol }: Json) => symbol)).toEqual(symbols)
    expect(lists.map(({ data }) => data.assets.length)).toEqual(lists.map((_, i) => (i === 0 ? 1 : 0)))
    expect(lists.slice(1).every(({ type, data }) => type === 'update' && data.pairs.length === 1)).toBe(true)
    const statuses = lists.flatMap(({ data }) => data.pairs).map(({ status }: Json) => status)
    expect(new Set(statuses).size).toBeGreaterThan(1)
    const rows = records.filter(({ stream }) => stream === 'instrument')
    const raws = dataOf(client, 'instrument').flatMap(({ data }) => data.pairs)
    expect(rows.map(({ values }) => exact(values?.raw ?? ''))).toEqual(raws)
    for (const { symbol, values } of rows) {
      const raw = exact(values?.raw ?? '')
      expect({ symbol, ...values, raw }).toMatchObject({
        ...{ symbol: raw.symbol, base: raw.base, quote: raw.quote, type: 'spot', status: raw.status },
        ...{ tick_size: raw.price_increment, lot_size: raw.qty_increment, raw },
      })
    }
  })

  it('refuses by name, and each symbol by itself', async () => {
    const { at } = await play('spot', symbols)
    const client = await connect(at('/v2'))
    const errorOf = async (message: unknown): Promise<string> => {
      const before = repliesOf(client).length
      client.send(message)
      await client.until(() => repliesOf(client).length > before)
      return repliesOf(client).at(-1)?.error ?? null
    }
    const ask = (params: Json, method = 'subscribe') => errorOf({ method, params, req_id: 1 })
    expect(await ask({ channel: 'book', symbol: ['BTC/USD'], depth: 42 })).toBe(
      'Subscription depth not supported',
    )
    expect(await ask({ channel: 'book', symbol: ['BTC/USD'], depth: 10 })).toBeNull()
    expect(await ask({ channel: 'book', symbol: ['BTC/USD'], depth: 10 })).toBe('Already subscribed')
    expect(await ask({ channel: 'book', symbol: ['BTC/USD'], depth: 25 })).toBe('Already subscribed')
    expect(await ask({ channel: 'level4', symbol: ['BTC/USD'] })).toBe('Unsupported channel')
    expect(await ask({ channel: 'trade', symbol: [] })).toBe('No symbol')
    expect(await ask({}, 'dance')).toBe('Unsupported method')
    client.send('no json')
    await heard(client, '{"error":"Malformed request"}')
  })

  it('ends a book only where its depth is named', async () => {
    const { clock, at } = await play('spot', symbols)
    const client = await connect(at('/v2'))
    subscribe(client, { channel: 'book', symbol: ['BTC/USD'], depth: 25 })
    client.send({ method: 'unsubscribe', params: { channel: 'book', symbol: ['BTC/USD'] }, req_id: 21 })
    await heard(client, 'Subscription Not Found')
    clock.advance(500)
    client.send({
      method: 'unsubscribe',
      params: { channel: 'book', symbol: ['BTC/USD'], depth: 25 },
      req_id: 31,
    })
    await heard(client, '"req_id":31')
    expect(repliesOf(client).at(-1)).toMatchObject({ method: 'unsubscribe', success: true })
    const before = booksOf(client, 'BTC/USD').length
    expect(before).toBeGreaterThan(1)
    clock.advance(500)
    client.send({ method: 'ping' })
    await heard(client, '"pong"')
    expect(booksOf(client, 'BTC/USD')).toHaveLength(before)
  })

  it('closes who says nothing for a minute, and not who pings', async () => {
    const { clock, at } = await play('spot', symbols, silence)
    const [quiet, lively] = [await connect(at('/v2')), await connect(at('/v2'))]
    clock.advance(40_000)
    lively.send({ method: 'ping', req_id: 101 })
    await heard(lively, '"method":"pong","req_id":101')
    clock.advance(40_000)
    expect(await quiet.closed).toMatchObject({ reason: 'no activity' })
    lively.send({ method: 'ping' })
    await heard(lively, '"pong"', 2)
  })

  it('beats once a second for those who have a subscription and hear nothing else', async () => {
    const { clock, at } = await play('spot', symbols, silence)
    const [idle, waiting] = [await connect(at('/v2')), await connect(at('/v2'))]
    subscribe(waiting, { channel: 'trade', symbol: ['BTC/USD'] })
    await heard(waiting, '"success":true')
    clock.advance(10_000)
    await heard(waiting, '{"channel":"heartbeat"}', 10)
    idle.send({ method: 'ping' })
    await heard(idle, '"pong"')
    expect(dataOf(idle, 'heartbeat')).toEqual([])
  })

  it('says when its state is another one', async () => {
    const { clock, at } = await play('spot', symbols, silence)
    const client = await connect(at('/v2'))
    await heard(client, '"online"')
    clock.advance(50_000)
    await heard(client, '"online"', 2)
    expect(dataOf(client, 'status').map(({ data }) => data[0].system)).toEqual([
      'online',
      'post_only',
      'online',
    ])
  })

  it('does not beat into a conversation', async () => {
    const { clock, at } = await play('spot', symbols)
    const client = await connect(at('/v2'))
    subscribe(client, { channel: 'book', symbol: symbols })
    await heard(client, '"success":true', 2)
    clock.advance(10_000)
    client.send({ method: 'ping' })
    await heard(client, '"pong"')
    expect(dataOf(client, 'heartbeat')).toEqual([])
  })

  it('refuses what is asked too fast', async () => {
    const { clock, at } = await play('spot', symbols)
    const client = await connect(at('/v2'))
    for (let i = 0; i < 41; i++) client.send({ method: 'ping' })
    subscribe(client, { channel: 'trade', symbol: ['BTC/USD'] })
    await heard(client, '"error":"Exceeded msg rate"', 2)
    expect(repliesOf(client).filter(({ method }) => method === 'pong')).toHaveLength(40)
    clock.advance(1_000)
    subscribe(client, { channel: 'trade', symbol: ['BTC/USD'] }, 12)
    await heard(client, '"req_id":12')
    expect(repliesOf(client).at(-1)).toMatchObject({ success: true })
  })

  it('shuts out, also from REST, who connects more than 150 times in ten minutes', async () => {
    const { clock, at, restUrl } = await play('spot', symbols, silence)
    const statusOf = async (): Promise<number> => (await fetch(`${restUrl}/0/public/Time`)).status
    expect(await (await fetch(`${restUrl}/0/public/SystemStatus`)).json()).toMatchObject({ error: [] })
    for (let i = 0; i < 150; i++) (await connect(at('/v2'))).socket.terminate()
    expect(await statusOf()).toBe(200)
    expect(await refusalOf(at('/v2'))).toEqual({ status: 429, retryAfter: '600' })
    expect(await statusOf()).toBe(429)
    clock.advance(10 * 60_000)
    expect(await statusOf()).toBe(200)
    const client = await connect(at('/v2'))
    await heard(client, '"status"')
  })

  it('knows no other path', async () => {
    const { at } = await play('spot', symbols)
    expect(await (await connect(at('/'))).closed).toMatchObject({ code: 1008 })
  })

  it('repeats to a new subscriber the trades that somebody was sent, and does not log them again', async () => {
    const faults = { everyMessages: 10, kinds: ['gap', 'malformed'], startAfterMessages: 5 } as const
    const { clock, at, records } = await play('spot', ['BTC/USD'], { faults })
    const params = { channel: 'trade', symbol: ['BTC/USD'], snapshot: true }
    const first = await connect(at('/v2'))
    subscribe(first, params)
    await heard(first, '"channel":"trade","type":"snapshot","data":[]')
    clock.advance(20_000)
    const logged = [...records]
    const second = await connect(at('/v2'))
    subscribe(second, params)
    await heard(second, '"type":"snapshot"')
    const [snapshot] = dataOf(second, 'trade')
    const told = logged.filter(({ copies }) => copies > 0).map(({ last }) => String(last))
    expect(snapshot?.data.map(({ trade_id }: Json) => trade_id)).toEqual(told.slice(-50))
    const ids = logged.map(({ last }) => last ?? 0)
    expect(ids).toEqual(ids.map((_, i) => (ids[0] ?? 0) + i))
    const lately = logged.slice(logged.findIndex(({ last }) => String(last) === told.at(-50)))
    expect(new Set(lately.map(({ fault }) => fault))).toEqual(new Set([null, 'gap', 'malformed']))
    expect(records).toEqual(logged)
  })

  it('spoils a checksum where it is told to, and nothing else', async () => {
    const faults = { everyMessages: 20, kinds: ['wrongChecksum'], startAfterMessages: 5 } as const
    const { clock, at, records } = await play('spot', ['BTC/USD'], { faults })
    const client = await connect(at('/v2'))
    subscribe(client, { channel: 'book', symbol: ['BTC/USD'], depth: 10 })
    await heard(client, '"type":"snapshot"')
    clock.advance(20_000)
    client.send({ method: 'ping' })
    await heard(client, '"pong"')
    const book = new HeardBook()
    const wrong = booksOf(client, 'BTC/USD').map(({ type, data }) => {
      const [bids, asks] = [pairs(data[0].bids), pairs(data[0].asks)]
      if (type === 'snapshot') book.replace(bids, asks)
      else book.apply(bids, asks)
      book.cut(10)
      return data[0].checksum !== plainChecksum(book)
    })
    const books = records.filter(({ stream }) => stream === 'book')
    expect(wrong).toEqual(books.map(({ fault }) => fault === 'wrongChecksum'))
    expect(wrong.filter((is) => is).length).toBeGreaterThan(5)
    expect(books.map(({ checksum }) => checksum)).toEqual(
      booksOf(client, 'BTC/USD').map(({ data }) => data[0].checksum),
    )
  })

  it('says the same on the wire as to the log', async () => {
    const { clock, at, records } = await play('spot', symbols)
    const client = await connect(at('/v2'))
    for (const channel of ['trade', 'book']) subscribe(client, { channel, symbol: symbols })
    await heard(client, '"success":true', 4)
    clock.advance(10_000)
    client.send({ method: 'ping' })
    await heard(client, '"pong"')
    const readings = messages(client).flatMap(spotReadings)
    expect(readings.length).toBeGreaterThan(400)
    expect(records.map(plainRecord)).toEqual(readings)
    const tables = records.map(({ stream, table, depth }) => `${stream} ${table} ${depth}`)
    expect(new Set(tables)).toEqual(new Set(['trade ticks null', 'book spot_delta 10']))
  })

  it('tells the same to who comes early and to who comes late', async () => {
    const told = async (lateMs: number): Promise<EmissionRecord[]> => {
      const { clock, at, records } = await play('spot', symbols)
      const client = await connect(at('/v2'))
      clock.advance(lateMs)
      for (const channel of ['trade', 'book']) subscribe(client, { channel, symbol: symbols })
      await heard(client, '"success":true', 4)
      clock.advance(6_000 - lateMs)
      return records.filter(({ at_ms, is_snapshot }) => at_ms > START_MS + 2_030 && !is_snapshot)
    }
    const late = await told(2_030)
    expect(late.length).toBeGreaterThan(200)
    expect((await told(0)).map(({ n: _, ...rest }) => rest)).toEqual(late.map(({ n: _, ...rest }) => rest))
  })

  it('tells the same for the same seed, and something else for another', async () => {
    const told = async (seed: number): Promise<unknown[]> => {
      const { clock, at, records } = await play('spot', symbols, { seed })
      const client = await connect(at('/v2'))
      for (const channel of ['trade', 'book']) subscribe(client, { channel, symbol: symbols })
      subscribe(client, { channel: 'instrument' })
      await heard(client, '"success":true', 5)
      clock.advance(5_000)
      return [...records]
    }
    const first = await told(3)
    expect(first.length).toBeGreaterThan(200)
    expect(await told(3)).toEqual(first)
    expect(await told(4)).not.toEqual(first)
  })
})
