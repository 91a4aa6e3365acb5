import { describe, expect, it } from 'vitest'
import type { Json } from '../testing/flows.ts'
import { inverseMarket, linearMarket, spotMarket, startTestSim, type TestSim } from '../testing/sim.ts'

const linear = { market: 'linear', symbols: ['BTCUSDT', 'TSLAUSDT', 'BTCUSDT_261225'] } as const
const apis = { spot: '/api/v3', linear: '/fapi/v1', inverse: '/dapi/v1' } as const

async function symbolsOf(
  sim: TestSim,
  market: keyof typeof apis,
  query = '',
): Promise<[body: string, symbols: Json[]]> {
  const answer = await fetch(`${sim.urls[market].restUrl}${apis[market]}/exchangeInfo${query}`)
  const body = await answer.text()
  return [body, (JSON.parse(body) as { symbols: Json[] }).symbols]
}

const statusOf = (symbol: Json): string => symbol.status ?? symbol.contractStatus

describe('an instrument list', () => {
  it('is logged with the values and the very objects of the wire', async () => {
    const sim = await startTestSim({ markets: [spotMarket, linear, inverseMarket] })
    const bodies = new Map<string, string>()
    for (const market of ['spot', 'linear', 'inverse'] as const)
      bodies.set(market, (await symbolsOf(sim, market))[0])
    await expect.poll(() => sim.records.length).toBe(7)
    for (const { market, values, ...record } of sim.records) {
      expect(record).toMatchObject({
        stream: 'exchangeInfo',
        table: 'instruments',
        first: null,
        last: null,
        copies: 1,
      })
      expect(record).toMatchObject({ sent_ms: null, engine_ms: null, bids: [], asks: [] })
      expect(bodies.get(market)).toContain(values!.raw)
      const object = JSON.parse(values!.raw as string) as Json
      const filter = (type: string): Json =>
        object.filters.find(({ filterType }: Json) => filterType === type)
      expect(values).toMatchObject({
        base: object.baseAsset,
        quote: object.quoteAsset,
        settle: object.marginAsset ?? null,
        status: statusOf(object),
        tick_size: filter('PRICE_FILTER').tickSize,
        lot_size: filter('LOT_SIZE').stepSize,
        contract_size: object.contractSize === undefined ? null : String(object.contractSize),
        contract_unit: object.contractSize === undefined ? null : object.quoteAsset,
        listed_ts: object.onboardDate === undefined ? null : `${object.onboardDate}000`,
      })
      const isDated = record.symbol.endsWith('_261225')
      expect(values!.type).toBe(market === 'spot' ? 'spot' : isDated ? 'future' : 'perpetual')
      expect(values!.expiry_ts).toBe(isDated ? `${object.deliveryDate}000` : null)
      if (market !== 'spot' && !isDated) expect(object.deliveryDate).toBe(4_133_404_800_000)
    }
    const types = sim.records.map(({ values }) => (JSON.parse(values!.raw as string) as Json).contractType)
    expect(new Set(types)).toEqual(new Set([undefined, 'PERPETUAL', 'TRADIFI_PERPETUAL', 'CURRENT_QUARTER']))
  })

  it('is logged again only for symbols that changed, whoever asks', async () => {
    const sim = await startTestSim({
      markets: [spotMarket],
      statusEveryMs: 10_000,
      tradesPerSecond: 1,
      levelsPerDiff: 1,
    })
    await symbolsOf(sim, 'spot')
    await expect.poll(() => sim.records.length).toBe(2)
    await symbolsOf(sim, 'spot')
    await symbolsOf(sim, 'spot', '?symbol=BTCUSDT')
    const statuses = new Set<string>()
    let changes = 0
    let before = ['TRADING', 'TRADING']
    for (let step = 0; step < 10; step++) {
      sim.clock.advance(10_000)
      const now = (await symbolsOf(sim, 'spot'))[1].map(statusOf)
      changes += now.filter((status, index) => status !== before[index]).length
      for (const status of now) statuses.add(status)
      before = now
      await expect.poll(() => sim.records.length).toBe(2 + changes)
    }
    expect(changes).toBeGreaterThanOrEqual(8)
    expect([...statuses].sort()).toEqual(['BREAK', 'CANCEL_ONLY', 'END_OF_DAY', 'HALT', 'TRADING'])
  })

  it('says the same of a moment to everybody, and only spot takes a symbol', async () => {
    const settings = { markets: [spotMarket, linearMarket], statusEveryMs: 5_000 }
    const [one, two] = [await startTestSim(settings), await startTestSim(settings)]
    for (const sim of [one, two]) sim.clock.advance(17_000)
    expect((await symbolsOf(one, 'linear'))[0]).toBe((await symbolsOf(two, 'linear'))[0])
    expect((await symbolsOf(one, 'spot', '?symbol=ETHUSDT'))[1]).toHaveLength(1)
    expect((await symbolsOf(one, 'linear', '?symbol=ETHUSDT'))[1]).toHaveLength(2)
  })
})
