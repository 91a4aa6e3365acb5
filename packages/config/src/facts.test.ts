import type { ExchangeMarket, StreamSpec } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { channelsOf, type MarketChoice, marketFacts } from './facts.ts'

const limit = (value: number) => ({ value, source: 'a test', read: '2026-11-21' })
const stream = (name: string, given: Partial<StreamSpec>): StreamSpec => ({
  name,
  table: 'ticks',
  scope: 'symbol',
  route: null,
  within: null,
  follows: null,
  idWindow: 0,
  book: null,
  poll: null,
  ...given,
})

/** As much of an adapter as facts are made from. */
const market = {
  exchange: 'some',
  market: 'spot',
  session: {
    routes: { a: 'ws://x/a', b: 'ws://x/b' },
    streamName: (name: string, symbol: string) => `${name}@${symbol}`,
    subscribeFrame: (names: readonly string[]) => names.join(),
    streamsPerConnectionMax: limit(7),
    connectsPerFiveMinutesMax: limit(9),
  },
  streams: [
    stream('trade', { route: 'a' }),
    stream('info', {
      table: 'instruments',
      scope: 'market',
      poll: { everyMs: 1, request: () => ({ path: '/', weight: 1 }) },
    }),
    stream('by-need', {}),
    stream('within', { table: 'funding', route: 'a', within: 'trade' }),
    stream('in-info', { table: 'open_interest', scope: 'market', within: 'info' }),
  ],
  collectors: { ticks: ['trade'], instruments: ['info'] },
  symbolMeant: (symbol: string) => symbol.toUpperCase(),
} as unknown as ExchangeMarket

describe('facts of a market', () => {
  const [fact] = marketFacts([market])

  it('are read from its adapter; streams that cannot be collected are none', () => {
    expect(fact).toMatchObject({
      exchange: 'some',
      market: 'spot',
      routes: ['a', 'b'],
      streamsPerConnectionMax: 7,
      connectsPerFiveMinutesMax: 9,
      channels: [
        { name: 'trade', table: 'ticks', scope: 'symbol', isPolled: false, carrier: 'trade' },
        { name: 'info', table: 'instruments', scope: 'market', isPolled: true, carrier: 'info' },
        { name: 'within', table: 'funding', scope: 'symbol', isPolled: false, carrier: 'trade' },
        { name: 'in-info', table: 'open_interest', scope: 'market', isPolled: true, carrier: 'info' },
      ],
    })
    expect(fact?.symbolMeant('a')).toBe('A')
  })

  it('say which routes take a whole address, by asking the adapter', () => {
    const chosen = (_: ExchangeMarket, { paths = {} }: MarketChoice): ExchangeMarket => ({
      ...market,
      session: { ...market.session, routes: { a: paths.a ?? 'ws://x/a', b: `ws://x${paths.b}` } },
    })
    expect(marketFacts([market], { chosen })[0]?.addressRoutes).toEqual(['a'])
    expect(fact?.addressRoutes).toEqual([])
  })

  it('say how deep books may be: by their rule, else by whether the choice is told to the exchange', () => {
    const depthsOf = (given: ExchangeMarket, isTold = false) => {
      const subscribeFrame = (names: readonly string[]): string => `${names.join()}.1`
      const chosen = (): ExchangeMarket =>
        isTold ? { ...given, session: { ...given.session, subscribeFrame } } : given
      return marketFacts([given], { chosen })[0]?.bookDepths
    }
    const withBook = (depths: readonly number[] | null): ExchangeMarket => {
      const book = { origin: 'stream', follows: null, depths, checksum: null } as const
      return { ...market, streams: [stream('book', { route: 'a', book })] }
    }
    expect(depthsOf(withBook([10, 25]), true)).toEqual([10, 25])
    expect(depthsOf(withBook([400]))).toEqual([])
    expect(depthsOf(withBook(null))).toEqual([])
    expect(depthsOf(market)).toEqual([])
    expect(depthsOf(market, true)).toBeNull()
  })

  it('say which channels are behind tables and channels, each once', () => {
    const names = (streams: readonly string[] | null) =>
      fact && channelsOf(fact, streams).map(({ name }) => name)
    expect(names(null)).toEqual(['trade', 'info'])
    expect(names(['ticks', 'trade', 'nothing', 'constructor'])).toEqual(['trade'])
  })
})
