import { manualClock } from '@cryptoflow/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { type EmissionRecord, memoryEmissionLog } from '../emission-log.ts'
import type { HouseSettings, StageSettings } from '../stage/settings.ts'
import { type Stage, startStage } from '../stage/stage.ts'
import { connect, type TestClient } from '../testing/client.ts'

const running: Stage[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((stage) => stage.stop()))
})

const linear: HouseSettings = { exchange: 'bybit', market: 'linear', symbols: ['BTCUSDT', 'ETHUSDT'] }

async function play(houses: readonly HouseSettings[] = [linear], more: Partial<StageSettings> = {}) {
  const clock = manualClock()
  const log = memoryEmissionLog()
  const stage = await startStage({
    seed: 3,
    houses,
    tradesPerSecond: 20,
    levelsPerDiff: 10,
    liquidationsPerMinute: 300,
    clock,
    log,
    ...more,
  })
  running.push(stage)
  const [first] = stage.addresses
  const at = (path: string): string => `${first?.wsUrl}${path}`
  return { clock, stage, records: log.records, at, restUrl: first?.restUrl ?? '' }
}

// biome-ignore lint/suspicious/noExplicitAny: wire messages have any shape, and tests say which
type Json = Record<string, any>

const parsed = (client: TestClient): Json[] => client.texts.map((text) => JSON.parse(text) as Json)
const topicsOf = (client: TestClient): string[] =>
  parsed(client).flatMap(({ topic }) => (topic ? [topic] : []))

async function subscribed(client: TestClient, args: readonly string[], id = '1'): Promise<Json> {
  client.send({ req_id: id, op: 'subscribe', args })
  await client.until((texts) => texts.some((text) => JSON.parse(text).req_id === id))
  return parsed(client).find(({ req_id }) => req_id === id) as Json
}

