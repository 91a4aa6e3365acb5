import { describe, expect, it } from 'vitest'
import { allStreams, flowOptions, flowTo, openAll, parsedOf, plainOf, START_MS } from '../testing/flows.ts'
import { firstDifference } from '../testing/records.ts'
import { readWire } from '../testing/wire-reader.ts'
import { Flow, type FlowMessage } from './flow.ts'

const plain = (messages: readonly FlowMessage[]) => messages.map(plainOf)

/** When a message was told; one with nothing of its own market says it in its text. */
function timeOf({ contents, text }: FlowMessage): number {
  return contents[0]?.at_ms ?? [JSON.parse(text.of(1))].flat()[0].E
}

describe('a flow', () => {
  it('tells the same in the same order however late it is advanced, and otherwise from another seed', () => {
    const messages = plain(flowTo(6_000, 1))
    expect(messages.length).toBeGreaterThan(3_000)
    expect(firstDifference(plain(flowTo(6_000, 6_000)), messages)).toBeNull()
    expect(firstDifference(plain(flowTo(6_000, 375)), messages)).toBeNull()
    expect(firstDifference(plain(flowTo(6_000, 10, { ...flowOptions, seed: 12 })), messages)).not.toBeNull()
  })

  it('tells the same of a stream whenever it was opened and whatever else is open', () => {
    const all = flowTo(6_000)
    for (const [index, [market, name]] of allStreams(flowOptions).entries()) {
      const flow = new Flow(flowOptions)
      const told: FlowMessage[] = []
      const openMs = 500 + ((index * 137) % 500)
      flow.advance(START_MS + openMs, () => expect.unreachable())
      expect(flow.open(market, name)).toBe(true)
      flow.advance(START_MS + 6_000, (message) => told.push(message))
      const reachedMs = START_MS + Math.floor(openMs / 10) * 10
      const fromThen = all.filter(
        (message) => message.market === market && message.streamName === name && timeOf(message) > reachedMs,
      )
      expect(firstDifference(plain(told), plain(fromThen)), name).toBeNull()
      expect(told.length, name).toBeGreaterThan(name.includes('forceOrder') ? -1 : 0)
    }
  })

  it('has every stream of every market, and no other', () => {
    const names = new Set(flowTo(20_000).map(({ market, streamName }) => `${market} ${streamName}`))
    const expected = allStreams(flowOptions).map(([market, name]) => `${market} ${name}`)
    expect([...names].sort()).toEqual(expected.sort())
    const flow = new Flow(flowOptions)
    for (const name of [
      'BTCUSDT@trade',
      'nosuch@trade',
      'btcusdt@kline_1m',
      '!bookTicker',
      'btcusdt@markPrice',
    ])
      expect(flow.open('spot', name)).toBe(false)
  })

  it('gives a symbol the same trades whatever else is listed', () => {
    const alone = { ...flowOptions, markets: [{ market: 'inverse', symbols: ['BTCUSD_261225'] }] as const }
    const name = 'btcusd_261225@trade'
    const trades = parsedOf(flowTo(5_000, 10, alone), 'inverse', name)
    expect(trades.length).toBeGreaterThan(20)
    expect(trades).toEqual(parsedOf(flowTo(5_000), 'inverse', name))
  })

  it('says the same on the wire as to the log', () => {
    for (const message of flowTo(6_000)) {
      const text = `{"stream":${JSON.stringify(message.streamName)},"data":${message.text.of(1)}}`
      const said = message.contents.map((content) => {
        const {
          exchange: _,
          unit: _______,
          at_ms: __,
          is_snapshot: ___,
          checksum: ____,
          depth: _____,
          is_answer: ______,
          ...rest
        } = content
        return rest
      })
      expect(firstDifference(said, readWire(message.market, text))).toBeNull()
    }
  })

  it('is halted, not flooded, after the process stood still, and loses no sequence', () => {
    const flow = openAll(new Flow(flowOptions), flowOptions)
    const messages: FlowMessage[] = []
    const keep = (message: FlowMessage) => messages.push(message)
    flow.advance(START_MS + 2_000, keep)
    const before = messages.length
    const backMs = START_MS + 8 * 3_600_000
    flow.advance(backMs, keep)
    expect(messages.length).toBe(before)
    flow.advance(backMs + 2_000, keep)
    expect(messages.length).toBeGreaterThan(before * 1.5)
    expect(messages.length).toBeLessThan(before * 3)
    const diffs = parsedOf(messages, 'linear', 'btcusdt@depth@100ms')
    diffs.reduce((last, diff) => {
      expect(diff.pu).toBe(last.u)
      return diff
    })
    const trades = parsedOf(messages, 'spot', 'btcusdt@trade')
    trades.reduce((last, trade) => {
      expect(trade.t).toBe(last.t + 1)
      return trade
    })
    expect(trades.at(-1)!.E).toBeGreaterThan(backMs)
  })
})

