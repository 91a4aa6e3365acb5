import { findMarket } from '@cryptoflow/exchanges'
import { paceMs } from '@cryptoflow/ingest'
import type { MarketCollection } from '@cryptoflow/pipeline'
import { describe, expect, it } from 'vitest'
import { assumed, busySymbol } from './plan-assumptions.ts'
import { planBudgets, planMarket, plannedMarket } from './plan-figures.ts'
import { planLoad } from './plan-load.ts'

const symbols = (count: number) => Array.from({ length: count }, (_, i) => `S${i}USDT`)
const spot = (count: number, streams?: string[]) =>
  plannedMarket({
    exchange: 'binance',
    market: 'spot',
    symbols: symbols(count),
    ...(streams === undefined ? {} : { streams }),
  })
const images = { derivedEveryMs: 100, derivedLevels: 20, checkpointEveryMs: 60_000, depthCap: 2000 }

describe('what a market asks of its exchange', () => {
  it('spreads streams over as few connections as the limit allows', () => {
    const plan = planMarket(spot(600, ['ticks', 'spot_delta']))
    expect(plan.routes).toMatchObject([{ route: 'stream', connections: 2, streams: 1200, streamsMax: 1024 }])
    expect(plan.routes[0]?.subscribeFrames).toBeGreaterThan(2)
    expect(plan.routes[0]?.subscribeSeconds).toBeGreaterThan(0)
    expect(plan).toMatchObject({ connections: 2, books: 600, symbols: 600 })
  })

  it('counts a symbol that is named twice once', () => {
    const twice = plannedMarket({ exchange: 'binance', market: 'spot', symbols: ['A', 'A'] })
    expect(planMarket(twice)).toMatchObject({ symbols: 1, books: 1 })
  })

  it('fetches books only where deltas are heard, once for deltas and images', () => {
    expect(planMarket(spot(3, ['ticks'])).books).toBe(0)
    expect(planMarket(spot(3, ['spot_delta', 'spot_ob'])).books).toBe(3)
  })

  it('counts the questions for polled books, which are not fetched otherwise', () => {
    const polled = (depth: number, everyMs: number) => {
      const bookPoll = { everyMs, depth, spreadMaxPercent: 10 }
      return plannedMarket({ exchange: 'binance', market: 'spot', symbols: symbols(4), bookPoll })
    }
    const plan = planMarket(polled(100, 1000))
    expect(plan.books).toBe(0)
    expect(plan.channels).not.toContain('depth@100ms')
    const polls = { stream: 'depth@rest', questions: 4, everyMs: 1000, weightPerMinute: 4 * 60 * 5 }
    expect(plan.polls).toContainEqual(polls)
    expect(planMarket(polled(101, 500)).polls).toContainEqual({
      ...polls,
      everyMs: 500,
      weightPerMinute: 4 * 120 * 25,
    })
    const load = planLoad([polled(100, 1000)], images, 1).tables
    expect(load.find(({ table }) => table === 'spot_ob')?.rowsPerSecond).toBe(4 * 200)
    expect(load.some(({ table }) => table === 'spot_delta')).toBe(false)
  })

  it('counts audits of books with the questions, within a fifth of the budget', () => {
    const audited = (count: number) =>
      planMarket(plannedMarket({ exchange: 'binance', market: 'spot', symbols: symbols(count) }, 900_000))
    const few = { stream: 'audits of books', questions: 30, everyMs: 900_000, weightPerMinute: 500 }
    expect(audited(30).polls).toContainEqual(few)
    const many = { ...few, questions: 576, everyMs: 9_000_000, weightPerMinute: 960 }
    expect(audited(576).polls).toContainEqual(many)
    expect(planMarket(spot(3)).polls.map(({ stream }) => stream)).not.toContain('audits of books')
    // Where books begin in their streams, a connection each: a tenth of 500 in five minutes.
    const begun = (count: number) =>
      planMarket(plannedMarket({ exchange: 'bybit', market: 'spot', symbols: symbols(count) }, 900_000)).polls
    const own = { stream: 'audits of books, a connection each', weightPerMinute: 0 }
    expect(begun(30)).toContainEqual({ ...own, questions: 30, everyMs: 900_000 })
    expect(begun(300)).toContainEqual({ ...own, questions: 300, everyMs: 1_800_000 })
    const kraken = planMarket(
      plannedMarket({ exchange: 'kraken', market: 'spot', symbols: ['BTC/USD'] }, 900_000),
    )
    expect(kraken.polls).toEqual([])
  })

  it('spends at most the share of the budget in every minute until the books are live', () => {
    // 4800 of 6000 a minute, a snapshot is 250: nineteen in a minute.
    const seconds = (count: number) => planBudgets([spot(count, ['spot_delta'])])[0]?.booksLiveSeconds
    expect(seconds(19)).toBe(0)
    expect(seconds(20)).toBe(60)
    expect(seconds(38)).toBe(60)
    expect(seconds(39)).toBe(120)
    expect(seconds(190)).toBe(540)
  })

  it('takes the weight of polls from what is left for books', () => {
    const linear = (everyMs: number, count = 100) =>
      plannedMarket({
        exchange: 'binance',
        market: 'linear',
        symbols: symbols(count),
        streams: ['futures_delta', 'open_interest'],
        pollEveryMs: { openInterest: everyMs },
      })
    expect(planBudgets([linear(60_000)])).toMatchObject([
      { pollWeightPerMinute: 100, startWeight: 2100, pollStretch: 1, booksLiveSeconds: 60 },
    ])
    // The first questions leave 1827 of 1920: 91 snapshots; later minutes leave 1908: 95, one poll after eight books.
    expect(planBudgets([linear(60_000, 91)])[0]?.booksLiveSeconds).toBe(0)
    expect(planBudgets([linear(60_000, 93)])[0]?.booksLiveSeconds).toBe(60)
    expect(planBudgets([linear(60_000, 181)])[0]?.booksLiveSeconds).toBe(60)
    expect(planBudgets([linear(60_000, 182)])[0]?.booksLiveSeconds).toBe(120)
    // More polls than the budget holds are asked less often, and books still go first.
    const crowded = planBudgets([linear(3_000)])[0]
    expect(crowded).toMatchObject({ pollWeightPerMinute: 2000, booksLiveSeconds: 60 })
    expect(crowded?.pollStretch).toBeGreaterThan(1)
  })

  it('fetches nothing where books begin in their streams, however many there are', () => {
    const begun = plannedMarket({
      exchange: 'coinbase',
      market: 'spot',
      symbols: symbols(500),
      streams: ['spot_delta'],
    })
    expect(planMarket(begun)).toMatchObject({ books: 500, bookWeight: null })
    expect(planBudgets([begun])).toMatchObject([{ books: 0, startWeight: 0, booksLiveSeconds: 0 }])
    expect(
      planBudgets([begun, spot(39, ['spot_delta'])]).map(({ booksLiveSeconds }) => booksLiveSeconds),
    ).toEqual([0, 120])
  })

  it('does not count what comes within another stream as a stream', () => {
    const streamsOf = (exchange: string, streams: string[]) =>
      planMarket(plannedMarket({ exchange, market: 'linear', symbols: ['A', 'B'], streams })).routes.map(
        ({ streams: count, streamsMax }) => [count, streamsMax],
      )
    for (const [exchange, outer, inner] of [
      ['bybit', 'tickers', 'tickers/open_interest'],
      ['kraken', 'trade', 'trade/liquidations'],
    ] as const) {
      expect(streamsOf(exchange, [outer])).toEqual([[2, 2]])
      expect(streamsOf(exchange, [outer, inner])).toEqual([[2, 2]])
      expect(streamsOf(exchange, [inner])).toEqual([[2, 2]])
    }
    // Not because the adapter says the same wire name for both.
    const planned = spot(2, ['trade'])
    const { market, specs } = planned
    const inner = specs.map((spec) => ({ ...spec, name: 'inner', within: 'trade' }))
    const wider = { ...market, streams: [...market.streams, ...inner] }
    const plan = planMarket({ ...planned, market: wider, specs: [...specs, ...inner] })
    expect(plan.routes).toMatchObject([{ streams: 2, streamsMax: 2 }])
  })

  it('counts what is said on a connection before it subscribes', () => {
    const [route] = planMarket(
      plannedMarket({ exchange: 'coinbase', market: 'spot', symbols: ['A'], streams: ['level2'] }),
    ).routes
    expect(route).toMatchObject({
      subscribeFrames: 1,
      subscribeSeconds: paceMs(findMarket('coinbase', 'spot')) / 1000,
    })
  })

  it('puts markets that the exchange counts together into one budget', () => {
    const futures = (['linear', 'inverse'] as const).map((market) =>
      plannedMarket({ exchange: 'binance', market, symbols: symbols(2) }),
    )
    expect(planBudgets([...futures, spot(1)]).map(({ pool, books }) => [pool, books])).toEqual([
      ['binance-futures', 4],
      ['binance-spot', 1],
    ])
  })
})

