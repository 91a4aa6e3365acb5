import { afterEach, describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import type { TestClient } from '../testing/client.ts'
import { ask, books, caughtUp, type Json, messages, play, stopPlays, trades } from './house-support.ts'

afterEach(stopPlays)

describe('what it tells', () => {
  it('is the same on the wire and in the log', async () => {
    const { clock, join, records } = await play()
    const client = await join()
    const codes = ['KRW-BTC', 'BTC-ETH', 'USDT-XRP']
    ask(client, trades(...codes), books(...codes))
    await client.until((texts) => texts.length === 6)
    for (let i = 0; i < 8; i++) {
      clock.advance(5_000)
      await caughtUp(client)
      clock.advance(1_000)
    }
    await caughtUp(client)
    const heard = messages(client).flatMap((message) =>
      message.type === undefined ? [] : [plainMessage(message)],
    )
    expect(heard.length).toBeGreaterThan(3_000)
    expect(records.map(plainRecord)).toEqual(heard)
    expect(new Set(records.map(({ stream, table }) => `${stream} ${table}`))).toEqual(
      new Set(['trade ticks', 'orderbook spot_ob']),
    )
    expect(records.every(({ copies, fault }) => copies === 1 && fault === null)).toBe(true)
    expect(
      records.every(({ engine_ms, sent_ms }) => engine_ms === null || engine_ms <= Number(sent_ms)),
    ).toBe(true)
    const wire = client.texts.join('\n')
    expect(wire).toMatch(/"ask_price":0(?:\.0)?,/)
    expect(wire).toMatch(/"bid_price":0(?:\.0)?,/)
    expect(wire).toMatch(/"trade_price":\d{8}\.00000000,/)
    expect(wire).toMatch(/"ask_price":\d\.\d+E7,/)
    expect(wire).toMatch(/"(?:ask|bid)_size":\d\.\d+E-\d,/)
    const ids = records.flatMap(({ stream, values }) =>
      stream === 'trade' ? [values?.trade_id as string] : [],
    )
    expect(ids.every((id) => /^\d{17}$/.test(id))).toBe(true)
    expect(new Set(ids).size).toBeGreaterThan(ids.length / 3)
  })

  it('numbers the trades of a symbol uniquely, and not always in their order', async () => {
    const { clock, join, records } = await play({ tradesPerSecond: 200 }, ['KRW-BTC'])
    const client = await join()
    ask(client, { ...trades('KRW-BTC'), is_only_realtime: true })
    await caughtUp(client)
    clock.advance(5_000)
    await caughtUp(client)
    const ids = records.map(({ values }) => BigInt(values?.trade_id ?? 0))
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.some((id, i) => i > 0 && id < (ids[i - 1] as bigint))).toBe(true)
  })

  it('has no book twice in a row, however few levels are shown', async () => {
    const { clock, join } = await play({}, ['KRW-BTC'])
    const client = await join()
    ask(client, { ...books('KRW-BTC.1'), is_only_realtime: true })
    await caughtUp(client)
    clock.advance(20_000)
    await caughtUp(client)
    const told = messages(client).flatMap(({ orderbook_units }) => (orderbook_units ? [orderbook_units] : []))
    const shown = told.map((units: readonly Json[]) =>
      units.map((unit) => Object.values(unit).map(Number).join(' ')).join(),
    )
    expect(shown.length).toBeGreaterThan(20)
    expect(shown.length).toBeLessThan(200)
    expect(shown.every((units, i) => units !== shown[i - 1])).toBe(true)
  })

  it('has books that are never crossed, the best level first', async () => {
    const { clock, join, records } = await play({}, ['BTC-ETH'])
    const client = await join()
    ask(client, books('BTC-ETH'))
    await client.until((texts) => texts.length === 1)
    clock.advance(20_000)
    await caughtUp(client)
    expect(records.length).toBeGreaterThan(100)
    for (const { bids, asks } of records) {
      const [bidPrices, askPrices] = [bids, asks].map((side) => side.map(([price]) => Number(price)))
      expect(bidPrices).toEqual(bidPrices?.toSorted((a, b) => b - a))
      expect(askPrices).toEqual(askPrices?.toSorted((a, b) => a - b))
      expect((bidPrices?.[0] ?? 0) < (askPrices?.[0] ?? Number.POSITIVE_INFINITY)).toBe(true)
    }
  })

  it('is the same for the same seed, whoever listens', async () => {
    const runs = await Promise.all([play(), play()])
    for (const [i, { clock, join }] of runs.entries()) {
      const client = await join()
      ask(client, trades('KRW-BTC'), books('KRW-BTC'))
      await client.until((texts) => texts.length === 2)
      if (i === 1) client.socket.terminate()
      clock.advance(2_000)
    }
    const [a, b] = runs.map(({ records }) =>
      records.map((record) => ({ ...record, copies: 0, fault: 0, connection: 0 })),
    )
    expect(a?.length).toBeGreaterThan(20)
    expect(a).toEqual(b)
  })
})

