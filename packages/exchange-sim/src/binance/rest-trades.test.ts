import type { Market as MarketName } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { connect } from '../testing/client.ts'
import type { Json } from '../testing/flows.ts'
import { inverseMarket, linearMarket, spotMarket, startTestSim, type TestSim } from '../testing/sim.ts'

type Case = readonly [market: MarketName, api: string, symbol: string, routes: readonly string[]]

const cases: readonly [Case, Case, Case] = [
  ['spot', '/api/v3', 'BTCUSDT', ['']],
  ['linear', '/fapi/v1', 'BTCUSDT', ['/public', '/market']],
  ['inverse', '/dapi/v1', 'BTCUSD_PERP', ['']],
]

/** What a market streamed of one symbol, trades and aggregates, and a way to ask it. */
async function streamed([market, api, symbol, routes]: Case, seconds: number) {
  const limits = { spot: { restWeightPerMinute: 1e9 }, futures: { restWeightPerMinute: 1e9 } }
  const sim: TestSim = await startTestSim({ markets: [spotMarket, linearMarket, inverseMarket], limits })
  const clients = []
  for (const route of routes) {
    const names = `${symbol.toLowerCase()}@trade/${symbol.toLowerCase()}@aggTrade`
    clients.push(await connect(`${sim.urls[market].wsUrl}${route}/ws/${names}`))
  }
  sim.clock.advance(seconds * 1000)
  const messages: Json[] = []
  for (const client of clients) {
    await client.ask('LIST_SUBSCRIPTIONS')
    messages.push(...client.texts.map((text) => JSON.parse(text) as Json))
  }
  return {
    trades: messages.filter(({ e, X = 'MARKET' }) => e === 'trade' && X === 'MARKET'),
    aggregates: messages.filter(({ e }) => e === 'aggTrade'),
    sim,
    ask: async (query: string): Promise<Json[]> => {
      const path = query.replace('?', `?symbol=${symbol}&`)
      return (await (await fetch(`${sim.urls[market].restUrl}${api}/${path}`)).json()) as Json[]
    },
  }
}

describe('lists of trades', () => {
  it.each(cases)('of %s are what was streamed, without what was off the book', async (...given) => {
    const { trades, ask, sim } = await streamed(given, 60)
    const listed = await ask('trades?limit=1000')
    expect(listed.length).toBeGreaterThan(500)
    expect(listed.map(({ id, price, qty, time, isBuyerMaker: m }) => [id, price, qty, time, m])).toEqual(
      trades.slice(-listed.length).map(({ t, p, q, T, m }) => [t, p, q, T, m]),
    )
    expect(await ask('trades?limit=3')).toEqual(listed.slice(-3))
    expect((await ask('trades?')).length).toBe(500)
    const keys = {
      spot: ['quoteQty', 'time', 'isBuyerMaker', 'isBestMatch'],
      linear: ['quoteQty', 'time', 'isBuyerMaker', 'isRPITrade'],
      inverse: ['baseQty', 'time', 'isBuyerMaker'],
    }
    expect(Object.keys(listed[0] as Json).slice(3)).toEqual(keys[given[0]])
    for (const { price, qty, quoteQty, baseQty } of listed) {
      const amount =
        quoteQty === undefined ? (Number(qty) * 100) / Number(price) : Number(price) * Number(qty)
      expect(Number(quoteQty ?? baseQty)).toBeCloseTo(amount, 6)
    }
    expect(sim.records.some(({ stream }) => stream === 'trades')).toBe(false)
  })

  it.each(cases)('of %s aggregates are what was streamed, from an id or a time on', async (...given) => {
    const { aggregates, ask } = await streamed(given, 60)
    const plain = ({ e: _, E: __, s: ___, st: ____, ...rest }: Json): Json => rest
    const listed = await ask('aggTrades?limit=1000')
    const told = aggregates.map(plain)
    expect(listed.length).toBeGreaterThan(300)
    const end = listed.findIndex(({ a }) => a === told.at(-1)!.a) + 1
    expect(listed.slice(0, end)).toEqual(told.slice(-end))
    const from = listed[100] as Json
    expect(await ask(`aggTrades?fromId=${from.a}&limit=5`)).toEqual(listed.slice(100, 105))
    const since = await ask(`aggTrades?startTime=${from.T}&endTime=${from.T + 1_000}`)
    expect(since).toEqual(listed.filter(({ T }) => T >= from.T && T <= from.T + 1_000))
  })

  it('of futures aggregates refuse ids together with times, and more than an hour', async () => {
    const { ask } = await streamed(cases[1], 1)
    expect(await ask('aggTrades?fromId=1&startTime=1')).toMatchObject({ code: -1128 })
    expect(await ask('aggTrades?startTime=1&endTime=3600001')).toMatchObject({ code: -1127 })
    expect(await ask('aggTrades?limit=x')).toMatchObject({ code: -1100 })
  })
})
