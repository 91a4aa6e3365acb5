import { describe, expect, it, vi } from 'vitest'
import { connect } from '../testing/client.ts'
import { spotOf, startTestSim } from '../testing/sim.ts'
import { spotDepthWeight } from './rest-books.ts'

interface Depth {
  readonly lastUpdateId: number
  readonly bids: [string, string][]
  readonly asks: [string, string][]
}

interface Diff {
  readonly e: string
  readonly U: number
  readonly u: number
  readonly b: [string, string][]
  readonly a: [string, string][]
}

async function depthOf(restUrl: string, query: string): Promise<Depth> {
  return (await (await fetch(`${restUrl}/api/v3/depth?${query}`)).json()) as Depth
}

function applyAll(side: Map<string, string>, levels: readonly [string, string][]): void {
  for (const [price, quantity] of levels) {
    if (Number(quantity) === 0) side.delete(price)
    else side.set(price, quantity)
  }
}

describe('a book snapshot', () => {
  it('joins the stream by U <= L+1 <= u, and book plus diffs equal a later snapshot', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const sim = await startTestSim({ seed, ...spotOf('BTCUSDT') })
      const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@depth@100ms`)
      sim.clock.advance(1_000 + seed * 13)
      const early = await depthOf(sim.urls.spot.restUrl, 'symbol=BTCUSDT&limit=5000')
      sim.clock.advance(3_000 + seed * 7)
      const late = await depthOf(sim.urls.spot.restUrl, 'symbol=BTCUSDT&limit=5000')
      sim.clock.advance(200)
      await client.ask('LIST_SUBSCRIPTIONS')
      const diffs: Diff[] = client.texts
        .map((text) => JSON.parse(text))
        .filter((diff) => diff.e !== undefined)
      const kept = diffs.filter((diff) => diff.u > early.lastUpdateId)
      expect(kept[0]!.U).toBeLessThanOrEqual(early.lastUpdateId + 1)
      expect(kept[0]!.u).toBeGreaterThanOrEqual(early.lastUpdateId + 1)
      const ends = kept.filter((diff) => diff.U <= late.lastUpdateId)
      const ours = { bids: new Map(early.bids), asks: new Map(early.asks) }
      for (const diff of ends) {
        applyAll(ours.bids, diff.b)
        applyAll(ours.asks, diff.a)
      }
      const theirs = { bids: new Map(late.bids), asks: new Map(late.asks) }
      applyAll(theirs.bids, ends.at(-1)!.b)
      applyAll(theirs.asks, ends.at(-1)!.a)
      expect([...ours.bids].sort()).toEqual([...theirs.bids].sort())
      expect([...ours.asks].sort()).toEqual([...theirs.asks].sort())
      await sim.stop()
    }
  })

  it('shows the moment of its request, however late it arrives', async () => {
    const sim = await startTestSim({ restDelayMs: 300 })
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@depth@100ms`)
    sim.clock.advance(1_000)
    const asked = depthOf(sim.urls.spot.restUrl, 'symbol=BTCUSDT')
    await vi.waitUntil(() => sim.counters.restAnswered === 1, 5_000)
    sim.clock.advance(5_000)
    const depth = await asked
    await client.ask('LIST_SUBSCRIPTIONS')
    const beforeAnswer = sim.records.filter(
      (record) => record.stream === 'depth@100ms' && record.symbol === 'BTCUSDT',
    )
    expect(beforeAnswer.at(-1)!.last).toBeGreaterThan(depth.lastUpdateId)
    expect(
      beforeAnswer.some(
        ({ first, last }) => first! <= depth.lastUpdateId + 1 && depth.lastUpdateId + 1 <= last!,
      ),
    ).toBe(true)
  })

  it('is capped by its limit, 100 by default, best levels first', async () => {
    const sim = await startTestSim()
    const books = await Promise.all(
      ['', '&limit=5', '&limit=9999'].map((limit) =>
        depthOf(sim.urls.spot.restUrl, `symbol=BTCUSDT${limit}`),
      ),
    )
    expect(books.map((book) => book.bids.length)).toEqual([100, 5, expect.any(Number)])
    expect(books[2]!.bids.length).toBeGreaterThan(300)
    expect(books[0]!.asks.slice(0, 5)).toEqual(books[1]!.asks)
    const prices = books[2]!.asks.map(([price]) => Number(price))
    expect(prices).toEqual([...prices].sort((a, b) => a - b))
    expect(Number(books[2]!.bids[0]![0])).toBeLessThan(prices[0] as number)
  })

  it('is logged whole when it was answered, and with no copies when the client was gone', async () => {
    const sim = await startTestSim({ restDelayMs: 300 })
    const abort = new AbortController()
    const gone = fetch(`${sim.urls.spot.restUrl}/api/v3/depth?symbol=ETHUSDT&limit=10`, {
      signal: abort.signal,
    })
    await vi.waitUntil(() => sim.counters.restAnswered === 1, 5_000)
    abort.abort()
    await expect(gone).rejects.toThrow()
    await vi.waitUntil(() => sim.records.length === 1, 5_000)
    sim.clock.advance(1_000)
    const asked = depthOf(sim.urls.spot.restUrl, 'symbol=BTCUSDT&limit=10')
    await vi.waitUntil(() => sim.counters.restAnswered === 2, 5_000)
    sim.clock.advance(300)
    const depth = await asked
    await sim.stop()
    const logged = sim.records.filter((record) => record.stream === 'snapshot')
    const byCopies = new Map(logged.map((record) => [record.copies, record]))
    expect(logged).toHaveLength(2)
    expect(byCopies.get(0)).toMatchObject({ symbol: 'ETHUSDT', fault: 'outage' })
    expect(byCopies.get(1)).toMatchObject({
      symbol: 'BTCUSDT',
      first: null,
      last: depth.lastUpdateId,
      fault: null,
      engine_ms: null,
      bids: depth.bids,
      asks: depth.asks,
    })
  })
})