describe('diffs', () => {
  it('come in every speed, symbols taking turns, at any pace', () => {
    for (const depthEveryMs of [100, 40, 7, 1]) {
      const markets = [{ market: 'linear', symbols: ['BTCUSDT'] }] as const
      const options = { ...flowOptions, markets, depthEveryMs, levelsPerDiff: 30 }
      const messages = flowTo(3_000, 10, options)
      const pace = depthEveryMs / 100
      for (const [name, everyMs] of [
        ['btcusdt@depth@100ms', 100],
        ['btcusdt@depth', 250],
        ['btcusdt@depth@500ms', 500],
      ] as const) {
        const times = parsedOf(messages, 'linear', name).map(({ E }) => E as number)
        const wanted = 3_000 / Math.round(everyMs * pace)
        expect(Math.abs(times.length - wanted), name).toBeLessThanOrEqual(1)
      }
    }
    const messages = flowTo(1_000)
    const due = (name: string): number => parsedOf(messages, 'linear', name)[0]!.E
    expect(due('btcusdt@depth@100ms')).not.toBe(due('ethusdt@depth@100ms'))
  })

  it('of spot symbols follow each other by id, and cover every change at each speed', () => {
    const messages = flowTo(5_000)
    for (const name of ['btcusdt@depth', 'btcusdt@depth@100ms']) {
      parsedOf(messages, 'spot', name).reduce((last, diff) => {
        expect(diff.U).toBe(last.u + 1)
        return diff
      })
    }
  })

  it('of futures symbols name the diff before on the same stream, and skip ids', () => {
    const messages = flowTo(5_000)
    for (const speed of ['depth@0ms', 'depth@100ms', 'depth', 'depth@500ms']) {
      let skips = 0
      parsedOf(messages, 'inverse', `btcusd_perp@${speed}`).reduce((last, diff) => {
        expect(diff.pu).toBe(last.u)
        expect(diff.U).toBeGreaterThan(diff.pu)
        expect(diff.T).toBeLessThanOrEqual(diff.E)
        if (diff.U > diff.pu + 1) skips += 1
        return diff
      })
      expect(skips, speed).toBeGreaterThan(2)
    }
  })
})