describe('a house of bybit', () => {
  it('acknowledges a request once, then sends each book whole and goes on from it', async () => {
    const { clock, at } = await play()
    const client = await connect(at('/v5/public/linear'))
    const ack = await subscribed(client, ['orderbook.50.BTCUSDT', 'orderbook.200.BTCUSDT'])
    expect(ack).toMatchObject({ success: true, ret_msg: 'subscribe', op: 'subscribe' })
    clock.advance(3_000)
    await client.until((texts) => texts.length > 30)
    for (const depth of [50, 200]) {
      const books = parsed(client).filter(({ topic }) => topic === `orderbook.${depth}.BTCUSDT`)
      expect(books[0]).toMatchObject({ type: 'snapshot' })
      expect(books[0]?.data.b).toHaveLength(depth)
      for (const [i, { type, data }] of books.entries()) {
        if (i > 0 && type === 'delta') expect(data.u).toBe(books[i - 1]?.data.u + 1)
      }
    }
  })

  it('refuses a whole request for one bad topic, and names it', async () => {
    const { at, clock } = await play()
    const client = await connect(at('/v5/public/linear'))
    const refusal = await subscribed(client, ['publicTrade.BTCUSDT', 'orderbook.500.BTCUSDT'])
    expect(refusal).toMatchObject({
      success: false,
      ret_msg: 'error:handler not found,topic:orderbook.500.BTCUSDT',
    })
    clock.advance(500)
    expect((await subscribed(client, ['publicTrade.BTCUSDT'], '2')).success).toBe(true)
    expect((await subscribed(client, ['publicTrade.BTCUSDT'], '3')).ret_msg).toContain('already subscribed')
    const many = Array.from({ length: 11 }, () => 'publicTrade.ETHUSDT')
    expect((await subscribed(client, many, '4')).ret_msg).toBe('args size >10')
  })

  it('answers pings as each category does, and knows no other path', async () => {
    const { at } = await play()
    const client = await connect(at('/v5/public/linear'))
    client.send({ op: 'ping' })
    await client.until((texts) => texts.length === 1)
    expect(parsed(client)[0]).toMatchObject({ op: 'ping', ret_msg: 'pong', success: true })
    const other = await connect(at('/v5/public/spot'))
    expect(await other.closed).toMatchObject({ code: 1008 })
  })

  it('closes who is silent for ten minutes', async () => {
    const { clock, at } = await play([linear], {
      tradesPerSecond: 0,
      levelsPerDiff: 0,
      liquidationsPerMinute: 0,
    })
    const client = await connect(at('/v5/public/linear'))
    client.send({ op: 'ping' })
    await client.until((texts) => texts.length === 1)
    clock.advance(11 * 60_000)
    expect(await client.closed).toMatchObject({ reason: 'no activity' })
  })

  it('ends a subscription, and begins another one with the book of then', async () => {
    const { clock, at } = await play()
    const client = await connect(at('/v5/public/linear'))
    await subscribed(client, ['orderbook.50.BTCUSDT'])
    clock.advance(500)
    await client.until((texts) => texts.length >= 4)
    client.send({ req_id: '2', op: 'unsubscribe', args: ['orderbook.50.BTCUSDT'] })
    await client.until((texts) => texts.some((text) => text.includes('"unsubscribe"')))
    const before = topicsOf(client).length
    clock.advance(500)
    await subscribed(client, ['orderbook.50.BTCUSDT'], '3')
    await client.until(() => topicsOf(client).length > before)
    const books = parsed(client).filter(({ topic }) => topic !== undefined)
    expect(books[before]).toMatchObject({ type: 'snapshot' })
    expect(books[before]?.data.u).toBeGreaterThan((books[before - 1]?.data.u ?? 0) + 1)
  })

  it('lists its instruments, those before and after trading apart', async () => {
    const { restUrl, records } = await play()
    const ask = async (query: string): Promise<Json> =>
      (await (await fetch(`${restUrl}/v5/market/instruments-info?category=linear${query}`)).json()) as Json
    const answer = await ask('&limit=1000')
    expect(answer).toMatchObject({ retCode: 0, result: { category: 'linear', nextPageCursor: '' } })
    expect(answer.result.list.map(({ symbol }: Json) => symbol)).toEqual(['BTCUSDT', 'ETHUSDT'])
    expect((await ask('&status=Delivering')).result.list).toEqual([])
    expect((await fetch(`${restUrl}/v5/market/instruments-info?category=spot`)).status).toBe(404)
    expect(records.filter(({ table }) => table === 'instruments').map(({ stream }) => stream)).toEqual([
      'instruments-info',
      'instruments-info',
    ])
  })

  it('lists in pages what is more than asked for, by a token that leads to the next', async () => {
    const symbols = ['CUSDT', 'AUSDT', 'DUSDT', 'BUSDT']
    const { restUrl, records } = await play([{ ...linear, symbols }])
    const ask = async (query: string): Promise<Json> =>
      (await (
        await fetch(`${restUrl}/v5/market/instruments-info?category=linear&limit=2${query}`)
      ).json()) as Json
    const pages: string[][] = []
    for (let cursor: string | null = null; cursor !== ''; ) {
      const { result } = await ask(cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`)
      pages.push(result.list.map(({ symbol }: Json) => symbol))
      cursor = result.nextPageCursor as string
    }
    expect(pages).toEqual([['AUSDT', 'BUSDT'], ['CUSDT', 'DUSDT'], []])
    expect(records.map(({ symbol }) => symbol)).toEqual(pages.flat())
    expect(await ask('&cursor=x')).toMatchObject({ retCode: 10001 })
  })

  it('answers with a book of as many levels as are asked for, which counts as its deepest stream does', async () => {
    const { restUrl, records, clock, at } = await play()
    const ask = async (query: string): Promise<Json> =>
      (await (await fetch(`${restUrl}/v5/market/orderbook?category=linear${query}`)).json()) as Json
    clock.advance(1_000)
    const { retCode, result, time } = await ask('&symbol=BTCUSDT&limit=7')
    expect([retCode, result.s, result.b.length, result.a.length]).toEqual([0, 'BTCUSDT', 7, 7])
    expect(Number(result.b[0][0])).toBeLessThan(Number(result.a[0][0]))
    expect([result.ts, result.cts <= result.ts]).toEqual([time, true])
    expect(records.at(-1)).toMatchObject({
      stream: 'orderbook',
      table: 'futures_ob',
      is_answer: true,
      last: result.u,
      engine_ms: result.cts,
      sent_ms: result.ts,
      bids: result.b,
      asks: result.a,
    })
    expect((await ask('&symbol=ETHUSDT')).result.b).toHaveLength(25)
    for (const query of ['&symbol=XUSDT', '&symbol=BTCUSDT&limit=1001', '&symbol=BTCUSDT&limit=0', '']) {
      expect(await ask(query)).toMatchObject({ retCode: 10001, result: {} })
    }
    const client = await connect(at('/v5/public/linear'))
    await subscribed(client, ['orderbook.1000.BTCUSDT'])
    clock.advance(2_000)
    const told = (): Json | undefined => parsed(client).findLast(({ topic }) => topic !== undefined)
    await client.until(() => topicsOf(client).length > 5)
    const { result: deep } = await ask('&symbol=BTCUSDT&limit=1000')
    await client.until(() => told()?.data.u === deep.u)
    expect(deep.u).toBe(told()?.data.u)
  })

  it.each(['spot', 'linear', 'inverse'] as const)(
    'says the same on the wire as to the log (%s)',
    async (market) => {
      const symbol = market === 'inverse' ? 'BTCUSD' : 'BTCUSDT'
      const { clock, at, records } = await play([{ exchange: 'bybit', market, symbols: [symbol] }])
      const client = await connect(at(`/v5/public/${market}`))
      const futures = market === 'spot' ? [] : ['tickers', 'allLiquidation']
      const streams = ['publicTrade', 'orderbook.1', 'orderbook.50', ...futures]
      await subscribed(
        client,
        streams.map((stream) => `${stream}.${symbol}`),
      )
      clock.advance(5_000)
      await client.until(() => streams.every((stream) => topicsOf(client).includes(`${stream}.${symbol}`)))
      client.send({ op: 'ping' })
      await client.until((texts) => texts.some((text) => text.includes('"pong"')))
      const said = records.filter(({ copies }) => copies === 1).map(plainRecord)
      const heard = parsed(client).flatMap((message) => plainMessages(message))
      expect(heard.length).toBeGreaterThan(100)
      expect(said).toEqual(heard)
    },
  )

  it('is the same for the same seed', async () => {
    const [a, b] = [await play(), await play()]
    for (const { clock, at } of [a, b]) {
      const client = await connect(at('/v5/public/linear'))
      await subscribed(client, ['publicTrade.BTCUSDT', 'orderbook.50.BTCUSDT'])
      clock.advance(2_000)
      await client.until((texts) => texts.length > 20)
    }
    expect(a.records.length).toBeGreaterThan(20)
    expect(a.records).toEqual(b.records)
  })
})

/** What both sides must agree on, of an entry of the log. */
function plainRecord({
  stream,
  first,
  last,
  is_snapshot,
  bids,
  asks,
  values,
  engine_ms,
  sent_ms,
}: EmissionRecord) {
  return { stream, first, last, is_snapshot, bids, asks, values: plainValues(values), engine_ms, sent_ms }
}

function plainValues(values: EmissionRecord['values']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter((entry): entry is [string, string] => entry[1] !== null),
  )
}

const none = { first: null, last: null, is_snapshot: false, bids: [], asks: [], engine_ms: null }

/** The same, read from a frame by the documents. */
function plainMessages({ topic, type, ts, cts, data }: Json): Json[] {
  if (topic === undefined) return []
  const stream = String(topic).slice(0, String(topic).lastIndexOf('.'))
  const sent = { sent_ms: ts }
  if (stream === 'publicTrade')
    return data.map((row: Json) => ({ ...none, ...sent, ...tradeOf(row), stream }))
  if (stream === 'allLiquidation')
    return data.map((row: Json) => ({ ...none, ...sent, ...forcedOf(row), stream }))
  if (stream === 'tickers') return tickersOf(data).map((told) => ({ ...none, ...sent, ...told }))
  const book = { ...none, ...sent, stream, engine_ms: cts, last: data.u }
  if (stream === 'orderbook.1') return [{ ...book, values: quoteOf(data) }]
  const isSnapshot = type === 'snapshot'
  return [
    {
      ...book,
      first: isSnapshot ? null : data.u,
      is_snapshot: isSnapshot,
      bids: data.b,
      asks: data.a,
      values: {},
    },
  ]
}

function tradeOf(row: Json): Json {
  return {
    engine_ms: row.T,
    values: {
      trade_id: row.i,
      kind: row.BT ? 'block' : 'trade',
      side: row.S.toLowerCase(),
      price: row.p,
      quantity: row.v,
      ...(row.RPI ? { trade_type: 'RPI' } : {}),
    },
  }
}

function forcedOf(row: Json): Json {
  const position = row.S === 'Buy' ? 'long' : 'short'
  return {
    engine_ms: row.T,
    values: {
      side: position === 'long' ? 'sell' : 'buy',
      position_side: position,
      price: row.p,
      price_kind: 'bankruptcy',
      quantity: row.v,
      sampled: 'false',
    },
  }
}

function quoteOf({ b, a }: Json): Json {
  return { bid_price: b[0][0], bid_quantity: b[0][1], ask_price: a[0][0], ask_quantity: a[0][1] }
}

function tickersOf(data: Json): Json[] {
  const named: readonly (readonly [string, string, string])[] = [
    ['mark_price', 'markPrice', ''],
    ['index_price', 'indexPrice', ''],
    ['funding_rate', 'fundingRate', ''],
    ['funding_ts', 'nextFundingTime', '000'],
    ['interval_hours', 'fundingIntervalHour', ''],
  ]
  const told = named.filter(([, key]) => (data[key] ?? '') !== '')
  const values = Object.fromEntries(told.map(([name, key, suffix]) => [name, data[key] + suffix]))
  const interest = { open_interest: data.openInterest, open_interest_value: data.openInterestValue }
  const isKnown = Object.fromEntries(Object.entries(interest).filter(([, value]) => value !== undefined))
  return [
    ...(told.length > 0 ? [{ stream: 'tickers', values: { kind: 'current', ...values } }] : []),
    ...(data.openInterest === undefined ? [] : [{ stream: 'tickers/open_interest', values: isKnown }]),
  ]
}
