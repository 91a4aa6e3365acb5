import { describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import { connect } from '../testing/client.ts'
import type { Json } from '../testing/flows.ts'
import { inverseMarket, spotMarket, startTestSim, type TestSim } from '../testing/sim.ts'

const markets = [
  spotMarket,
  { market: 'linear', symbols: ['BTCUSDT', 'TSLAUSDT', 'BTCUSDT_261225'] },
  inverseMarket,
] as const
const apis = { spot: '/api/v3', linear: '/fapi/v1', inverse: '/dapi/v1' } as const
type Name = keyof typeof apis

/** An answer's body and what it has used of the minute's weight. */
async function ask(sim: TestSim, market: Name, path: string) {
  const answer = await fetch(`${sim.urls[market].restUrl}${apis[market]}/${path}`)
  const used = Number(answer.headers.get('x-mbx-used-weight-1m'))
  return { status: answer.status, used, body: (await answer.json()) as Json, headers: answer.headers }
}

/** Log entries are written when an answer has ended, a moment after the client has it. */
async function recordsOf(sim: TestSim, count: number): Promise<readonly EmissionRecord[]> {
  await expect.poll(() => sim.records.length).toBe(count)
  return sim.records
}

/** At the beginning of a minute of the clock. */
async function freshMinute(settings: Parameters<typeof startTestSim>[0] = {}): Promise<TestSim> {
  const sim = await startTestSim({ markets, ...settings })
  sim.clock.advance(60_000 - ((sim.clock.nowUs() / 1000) % 60_000))
  return sim
}

describe('books of futures', () => {
  it('take the documented limits only, weigh as documented and carry their times', async () => {
    const sim = await freshMinute()
    let used = 0
    for (const [limit, weight] of [
      [5, 2],
      [10, 2],
      [20, 2],
      [50, 2],
      [100, 5],
      [500, 10],
      [1000, 20],
    ] as const) {
      const answer = await ask(sim, 'linear', `depth?symbol=BTCUSDT&limit=${limit}`)
      used += weight
      expect([answer.status, answer.used]).toEqual([200, used])
      expect(answer.body.bids.length).toBeLessThanOrEqual(limit)
      expect(Object.keys(answer.body)).toEqual(['lastUpdateId', 'E', 'T', 'bids', 'asks'])
      expect(answer.body.T).toBeLessThanOrEqual(answer.body.E)
    }
    const refused = await ask(sim, 'linear', 'depth?symbol=BTCUSDT&limit=7')
    expect([refused.status, refused.body.code]).toEqual([400, -4021])
    const { body } = await ask(sim, 'inverse', 'depth?symbol=BTCUSD_PERP')
    expect(Object.keys(body)).toEqual(['lastUpdateId', 'E', 'T', 'symbol', 'pair', 'bids', 'asks'])
    expect(body).toMatchObject({ symbol: 'BTCUSD_PERP', pair: 'BTCUSD' })
    expect(body.bids.length).toBeGreaterThan(200)
    const last = (await recordsOf(sim, 8)).at(-1)!
    expect(last).toMatchObject({ market: 'inverse', stream: 'snapshot', table: 'futures_delta', first: null })
    expect(last).toMatchObject({
      last: body.lastUpdateId,
      sent_ms: body.E,
      engine_ms: body.T,
      bids: body.bids,
    })
  })

  it.each(['linear', 'inverse'] as const)(
    'of %s join their stream inside a diff, or as the predecessor of one, and rebuild the book',
    async (market) => {
      const symbol = market === 'linear' ? 'BTCUSDT' : 'BTCUSD_PERP'
      const sim = await startTestSim({ markets, levelsPerDiff: 3 })
      const route = market === 'linear' ? '/public' : ''
      const client = await connect(`${sim.urls[market].wsUrl}${route}/ws/${symbol.toLowerCase()}@depth@100ms`)
      sim.clock.advance(1_030)
      const early = (await ask(sim, market, `depth?symbol=${symbol}&limit=1000`)).body
      sim.clock.advance(4_020)
      const late = (await ask(sim, market, `depth?symbol=${symbol}&limit=1000`)).body
      sim.clock.advance(500)
      await client.ask('LIST_SUBSCRIPTIONS')
      const diffs = client.texts.map((text) => JSON.parse(text) as Json).filter(({ e }) => e !== undefined)
      const joint = diffs.find(({ u }) => u >= early.lastUpdateId) as Json
      expect(joint.U).toBeLessThanOrEqual(early.lastUpdateId)
      expect(diffs.some(({ pu, U }) => pu === late.lastUpdateId && U > pu + 1)).toBe(true)
      const sides = { b: new Map(early.bids), a: new Map(early.asks) }
      for (const diff of diffs.filter(({ u }) => u >= early.lastUpdateId && u <= late.lastUpdateId)) {
        for (const side of ['b', 'a'] as const) {
          for (const [price, quantity] of diff[side]) {
            if (Number(quantity) === 0) sides[side].delete(price)
            else sides[side].set(price, quantity)
          }
        }
      }
      const theirs = { b: new Map(late.bids), a: new Map(late.asks) }
      expect([...sides.b].sort()).toEqual([...theirs.b].sort())
      expect([...sides.a].sort()).toEqual([...theirs.a].sort())
    },
  )
})

describe('the weight of futures', () => {
  it('is one for both hosts, and spot has its own', async () => {
    const sim = await freshMinute()
    expect((await ask(sim, 'linear', 'depth?symbol=BTCUSDT&limit=1000')).used).toBe(20)
    expect((await ask(sim, 'inverse', 'ping')).used).toBe(21)
    expect((await ask(sim, 'spot', 'ping')).used).toBe(1)
    expect((await ask(sim, 'linear', 'exchangeInfo')).used).toBe(22)
    expect((await ask(sim, 'linear', 'premiumIndex?symbol=BTCUSDT')).used).toBe(23)
    expect((await ask(sim, 'linear', 'premiumIndex')).used).toBe(33)
    expect((await ask(sim, 'inverse', 'premiumIndex?symbol=BTCUSD_PERP')).used).toBe(43)
    expect((await ask(sim, 'inverse', 'openInterest?symbol=BTCUSD_PERP')).used).toBe(44)
    expect((await ask(sim, 'linear', 'fundingInfo')).used).toBe(44)
    expect((await ask(sim, 'linear', 'trades?symbol=BTCUSDT')).used).toBe(49)
    expect((await ask(sim, 'linear', 'aggTrades?symbol=BTCUSDT')).used).toBe(69)
    expect((await ask(sim, 'spot', 'aggTrades?symbol=BTCUSDT')).used).toBe(5)
    expect((await ask(sim, 'spot', 'trades?symbol=BTCUSDT')).used).toBe(30)
    for (const market of ['linear', 'inverse'] as const) {
      const { rateLimits } = (await ask(sim, market, 'exchangeInfo')).body
      expect(rateLimits).toContainEqual(
        expect.objectContaining({ rateLimitType: 'REQUEST_WEIGHT', limit: 2400 }),
      )
    }
  })

  it('is refused with 429 until the minute ends, then with bans that grow, on both hosts', async () => {
    const limits = { futures: { restWeightPerMinute: 40, refusalsBeforeBan: 2 } }
    const sim = await freshMinute({ limits })
    const heavy = 'depth?symbol=BTCUSDT&limit=1000'
    for (let i = 0; i < 2; i++) expect((await ask(sim, 'linear', heavy)).status).toBe(200)
    const first = await ask(sim, 'linear', heavy)
    expect([first.status, first.headers.get('retry-after'), first.body.code]).toEqual([429, '60', -1003])
    expect((await ask(sim, 'inverse', 'ping')).status).toBe(429)
    const banned = await ask(sim, 'linear', 'ping')
    expect([banned.status, banned.headers.get('retry-after')]).toEqual([418, '120'])
    expect(banned.body.msg).toContain(`IP banned until ${sim.clock.nowUs() / 1000 + 120_000}`)
    expect((await ask(sim, 'spot', 'ping')).status).toBe(200)
    sim.clock.advance(119_999)
    expect((await ask(sim, 'inverse', 'ping')).headers.get('retry-after')).toBe('1')
    sim.clock.advance(1)
    for (let i = 0; i < 2; i++) expect((await ask(sim, 'linear', heavy)).status).toBe(200)
    for (let i = 0; i < 2; i++) expect((await ask(sim, 'linear', heavy)).status).toBe(429)
    const again = await ask(sim, 'linear', heavy)
    expect([again.status, again.headers.get('retry-after')]).toEqual([418, '240'])
    expect([sim.counters.restThrottled, sim.counters.restBanned]).toEqual([4, 3])
  })

  it('of funding intervals is a number of requests of its own', async () => {
    const sim = await freshMinute({ limits: { futures: { fundingRequestsPerFiveMinutes: 2 } } })
    sim.clock.advance(300_000)
    const statuses = []
    for (const market of ['linear', 'inverse', 'linear'] as const)
      statuses.push((await ask(sim, market, 'fundingInfo')).status)
    expect(statuses).toEqual([200, 200, 429])
    sim.clock.advance(300_000)
    expect((await ask(sim, 'linear', 'fundingInfo')).status).toBe(200)
  })
})

describe('what is polled', () => {
  it('is logged answer by answer with the values of the wire: marks', async () => {
    const sim = await freshMinute()
    const all = (await ask(sim, 'linear', 'premiumIndex')).body as unknown as Json[]
    const one = (await ask(sim, 'linear', 'premiumIndex?symbol=BTCUSDT')).body
    const inverse = (await ask(sim, 'inverse', 'premiumIndex?symbol=BTCUSD_261225')).body as unknown as Json[]
    expect(one).toEqual(all[0])
    expect(inverse).toHaveLength(1)
    expect(inverse[0]).toMatchObject({
      pair: 'BTCUSD',
      lastFundingRate: '',
      interestRate: '',
      nextFundingTime: 0,
    })
    const records = await recordsOf(sim, 5)
    expect(records.map(({ symbol }) => symbol)).toEqual([
      'BTCUSDT',
      'TSLAUSDT',
      'BTCUSDT_261225',
      'BTCUSDT',
      'BTCUSD_261225',
    ])
    expect(records[0]).toMatchObject({
      stream: 'premiumIndex',
      table: 'funding',
      first: null,
      last: null,
      sent_ms: null,
      engine_ms: one.time,
      copies: 1,
      values: {
        mark_price: one.markPrice,
        index_price: one.indexPrice,
        estimated_settle_price: one.estimatedSettlePrice,
        funding_rate: one.lastFundingRate,
        funding_ts: `${one.nextFundingTime}000`,
        interval_hours: null,
        kind: 'current',
      },
    })
    expect(records[4]!.values).toMatchObject({ funding_rate: null, funding_ts: null })
  })

  it('is logged answer by answer with the values of the wire: open interest', async () => {
    const sim = await freshMinute()
    const linear = (await ask(sim, 'linear', 'openInterest?symbol=BTCUSDT')).body
    expect(Object.keys(linear)).toEqual(['openInterest', 'symbol', 'time'])
    sim.clock.advance(5_000)
    const inverse = (await ask(sim, 'inverse', 'openInterest?symbol=BTCUSD_PERP')).body
    expect(inverse).toMatchObject({
      pair: 'BTCUSD',
      contractType: 'PERPETUAL',
      openInterest: expect.stringMatching(/^\d+$/),
    })
    const records = await recordsOf(sim, 2)
    for (const [index, body] of [linear, inverse].entries()) {
      const values = { open_interest: body.openInterest }
      const said = {
        symbol: body.symbol,
        stream: 'openInterest',
        table: 'open_interest',
        engine_ms: body.time,
        values,
      }
      expect(records[index]).toMatchObject(said)
    }
  })

  it('is logged answer by answer with the values of the wire: funding intervals that are not 8 h', async () => {
    const symbols = [
      'BTCUSDT',
      'ETHUSDT',
      'SOLUSDT',
      'XRPUSDT',
      'ADAUSDT',
      'BTCUSDT_261225',
      'ETHUSDT_261225',
    ]
    const sim = await freshMinute({ markets: [{ market: 'linear', symbols }] })
    const unusual = (await ask(sim, 'linear', 'fundingInfo')).body as unknown as Json[]
    expect(unusual.length).toBeGreaterThan(0)
    expect(unusual.length).toBeLessThan(5)
    const records = await recordsOf(sim, unusual.length)
    records.forEach((record, index) => {
      expect(record).toMatchObject({
        symbol: unusual[index]!.symbol,
        stream: 'fundingInfo',
        sent_ms: null,
        engine_ms: null,
      })
      expect(record.values).toMatchObject({ interval_hours: '4', mark_price: null, kind: 'current' })
    })
    const { fundingIntervalHours: hours } = unusual[0] as Json
    const next = (await ask(sim, 'linear', `premiumIndex?symbol=${unusual[0]!.symbol}`)).body.nextFundingTime
    expect(next % (hours * 3_600_000)).toBe(0)
  })

  it('is refused without a symbol that is traded, and does not exist on spot', async () => {
    const sim = await freshMinute()
    expect((await ask(sim, 'linear', 'openInterest')).body.code).toBe(-1102)
    for (const path of ['openInterest', 'premiumIndex', 'depth', 'trades', 'aggTrades']) {
      const { status, body } = await ask(sim, 'inverse', `${path}?symbol=BTCUSDT`)
      expect([status, body]).toEqual([400, { code: -1121, msg: 'Invalid symbol.' }])
    }
    for (const path of ['openInterest?symbol=BTCUSDT', 'premiumIndex', 'fundingInfo', 'nothing'])
      expect((await ask(sim, 'spot', path)).status).toBe(404)
    expect(sim.records).toEqual([])
  })
})
