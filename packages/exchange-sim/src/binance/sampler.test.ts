import { describe, expect, it } from 'vitest'
import { flowOptions, flowTo, type Json, openAll, parsedOf, START_MS } from '../testing/flows.ts'
import { Flow, type FlowMessage } from './flow.ts'

const futures = ['linear', 'inverse'] as const

describe('mark prices', () => {
  it('come every second and every three, in arrays as well, with other underlyings in a second message', () => {
    const messages = flowTo(9_000)
    expect(parsedOf(messages, 'linear', 'btcusdt@markPrice@1s')).toHaveLength(9)
    expect(parsedOf(messages, 'linear', 'btcusdt@markPrice')).toHaveLength(3)
    for (const market of futures) {
      const arrays = parsedOf(messages, market, '!markPrice@arr@1s') as unknown as Json[][]
      expect(arrays).toHaveLength(18)
      expect(parsedOf(messages, market, '!markPrice@arr')).toHaveLength(6)
      const names = arrays.slice(0, 2).map((array) => array.map(({ s, st }) => `${s} ${st}`))
      expect(names).toEqual([
        ['BTCUSDT 1', 'ETHUSDT 1', 'BTCUSDT_261225 1', 'BTCUSD_PERP 2', 'BTCUSD_261225 2'],
        ['TSLAUSDT 1'],
      ])
    }
    const [first] = parsedOf(messages, 'linear', '!markPrice@arr@1s')
    expect((first as unknown as object[])[0]).toEqual(parsedOf(messages, 'linear', 'btcusdt@markPrice@1s')[0])
  })

  it('have a rate and a time, which contracts that are delivered have not', () => {
    const messages = flowTo(4_000)
    for (const { r, T, E } of parsedOf(messages, 'linear', 'btcusdt@markPrice@1s')) {
      expect(r).toMatch(/^-?0\.\d{8}$/)
      expect(T % 3_600_000).toBe(0)
      expect(T).toBeGreaterThan(E)
    }
    for (const market of futures) {
      const symbol = market === 'linear' ? 'btcusdt_261225' : 'btcusd_261225'
      const dated = parsedOf(messages, market, `${symbol}@markPrice@1s`)
      expect(dated).toHaveLength(4)
      for (const { r, T } of dated) expect([r, T]).toEqual(['', 0])
    }
    const marks = messages.filter(({ streamName }) => streamName === 'btcusd_261225@markPrice@1s')
    for (const { contents } of marks)
      expect(contents[0]!.values).toMatchObject({ funding_rate: null, funding_ts: null, kind: 'current' })
  })
})

describe('streams of all symbols', () => {
  it('carry both markets on both hosts, and are logged by each host for its own', () => {
    const messages = flowTo(60_000)
    for (const name of ['!markPrice@arr', '!forceOrder@arr', '!bookTicker']) {
      const of = (market: string) =>
        messages.filter((message) => message.market === market && message.streamName === name)
      const [linear, inverse] = [of('linear'), of('inverse')]
      expect(linear.length).toBeGreaterThan(5)
      expect(linear.map(({ text }) => text.of(1))).toEqual(inverse.map(({ text }) => text.of(1)))
      for (const [market, told] of [
        ['linear', linear],
        ['inverse', inverse],
      ] as const) {
        const markets = told.flatMap(({ contents }) => contents.map((content) => content.market))
        expect(new Set(markets)).toEqual(new Set([market]))
      }
      const st = new Set(
        linear.flatMap(({ text }) => [JSON.parse(text.of(1))].flat().map((event) => event.st)),
      )
      expect(st).toEqual(new Set([1, 2]))
    }
  })

  it('are only told on hosts where somebody asked', () => {
    const flow = new Flow(flowOptions)
    flow.open('linear', '!markPrice@arr')
    const messages: FlowMessage[] = []
    flow.advance(START_MS + 6_000, (message) => messages.push(message))
    expect(messages.map(({ market }) => market)).toEqual(['linear', 'linear', 'linear', 'linear'])
  })

  it('tell the quotes of all every five seconds', () => {
    const quotes = parsedOf(flowTo(20_000), 'inverse', '!bookTicker')
    expect(new Set(quotes.map(({ E }) => (E - START_MS) / 5_000))).toEqual(new Set([1, 2, 3, 4]))
    expect(new Set(quotes.map(({ s }) => s)).size).toBe(6)
  })
})

describe('forced orders', () => {
  it('are told at most once a second and symbol, on both streams alike', () => {
    const messages = flowTo(60_000)
    const one = parsedOf(messages, 'linear', 'ethusdt@forceOrder')
    expect(one.length).toBeGreaterThan(15)
    expect(new Set(one.map(({ E }) => E)).size).toBe(one.length)
    const all = parsedOf(messages, 'linear', '!forceOrder@arr').filter(({ o }) => o.s === 'ETHUSDT')
    expect(all).toEqual(one)
    for (const { E, o } of one) {
      expect(E - o.T).toBeGreaterThanOrEqual(0)
      expect(E - o.T).toBeLessThanOrEqual(1_010)
      expect(Number(o.z)).toBeLessThanOrEqual(Number(o.q))
      expect(Number(o.l)).toBeLessThanOrEqual(Number(o.z))
      expect(o.X).toBe(o.z === o.q ? 'FILLED' : 'PARTIALLY_FILLED')
      const isWorse = o.S === 'SELL' ? Number(o.p) <= Number(o.ap) : Number(o.p) >= Number(o.ap)
      expect(isWorse).toBe(true)
    }
    expect(new Set(one.map(({ o }) => o.S))).toEqual(new Set(['BUY', 'SELL']))
  })

  it('do not move the market', () => {
    const tradesWith = (liquidationsPerMinute: number) => {
      const options = { ...flowOptions, liquidationsPerMinute }
      const flow = openAll(new Flow(options), options)
      const trades: string[] = []
      flow.advance(START_MS + 9_000, ({ streamName, text }) => {
        if (streamName.endsWith('@trade')) trades.push(text.of(1))
      })
      return trades
    }
    expect(tradesWith(0)).toEqual(tradesWith(600))
  })
})