describe('the trade that a subscription begins with', () => {
  const known = async (client: TestClient): Promise<Json> => {
    ask(client, trades('KRW-BTC'))
    const count = client.texts.length
    await client.until((texts) => texts.length > count)
    return messages(client)[count] as Json
  }

  it('is logged when nobody had been told it', async () => {
    const { clock, join, records } = await play({}, ['KRW-BTC'])
    clock.advance(3_000)
    const first = await known(await join())
    expect(records.map(plainRecord)).toEqual([plainMessage(first)])
  })

  it('is a newer one, and logged, when trades happened that nobody was told', async () => {
    const { clock, join, records } = await play({}, ['KRW-BTC'])
    const seen: Json[] = []
    for (let i = 0; i < 2; i++) {
      const client = await join()
      ask(client, { ...trades('KRW-BTC'), is_only_snapshot: true })
      await client.until((texts) => texts.length === 1)
      seen.push(messages(client)[0] as Json)
      clock.advance(3_000)
    }
    expect(seen[0]?.sequential_id).not.toBe(seen[1]?.sequential_id)
    expect(records.map(plainRecord)).toEqual(seen.map(plainMessage))
  })

  it('is the last one again for who comes later, and no new line of the log', async () => {
    const { clock, join, records } = await play({}, ['KRW-BTC'])
    const client = await join()
    await known(client)
    clock.advance(2_000)
    await caughtUp(client)
    const last = messages(client).at(-2) as Json
    const lines = records.length
    expect(await known(await join())).toEqual({ ...last, stream_type: 'SNAPSHOT' })
    expect(records).toHaveLength(lines)
  })

  it('is never one that the log calls undelivered', async () => {
    const faults = { everyMessages: 3, kinds: ['malformed', 'disconnect'], startAfterMessages: 0 } as const
    const { clock, join, records } = await play({ faults }, ['KRW-BTC'])
    let repeats = 0
    for (let i = 0; i < 60; i++) {
      const client = await join()
      const { sequential_id: id } = await known(client)
      const line = records.find(({ values }) => values?.trade_id === id)
      expect(line?.copies).toBe(1)
      if (line !== records.at(-1)) repeats += 1
      clock.advance(300)
      client.socket.terminate()
      clock.advance(i % 3 === 0 ? 400 : 0)
    }
    expect(records.some(({ fault }) => fault === 'malformed')).toBe(true)
    expect(repeats).toBeGreaterThan(5)
  })
})

/** What both sides must agree on, of a line of the log. */
function plainRecord({
  exchange,
  market,
  symbol,
  stream,
  sent_ms,
  engine_ms,
  bids,
  asks,
  values,
}: EmissionRecord) {
  const { trade_id, kind, side, price, quantity } = values ?? {}
  return {
    key: `${exchange} ${market} ${symbol} ${stream}`,
    times: [sent_ms, engine_ms],
    levels: [bids, asks],
    trade: values === null ? null : [trade_id, kind, side, price, quantity],
  }
}

/** The same, read from a frame by the documents. */
function plainMessage(message: Json) {
  const isTrade = message.type === 'trade'
  const units: readonly Json[] = message.orderbook_units ?? []
  const levelsOf = (side: string): string[][] =>
    units.map((unit) => [unit[`${side}_price`], unit[`${side}_size`]]).filter(([price]) => Number(price) > 0)
  const side = message.ask_bid === 'BID' ? 'buy' : 'sell'
  return {
    key: `upbit spot ${message.code} ${message.type}`,
    times: [Number(message.timestamp), isTrade ? Number(message.trade_timestamp) : null],
    levels: [levelsOf('bid'), levelsOf('ask')],
    trade: isTrade ? [message.sequential_id, 'trade', side, message.trade_price, message.trade_volume] : null,
  }
}