describe('books, images and quotes', () => {
  it.each([
    ['spot', 'btcusdt', 'depth@100ms'],
    ['linear', 'ethusdt', 'depth@0ms'],
    ['inverse', 'btcusd_perp', 'depth@0ms'],
  ] as const)(
    'of %s agree: the top of the rebuilt book is the image and the quote at its id',
    (market, symbol, feed) => {
      const pace = market === 'spot' ? { depthEveryMs: 10, levelsPerDiff: 2 } : {}
      const flow = openAll(new Flow({ ...flowOptions, ...pace }), flowOptions)
      const book = flow.listing(market, symbol.toUpperCase())!.book.snapshot(Number.POSITIVE_INFINITY)
      const { priceDigits, quantityDigits } = flow.listing(market, symbol.toUpperCase())!.listed
      const sides = { b: new Map<number, number>(), a: new Map<number, number>() }
      for (const [price, quantity] of book.bids) sides.b.set(price, quantity)
      for (const [price, quantity] of book.asks) sides.a.set(price, quantity)
      const units = (text: string, digits: number) => Math.round(Number(text) * 10 ** digits)
      const tops = new Map<number, unknown>()
      const messages: FlowMessage[] = []
      flow.advance(START_MS + 4_000, (message) => messages.push(message))
      const level = ([price, quantity]: [string, string]): [number, number] => [
        units(price, priceDigits),
        units(quantity, quantityDigits),
      ]
      for (const diff of parsedOf(messages, market, `${symbol}@${feed}`)) {
        for (const side of ['b', 'a'] as const) {
          for (const [price, quantity] of diff[side].map(level)) {
            if (quantity === 0) sides[side].delete(price)
            else sides[side].set(price, quantity)
          }
        }
        const top = (side: Map<number, number>, sign: number) =>
          [...side].sort((x, y) => sign * (x[0] - y[0])).slice(0, 20)
        tops.set(diff.u, { b: top(sides.b, -1), a: top(sides.a, 1) })
      }
      let compared = 0
      for (const levels of [5, 10, 20]) {
        for (const image of parsedOf(messages, market, `${symbol}@depth${levels}@100ms`)) {
          const top = tops.get(image.lastUpdateId ?? image.u) as { b: unknown[]; a: unknown[] }
          const [bids, asks] = [image.bids ?? image.b, image.asks ?? image.a]
          expect(bids.map(level)).toEqual(top.b.slice(0, levels))
          expect(asks.map(level)).toEqual(top.a.slice(0, levels))
          compared += 1
        }
      }
      const quotes = parsedOf(messages, market, `${symbol}@bookTicker`)
      expect(quotes.length).toBeGreaterThan(10)
      let shown = 0
      for (const [u, top] of tops as Map<number, { b: unknown[]; a: unknown[] }>) {
        while (quotes[shown + 1] !== undefined && quotes[shown + 1]!.u <= u) shown += 1
        const quote = quotes[shown]!
        if (quote.u > u) continue
        expect([level([quote.b, quote.B]), level([quote.a, quote.A])]).toEqual([top.b[0], top.a[0]])
      }
      expect(compared).toBeGreaterThan(100)
    },
  )

  it('have growing ids on every stream', () => {
    const messages = flowTo(6_000)
    for (const [market, name] of [
      ['spot', 'btcusdt@bookTicker'],
      ['spot', 'btcusdt@depth5'],
      ['linear', 'ethusdt@bookTicker'],
      ['linear', 'ethusdt@depth20@500ms'],
    ] as const) {
      const ids = parsedOf(messages, market, name).map((message) => message.lastUpdateId ?? message.u)
      expect(ids.length).toBeGreaterThan(4)
      expect(ids.every((id, index) => index === 0 || id > ids[index - 1])).toBe(true)
    }
  })
})

describe('aggregates', () => {
  it.each([
    ['spot', 'btcusdt'],
    ['linear', 'btcusdt'],
    ['inverse', 'btcusd_perp'],
  ] as const)('of %s hold the trades of the market, each once, with one price and side', (market, symbol) => {
    const messages = flowTo(20_000, 10, { ...flowOptions, tradesPerSecond: 60 })
    const trades = new Map(parsedOf(messages, market, `${symbol}@trade`).map((trade) => [trade.t, trade]))
    const aggregates = parsedOf(messages, market, `${symbol}@aggTrade`)
    const covered = new Set<number>()
    aggregates.forEach((aggregate, index) => {
      if (index > 0) expect(aggregate.a).toBe(aggregates[index - 1]!.a + 1)
      let quantity = 0
      for (let id = aggregate.f; id <= aggregate.l; id++) {
        const trade = trades.get(id)!
        expect([trade.p, trade.m, trade.X ?? 'MARKET']).toEqual([aggregate.p, aggregate.m, 'MARKET'])
        quantity += Number(trade.q)
        covered.add(id)
      }
      expect(quantity).toBeCloseTo(Number(aggregate.q), 6)
      expect(aggregate.T).toBe(trades.get(aggregate.l)!.T)
    })
    const last = aggregates.at(-1)!.l
    const ofMarket = [...trades.values()].filter(({ t, X = 'MARKET' }) => t <= last && X === 'MARKET')
    expect(covered.size).toBe(ofMarket.length)
    expect(aggregates.length).toBeLessThan(ofMarket.length)
    const words = new Set([...trades.values()].map(({ X = null }) => X))
    if (market === 'spot') expect([...words]).toEqual([null])
    else expect([...words].sort()).toEqual(['ADL', 'INSURANCE_FUND', 'MARKET', 'NA'])
  })

  it('of futures come every 100 ms, of spot with their trades', () => {
    const messages = flowTo(5_000)
    const times = parsedOf(messages, 'linear', 'btcusdt@aggTrade').map(({ E }) => E % 100)
    expect(new Set(times).size).toBe(1)
    for (const { E, T } of parsedOf(messages, 'spot', 'btcusdt@aggTrade'))
      expect(E - T).toBeLessThanOrEqual(11)
  })
})