describe('a book that is deeper than REST shows', () => {
  it('changes, and loses, levels that no snapshot has ever shown', async () => {
    const limits = { spot: { depthLevels: 60 } }
    const sim = await startTestSim({ ...spotOf('BTCUSDT'), limits, bookLevels: 2_000, levelsPerDiff: 60 })
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@depth@100ms`)
    const book = await depthOf(sim.urls.spot.restUrl, 'symbol=BTCUSDT&limit=5000')
    expect([book.bids.length, book.asks.length]).toEqual([60, 60])
    sim.clock.advance(3_000)
    await client.ask('LIST_SUBSCRIPTIONS')
    const known = new Set(book.bids.map(([price]) => price))
    let unknownDeletes = 0
    for (const text of client.texts) {
      for (const [price, quantity] of (JSON.parse(text) as Partial<Diff>).b ?? []) {
        if (Number(quantity) === 0 && !known.has(price)) unknownDeletes += 1
        known.add(price)
      }
    }
    expect(unknownDeletes).toBeGreaterThan(20)
  })
})

describe('other requests', () => {
  it.each([
    ['/api/v3/depth?symbol=NOSUCH', { code: -1121, msg: 'Invalid symbol.' }],
    ['/api/v3/depth?symbol=__proto__', { code: -1121, msg: 'Invalid symbol.' }],
    ['/api/v3/depth?symbol=btcusdt', { code: -1121, msg: 'Invalid symbol.' }],
    ['/api/v3/depth', { code: -1102 }],
    ['/api/v3/depth?symbol=BTCUSDT&limit=-1', { code: -1100 }],
    ['/api/v3/exchangeInfo?symbol=NOSUCH', { code: -1121 }],
  ])('%s is refused', async (path, body) => {
    const sim = await startTestSim()
    const answer = await fetch(sim.urls.spot.restUrl + path)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject(body)
    expect(sim.records).toEqual([])
  })

  it('describe symbols with filters whose ticks and steps the streams keep to', async () => {
    const sim = await startTestSim()
    const info = (await (await fetch(`${sim.urls.spot.restUrl}/api/v3/exchangeInfo`)).json()) as {
      rateLimits: unknown[]
      symbols: { symbol: string; filters: { filterType: string; tickSize?: string; stepSize?: string }[] }[]
    }
    expect(info.symbols.map(({ symbol }) => symbol)).toEqual(['BTCUSDT', 'ETHUSDT'])
    expect(info.rateLimits).toContainEqual(
      expect.objectContaining({ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', limit: 6000 }),
    )
    const filters = new Map(info.symbols[0]!.filters.map((filter) => [filter.filterType, filter]))
    expect(filters.get('PRICE_FILTER')?.tickSize).toBe('0.01000000')
    expect(filters.get('LOT_SIZE')?.stepSize).toBe('0.00001000')
    const { bids } = await depthOf(sim.urls.spot.restUrl, 'symbol=BTCUSDT&limit=1000')
    for (const [price, quantity] of bids) {
      expect(price).toMatch(/^\d+\.\d\d000000$/)
      expect(quantity).toMatch(/^\d+\.\d{5}000$/)
    }
  })

  it('tell the time of the clock, answer pings, and do not know other paths', async () => {
    const sim = await startTestSim()
    const time = await fetch(`${sim.urls.spot.restUrl}/api/v3/time`)
    expect(await time.json()).toEqual({ serverTime: sim.clock.nowUs() / 1000 })
    expect(await (await fetch(`${sim.urls.spot.restUrl}/api/v3/ping`)).json()).toEqual({})
    expect((await fetch(`${sim.urls.spot.restUrl}/api/v1/depth?symbol=BTCUSDT`)).status).toBe(404)
    expect((await fetch(`${sim.urls.spot.restUrl}/api/v3/ping`, { method: 'POST' })).status).toBe(404)
  })
})

describe('weights', () => {
  it('grow with the limit of a book', () => {
    const weights = [1, 100, 101, 500, 501, 1000, 1001, 5000].map(spotDepthWeight)
    expect(weights).toEqual([5, 5, 25, 25, 50, 50, 250, 250])
  })

  it('are told in a header, and beyond 6000 a minute answered with 429 until the minute ends', async () => {
    const sim = await startTestSim()
    sim.clock.advance(60_000 - ((sim.clock.nowUs() / 1000) % 60_000) + 10_000)
    const ask = (path: string): Promise<Response> => fetch(sim.urls.spot.restUrl + path)
    const used = (answer: Response): number => Number(answer.headers.get('x-mbx-used-weight-1m'))
    expect(used(await ask('/api/v3/ping'))).toBe(1)
    expect(used(await ask('/api/v3/exchangeInfo'))).toBe(21)
    for (let i = 1; i <= 23; i++) {
      const answer = await ask('/api/v3/depth?symbol=BTCUSDT&limit=5000')
      expect([answer.status, used(answer)]).toEqual([200, 21 + i * 250])
      await answer.arrayBuffer()
    }
    const refused = await ask('/api/v3/depth?symbol=BTCUSDT&limit=5000')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('50')
    expect(await refused.json()).toMatchObject({ code: -1003 })
    sim.clock.advance(50_000)
    expect((await ask('/api/v3/depth?symbol=BTCUSDT')).status).toBe(200)
    expect(sim.counters.restThrottled).toBe(1)
  })
})
