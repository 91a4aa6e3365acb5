import { afterEach, describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import { faultKinds } from '../faults.ts'
import { connect, type TestClient } from '../testing/client.ts'
import { type Json, millisOf, play, readable, stopAll, subscribe } from './test-house.ts'

afterEach(stopAll)

const isNumber = (text: string): boolean => /^\d+(\.\d+)?$/.test(text)

describe('what is told', () => {
  it.each([
    ['spot', 'BTC-USD', 'spot_delta'],
    ['linear', 'BTC-PERP-INTX', 'futures_delta'],
  ] as const)('on the Advanced socket is what the log says (%s)', async (market, symbol, table) => {
    const { clock, records, wsUrl } = await play(market, [symbol])
    clock.advance(2_000)
    const client = await connect(`${wsUrl}/advanced`)
    for (const channel of ['level2', 'market_trades'])
      await subscribe(client, { channel, product_ids: [symbol] })
    clock.advance(8_000)
    await subscribe(client, { channel: 'heartbeats' })
    const heard = readable(client.texts).flatMap(advancedEvents)
    expect(heard.filter(({ stream }) => stream === 'level2').length).toBeGreaterThan(100)
    expect(heard.filter(({ stream }) => stream === 'market_trades').length).toBeGreaterThan(200)
    expect(records.map(plainRecord)).toEqual(heard)
    expect(new Set(records.map(({ table }) => table))).toEqual(new Set([table, 'ticks']))
    expect(new Set(records.map((record) => record.symbol))).toEqual(new Set([symbol]))
  })

  it('on the Exchange socket is what the log says', async () => {
    const { clock, records, wsUrl } = await play('spot', ['ETH-USD'])
    clock.advance(2_000)
    const client = await connect(`${wsUrl}/exchange`)
    await subscribe(client, { product_ids: ['ETH-USD'], channels: ['matches', 'level2_batch'] })
    clock.advance(20_000)
    await subscribe(client, { product_ids: ['ETH-USD'], channels: ['heartbeat'] })
    const heard = readable(client.texts).flatMap(exchangeEvents)
    expect(heard.filter(({ stream }) => stream === 'level2_batch').length).toBeGreaterThan(300)
    expect(heard.filter(({ stream }) => stream === 'matches').length).toBeGreaterThan(400)
    expect(records.map(plainRecord)).toEqual(heard)
    const timeless = records.filter(({ engine_ms, is_snapshot }) => engine_ms === null && !is_snapshot)
    expect(timeless.length).toBeGreaterThan(0)
  })

  it('has books that stay whole through orphan removals, and both spellings of nothing', async () => {
    const { clock, records, wsUrl } = await play('spot', ['BTC-USD'])
    const client = await connect(wsUrl)
    await subscribe(client, { channel: 'level2', product_ids: ['BTC-USD'] })
    clock.advance(5_000)
    await connect(wsUrl).then(async (other) => {
      await subscribe(other, { channel: 'level2', product_ids: ['BTC-USD'] })
    })
    const books = records.filter(({ stream }) => stream === 'level2')
    const sides = { bids: new Map<string, string>(), asks: new Map<string, string>() }
    let orphans = 0
    const spellings = new Set<string>()
    for (const { is_snapshot, bids, asks } of books.slice(0, -1)) {
      if (is_snapshot) for (const side of Object.values(sides)) side.clear()
      for (const [side, levels] of [
        [sides.bids, bids],
        [sides.asks, asks],
      ] as const) {
        for (const [price, quantity] of levels) {
          if (Number(quantity) > 0) side.set(price, quantity)
          else {
            const isFar = Number(price) > 1.9 * Number(asks[0]?.[0] ?? bids[0]?.[0])
            if (isFar) orphans += 1
            else spellings.add(quantity)
            if (side.delete(price)) expect(isFar).toBe(false)
          }
        }
      }
    }
    expect(orphans).toBeGreaterThan(0)
    expect(spellings).toEqual(new Set(['0', '0.00000']))
    const last = books.at(-1) as EmissionRecord
    expect(last.is_snapshot).toBe(true)
    expect(new Map(last.bids)).toEqual(sides.bids)
    expect(new Map(last.asks)).toEqual(sides.asks)
  })

  it('shows old trades to a new subscriber: news to the first one, repeated and not logged to others', async () => {
    const { clock, records, wsUrl } = await play('spot', ['BTC-USD'])
    clock.advance(1_000)
    const trades = async (): Promise<Json[]> => {
      const client = await connect(wsUrl)
      await subscribe(client, { channel: 'market_trades', product_ids: ['BTC-USD'] })
      await subscribe(client, { channel: 'heartbeats' })
      const [snapshot] = readable(client.texts).filter(({ channel }) => channel === 'market_trades')
      client.socket.close()
      await client.closed
      expect(snapshot?.events).toMatchObject([{ type: 'snapshot' }])
      return snapshot?.events[0].trades
    }
    const first = await trades()
    expect(first.length).toBeGreaterThan(10)
    const logged = records.map(({ values }) => values?.trade_id)
    expect(first.map(({ trade_id }) => trade_id)).toEqual(logged.toReversed())
    clock.advance(2_000)
    expect(await trades()).toEqual(first)
    const told = records.filter(({ copies }) => copies > 0)
    expect(told).toHaveLength(first.length)
    expect(records.length).toBeGreaterThan(told.length)
  })

  it.each([
    ['market_trades', { channel: 'market_trades', product_ids: ['BTC-USD'] }],
    ['matches', { channels: ['matches'], product_ids: ['BTC-USD'] }],
  ] as const)(
    'reaches somebody exactly if the log says so, whatever goes wrong (%s)',
    async (stream, request) => {
      const faults = { everyMessages: 6, kinds: faultKinds, startAfterMessages: 3 }
      const { clock, stage, records, wsUrl } = await play('spot', ['BTC-USD'], { faults })
      const beat = stream === 'matches' ? { ...request, channels: ['heartbeat'] } : { channel: 'heartbeats' }
      const texts: string[] = []
      let client: TestClient | null = null
      for (let i = 0; i < 100; i++) {
        if (client === null) {
          client = await connect(wsUrl)
          await subscribe(client, request)
        }
        clock.advance(250)
        await subscribe(client, beat)
        if (client.socket.readyState === client.socket.OPEN) continue
        texts.push(...client.texts)
        client = null
      }
      texts.push(...(client?.texts ?? []))
      stage.stopEmitting()
      const heard = readable(texts)
        .map(stream === 'matches' ? exchangeEvents : advancedEvents)
        .filter((events) => events.every(({ values }) => isNumber(values.price) && isNumber(values.quantity)))
        .flatMap((events) => events.map(({ values }) => values.trade_id))
      const told = records.filter(({ copies }) => copies > 0).map(({ values }) => values?.trade_id)
      expect(new Set(told).size).toBe(told.length)
      expect([...new Set(heard)].sort()).toEqual([...told].sort())
      const kinds = new Set(records.map(({ fault }) => fault))
      expect([...kinds]).toEqual(
        expect.arrayContaining(['gap', 'duplicate', 'malformed', 'disconnect', 'duplicateAfterReconnect']),
      )
      expect(new Set(heard).size).toBeLessThan(heard.length)
    },
  )
})

/** What both sides must agree on, of an entry of the log. */
function plainRecord(record: EmissionRecord): Json {
  const { stream, first, last, prev, is_snapshot, checksum, bids, asks, engine_ms, sent_ms } = record
  const values = Object.entries(record.values ?? {}).filter(([, value]) => value !== null)
  return {
    ...{ stream, first, last, prev, is_snapshot, checksum, bids, asks, engine_ms, sent_ms },
    values: Object.fromEntries(values),
  }
}

const none = { first: null, last: null, prev: null, is_snapshot: false, checksum: null, bids: [], asks: [] }

const takerOf = (maker: string): string => (maker.toLowerCase() === 'buy' ? 'sell' : 'buy')

/** The events of a frame of the Advanced socket, read by its documents. */
function advancedEvents({ channel, timestamp, events }: Json): Json[] {
  const sent_ms = channel === undefined ? null : millisOf(timestamp)
  if (channel === 'market_trades') {
    const rows = (events as Json[]).flatMap(({ trades }) => trades as Json[])
    return rows.map((row) => tradeOf('market_trades', sent_ms, row)).sort((a, b) => a.first - b.first)
  }
  if (channel !== 'l2_data') return []
  return (events as Json[]).map(({ type, updates }) => {
    const times = (updates as Json[]).map(({ event_time }) => millisOf(event_time) ?? 0)
    const side = (name: string): Json[] =>
      (updates as Json[])
        .filter((level) => level.side === name)
        .map(({ price_level, new_quantity }) => [price_level, new_quantity])
    return {
      ...none,
      stream: 'level2',
      sent_ms,
      engine_ms: Math.max(...times) || null,
      is_snapshot: type === 'snapshot',
      bids: side('bid'),
      asks: side('offer'),
      values: {},
    }
  })
}

/** The event of a message of the Exchange socket. */
function exchangeEvents(message: Json): Json[] {
  const book = { ...none, stream: 'level2_batch', sent_ms: null, engine_ms: null, values: {} }
  switch (message.type) {
    case 'match':
    case 'last_match':
      return [tradeOf('matches', null, message)]
    case 'snapshot':
      return [{ ...book, is_snapshot: true, bids: message.bids, asks: message.asks }]
    case 'l2update': {
      const side = (name: string): Json[] =>
        (message.changes as string[][]).filter(([of]) => of === name).map(([, ...level]) => level)
      return [{ ...book, engine_ms: millisOf(message.time), bids: side('buy'), asks: side('sell') }]
    }
    default:
      return []
  }
}

function tradeOf(stream: string, sent_ms: number | null, row: Json): Json {
  const { price, size: quantity } = row
  return {
    ...none,
    stream,
    sent_ms,
    first: Number(row.trade_id),
    last: Number(row.trade_id),
    engine_ms: millisOf(row.time),
    values: { trade_id: String(row.trade_id), kind: 'trade', side: takerOf(row.side), price, quantity },
  }
}