describe('what is expected of a market', () => {
  const rowsOf = (streams: string[] | undefined, activity = 1) =>
    Object.fromEntries(
      planLoad([spot(2, streams)], images, activity).tables.map(({ table, rowsPerSecond }) => [
        table,
        rowsPerSecond,
      ]),
    )

  it('follows from the stated traffic, the speed in the channel’s name and the image settings', () => {
    expect(rowsOf(['ticks'])).toEqual({ ticks: 2 * busySymbol.trades })
    expect(rowsOf(['spot_delta'])).toEqual({ spot_delta: 2 * 10 * busySymbol.levelsPerUpdate })
    expect(rowsOf(['depth'])).toEqual({ spot_delta: 2 * 10 * busySymbol.levelsPerUpdate })
    expect(rowsOf(['spot_ob']).spot_ob).toBeCloseTo(2 * (400 + 4000 / 60))
    expect(rowsOf(['depth5@100ms'])).toEqual({ spot_ob: 2 * 10 * 10 })
  })

  const loadOf = (exchange: string, market: 'spot' | 'linear', streams: string[], depth?: number) => {
    const urls = depth === undefined ? {} : { urls: { bookDepth: depth } }
    return planLoad([plannedMarket({ exchange, market, symbols: ['A'], streams, ...urls })], images, 1)
  }

  it('counts the frames of a stream once, however many tables come within it', () => {
    const both = loadOf('bybit', 'linear', ['funding', 'open_interest'])
    const frames = assumed.funding * busySymbol.frameBytes.quote
    expect(both.journalBytesPerSecond).toBeCloseTo(frames)
    expect(both.tables.map(({ table, rowsPerSecond }) => [table, rowsPerSecond])).toEqual([
      ['funding', assumed.funding],
      ['open_interest', assumed.funding],
    ])
    const inner = loadOf('bybit', 'linear', ['open_interest'])
    expect(inner.journalBytesPerSecond).toBeCloseTo(frames)
    expect(inner.tables.map(({ table }) => table)).toEqual(['open_interest'])
  })

  it('takes open interest as often as it is sent or asked for', () => {
    expect(loadOf('okx', 'linear', ['open-interest']).tables[0]?.rowsPerSecond).toBe(assumed.openInterest)
    expect(loadOf('binance', 'linear', ['openInterest']).tables[0]?.rowsPerSecond).toBeCloseTo(1 / 60)
  })

  it('takes images as large as they are subscribed', () => {
    const of = (depth?: number) => loadOf('upbit', 'spot', ['orderbook'], depth)
    const changes = { table: 'spot_delta', rowsPerSecond: 10 * busySymbol.levelsPerUpdate }
    const all = { table: 'spot_delta', rowsPerSecond: 10 * 2 * 5 }
    expect(of().tables).toMatchObject([{ table: 'spot_ob', rowsPerSecond: 10 * 2 * 30 }, changes])
    expect(of(5).tables).toMatchObject([{ table: 'spot_ob', rowsPerSecond: 10 * 2 * 5 }, all])
    expect(loadOf('upbit', 'spot', ['spot_delta']).tables).toMatchObject([changes])
    expect(loadOf('upbit', 'spot', ['spot_ob']).tables).toMatchObject([{ table: 'spot_ob' }])
    expect(of(5).journalBytesPerSecond * 6).toBeCloseTo(of(30).journalBytesPerSecond)
  })

  it('reads the speed of a stream out of its name, where it says one', () => {
    const rate = (name: string) => loadOf('binance', 'linear', [name]).tables[0]?.rowsPerSecond
    expect(rate('markPrice@1s')).toBe(1)
    expect(rate('markPrice')).toBe(assumed.funding)
  })

  it('has no more image rows than a book has levels', () => {
    const imagesOf = (depth?: number) => loadOf('kraken', 'spot', ['spot_ob'], depth).tables[0]?.rowsPerSecond
    expect(imagesOf()).toBeCloseTo(2 * 10 * 10 + (2 * 10) / 60)
    expect(imagesOf(25)).toBeCloseTo(2 * 20 * 10 + (2 * 25) / 60)
    expect(loadOf('coinbase', 'spot', ['spot_ob']).tables[0]?.rowsPerSecond).toBeCloseTo(400 + 4000 / 60)
  })

  it('is proportional to how busy the symbols are', () => {
    expect(rowsOf(['ticks'], 0.5)).toEqual({ ticks: busySymbol.trades })
  })

  it('names the channels of which nothing is assumed', () => {
    const { notCounted, journalBytesPerSecond } = planLoad([spot(1)], images, 1)
    expect(notCounted).toEqual(['exchangeInfo'])
    const { frameBytes, trades, quotes } = busySymbol
    expect(journalBytesPerSecond).toBeCloseTo(
      trades * frameBytes.trade + quotes * frameBytes.quote + 10 * frameBytes.update,
    )
  })

  it('has two rows of bars for each step, one where none is revised, and none where nothing trades', () => {
    const aggregate = { windows: ['1s', '1m', '5m/1s'] }
    const watermark = { allowedLatenessMs: 5_000, late: 'revision', idleMs: 1_000 } as const
    const barsOf = (operators: MarketCollection['operators'], activity = 1): number | undefined =>
      planLoad(
        [
          plannedMarket({
            exchange: 'binance',
            market: 'spot',
            symbols: symbols(3),
            ...(operators === undefined ? {} : { operators }),
          }),
        ],
        images,
        activity,
      ).tables.find(({ table }) => table === 'bars')?.rowsPerSecond
    expect(barsOf(undefined)).toBeUndefined()
    expect(barsOf({ aggregate, watermark })).toBeCloseTo(3 * 2 * (2 + 1 / 60))
    expect(barsOf({ aggregate, watermark: { ...watermark, late: 'drop' } })).toBeCloseTo(3 * (2 + 1 / 60))
    expect(barsOf({ aggregate, watermark }, 0)).toBeUndefined()
  })
})
