import { afterEach, describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import { connect, type TestClient } from '../testing/client.ts'
import {
  ask,
  books,
  caughtUp,
  type Json,
  messages,
  play,
  silent,
  stopPlays,
  trades,
} from './house-support.ts'

afterEach(stopPlays)

const codesOf = (client: TestClient): string[] =>
  messages(client).flatMap(({ type, code }) => (type === undefined ? [] : [`${type} ${code}`]))
describe('a house of upbit', () => {
  it('acknowledges nothing, begins with a SNAPSHOT of every code, and goes on with REALTIME', async () => {
    const { clock, join } = await play()
    const client = await join()
    ask(client, trades('KRW-BTC', 'BTC-ETH'), books('KRW-BTC'))
    await client.until((texts) => texts.length === 3)
    expect(codesOf(client)).toEqual(['trade KRW-BTC', 'trade BTC-ETH', 'orderbook KRW-BTC'])
    expect(messages(client).map(({ stream_type }) => stream_type)).toEqual([
      'SNAPSHOT',
      'SNAPSHOT',
      'SNAPSHOT',
    ])
    clock.advance(2_000)
    await caughtUp(client)
    const later = messages(client).slice(3, -1)
    expect(later.length).toBeGreaterThan(50)
    expect(new Set(later.map(({ stream_type }) => stream_type))).toEqual(new Set(['REALTIME']))
  })

  it('sends everything with the binary opcode', async () => {
    const { clock, join } = await play()
    const client = await join()
    const opcodes = new Set<boolean>()
    client.socket.on('message', (_data, isBinary) => opcodes.add(isBinary))
    client.send('[]')
    ask(client, trades('KRW-BTC'))
    await client.until((texts) => texts.length === 2)
    clock.advance(1_000)
    await caughtUp(client)
    expect([...opcodes]).toEqual([true])
  })

  it('replaces all subscriptions by those of the next request', async () => {
    const { clock, join } = await play()
    const client = await join()
    ask(client, trades('KRW-BTC'), books('KRW-BTC'))
    await client.until((texts) => texts.length === 2)
    ask(client, trades('BTC-ETH'), books('KRW-BTC'))
    await client.until((texts) => texts.length === 4)
    clock.advance(2_000)
    await caughtUp(client)
    const later = messages(client).slice(4)
    expect(later.at(-1)).toMatchObject({ error: { name: 'WRONG_FORMAT' } })
    expect(new Set(later.slice(0, -1).map(({ type, code }) => `${type} ${code}`))).toEqual(
      new Set(['trade BTC-ETH', 'orderbook KRW-BTC']),
    )
  })

  it('refuses by name and keeps what was subscribed', async () => {
    const { clock, join } = await play()
    const client = await join()
    ask(client, trades('KRW-BTC'))
    await client.until((texts) => texts.length === 1)
    client.send([{ ticket: 'x' }, { type: 'trade' }])
    await client.until((texts) => texts.length === 2)
    expect(messages(client)[1]).toMatchObject({ error: { name: 'NO_CODES' } })
    clock.advance(1_000)
    await client.until((texts) => texts.length > 5)
    expect(codesOf(client).at(-1)).toBe('trade KRW-BTC')
  })

  it('is silent about codes that are not listed', async () => {
    const { clock, join } = await play()
    const client = await join()
    ask(client, trades('KRW-NONE', 'krw-btc'), books('KRW-NONE'))
    clock.advance(1_000)
    await caughtUp(client)
    expect(messages(client)).toEqual([{ error: expect.objectContaining({ name: 'WRONG_FORMAT' }) }])
  })

  it('sends only one side of a subscription to who wants only that', async () => {
    const { clock, join } = await play()
    const client = await join()
    ask(
      client,
      { ...trades('KRW-BTC'), is_only_snapshot: true },
      { ...books('KRW-BTC'), isOnlyRealtime: true },
    )
    await client.until((texts) => texts.length === 1)
    clock.advance(2_000)
    await caughtUp(client)
    const told = messages(client).map(({ type, stream_type }) => [type, stream_type].join(' '))
    expect(new Set(told.slice(0, -1))).toEqual(new Set(['trade SNAPSHOT', 'orderbook REALTIME']))
  })

  it('shows as many levels as asked for, and thirty for a number that it does not know', async () => {
    const { join } = await play({}, ['KRW-BTC'])
    const client = await join()
    ask(client, books('KRW-BTC.1', 'KRW-BTC.5', 'KRW-BTC.15', 'KRW-BTC.7'), {
      ...books('KRW-BTC'),
      level: 10,
    })
    await client.until((texts) => texts.length === 4)
    expect(messages(client).map(({ orderbook_units }) => orderbook_units.length)).toEqual([1, 5, 15, 30])
  })

  it('says the same in every format', async () => {
    const { join } = await play(silent)
    const told: Json[] = []
    for (const format of ['DEFAULT', 'SIMPLE', 'JSON_LIST', 'SIMPLE_LIST']) {
      const client = await join()
      client.send([{ ticket: 'x' }, trades('KRW-BTC'), books('KRW-BTC.1'), { format }])
      await client.until((texts) => texts.length === 2)
      told.push(messages(client).map((message) => (format.endsWith('LIST') ? message[0] : message)))
    }
    const [plain, simple, plainList, simpleList] = told as [Json, Json, Json, Json]
    expect(plainList).toEqual(plain)
    expect(simpleList).toEqual(simple)
    expect(Object.values(simple[0])).toEqual(Object.values(plain[0]))
    expect(Object.keys(simple[0]).join()).toBe(
      'ty,cd,tms,td,ttm,ttms,tp,tv,ab,pcp,c,cp,sid,bap,bas,bbp,bbs,st',
    )
    expect(Object.keys(simple[1]).join()).toBe('ty,cd,tms,tas,tbs,obu,st,lv')
    expect(Object.keys(simple[1].obu[0]).join()).toBe('ap,bp,as,bs')
  })

  it('says UP for a PING and again every ten seconds', async () => {
    const { clock, join } = await play(silent)
    const client = await join()
    client.send('PING')
    await client.until((texts) => texts.length === 1)
    clock.advance(35_000)
    await caughtUp(client)
    expect(client.texts.slice(0, -1)).toEqual(Array(4).fill('{"status":"UP"}'))
  })

  it('ends a connection on which nobody says anything for two minutes', async () => {
    const { clock, join } = await play(silent)
    const client = await join()
    clock.advance(119_000)
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    clock.advance(2_000)
    expect(await client.closed).toMatchObject({ reason: 'idle' })
  })

  it('does not call a connection idle that is told something', async () => {
    const { clock, join } = await play({ tradesPerSecond: 1, levelsPerDiff: 0 }, ['KRW-BTC'])
    const client = await join()
    ask(client, trades('KRW-BTC'))
    await client.until((texts) => texts.length === 1)
    for (let i = 0; i < 30; i++) clock.advance(9_000)
    await caughtUp(client)
    expect(client.texts.length).toBeGreaterThan(100)
  })

  it('closes a connection that sends more than five messages in a second', async () => {
    const { clock, join } = await play(silent)
    const client = await join()
    for (let i = 0; i < 5; i++) client.send('PING')
    await client.until((texts) => texts.length === 5)
    clock.advance(1_000)
    for (let i = 0; i < 6; i++) client.send('PING')
    expect(await client.closed).toMatchObject({ code: 1008, reason: 'too many messages' })
  })

  it('knows no other path', async () => {
    const { address } = await play(silent)
    const client = await connect(`${address?.wsUrl}/websocket/v1/private`)
    expect(await client.closed).toMatchObject({ reason: 'no such path' })
  })

  it('cannot trade what the exchange has not', async () => {
    for (const symbol of ['BTC-KRW', 'BTCKRW', 'KRW-', 'BTC-BTC', 'krw-btc']) {
      await expect(play({}, [symbol])).rejects.toThrow('cannot trade this symbol')
    }
    const houses = [{ exchange: 'upbit', market: 'linear', symbols: ['KRW-BTC'] }] as const
    await expect(play({ houses })).rejects.toThrow('cannot trade this symbol')
  })
})

describe('its books by REST', () => {
  it('are those of its messages, of a market or of several, with a budget of their own', async () => {
    const { restUrl, records, clock, stage } = await play(silent)
    const ask = async (query: string) => await fetch(`${restUrl}/v1/orderbook${query}`)
    clock.advance(1_000)
    const [book] = (await (await ask('?markets=KRW-BTC&level=0&count=5')).json()) as Json[]
    expect(Object.keys(book as Json)).toEqual([
      'market',
      'timestamp',
      'total_ask_size',
      'total_bid_size',
      'orderbook_units',
      'level',
    ])
    expect([book?.market, book?.level, book?.orderbook_units.length]).toEqual(['KRW-BTC', 0, 5])
    expect(records).toMatchObject([
      { stream: 'orderbook@rest', table: 'spot_ob', symbol: 'KRW-BTC', sent_ms: book?.timestamp, last: null },
    ])
    const shown = (side: string): number[][] =>
      book?.orderbook_units.map((unit: Json) => [unit[`${side}_price`], unit[`${side}_size`]])
    const logged = (levels: EmissionRecord['bids'] | undefined): number[][] =>
      (levels ?? []).map(([price, quantity]) => [Number(price), Number(quantity)])
    expect([logged(records[0]?.bids), logged(records[0]?.asks)]).toEqual([shown('bid'), shown('ask')])
    const two = (await (await ask('?markets=KRW-BTC,BTC-ETH&count=31')).json()) as Json[]
    expect(two.map(({ market, orderbook_units }) => [market, orderbook_units.length])).toEqual([
      ['KRW-BTC', 30],
      ['BTC-ETH', 30],
    ])
    expect((await ask('?markets=KRW-NONE')).status).toBe(404)
    for (let i = 3; i < 10; i++) await ask('?markets=KRW-BTC')
    expect((await ask('?markets=KRW-BTC')).status).toBe(429)
    expect((await fetch(`${restUrl}/v1/market/all`)).status).toBe(200)
    expect(stage.counters.restThrottled).toBe(1)
  })
})

describe('its list of markets', () => {
  it('is logged byte for byte, and its cautions change', async () => {
    const { clock, restUrl, records } = await play(silent)
    const list = async (query: string): Promise<string> =>
      (await fetch(`${restUrl}/v1/market/all${query}`)).text()
    const first = await list('?is_details=true')
    clock.advance(20_000)
    const second = await list('?is_details=true')
    expect(JSON.parse(first)[0]).toMatchObject({
      market: 'KRW-BTC',
      korean_name: '비트코인',
      market_event: { warning: false, caution: { PRICE_FLUCTUATIONS: expect.any(Boolean) } },
    })
    const logged = records.filter(({ stream }) => stream === 'market/all')
    expect(logged).toHaveLength(6)
    const rawsOf = (rows: readonly EmissionRecord[]): string =>
      `[${rows.map(({ values }) => values?.raw).join(',')}]`
    expect([rawsOf(logged.slice(0, 3)), rawsOf(logged.slice(3))]).toEqual([first, second])
    expect(first).not.toBe(second)
    expect(logged[1]).toMatchObject({
      table: 'instruments',
      symbol: 'BTC-ETH',
      is_answer: true,
      sent_ms: null,
      values: { base: 'ETH', quote: 'BTC', type: 'spot', status: null, tick_size: null },
    })
    expect(Object.keys(JSON.parse(await list(''))[0])).toEqual(['market', 'korean_name', 'english_name'])
  })

  it('is refused to who asks too often, and nothing is logged then', async () => {
    const { restUrl, records, stage } = await play(silent)
    const answers: Response[] = []
    for (let i = 0; i < 21; i++) answers.push(await fetch(`${restUrl}/v1/market/all`))
    expect(answers[0]?.headers.get('remaining-req')).toBe('group=market; min=600; sec=9')
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), ...Array(10).fill(429), 418])
    expect(await answers[20]?.json()).toMatchObject({
      error: { message: expect.stringContaining('10 seconds') },
    })
    expect(records).toHaveLength(30)
    expect(stage.counters).toMatchObject({ restThrottled: 10, restBanned: 1 })
  })

  it('is, beside books, the only thing to be asked for', async () => {
    const { restUrl } = await play(silent)
    const answer = await fetch(`${restUrl}/v1/ticker`)
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { error: { name: 404, message: 'Code not found' } },
    ])
    expect((await fetch(`${restUrl}/v2/market/all`)).status).toBe(404)
  })
})
