import type { ExchangeMarket, StreamSpec } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { channelsOf, marketFacts } from './facts.ts'

const limit = (value: number) => ({ value, source: 'a test', read: '2026-11-21' })
const stream = (name: string, given: Partial<StreamSpec>): StreamSpec => ({
  name,
  table: 'ticks',
  scope: 'symbol',
  route: null,
  follows: null,
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
  ],
  collectors: { ticks: ['trade'], instruments: ['info'] },
} as unknown as ExchangeMarket

describe('facts of a market', () => {
  const [fact] = marketFacts([market], (_, symbol) => symbol.toUpperCase())

  it('are read from its adapter; streams that cannot be collected are none', () => {
    expect(fact).toMatchObject({
      exchange: 'some',
      market: 'spot',
      routes: ['a', 'b'],
      streamsPerConnectionMax: 7,
      connectsPerFiveMinutesMax: 9,
      channels: [
        { name: 'trade', table: 'ticks', scope: 'symbol', isPolled: false },
        { name: 'info', table: 'instruments', scope: 'market', isPolled: true },
      ],
    })
    expect(fact?.symbolMeant('a')).toBe('A')
    expect(marketFacts([market])[0]?.symbolMeant('a')).toBeNull()
  })

  it('say which channels are behind tables and channels, each once', () => {
    const names = (streams: readonly string[] | null) =>
      fact && channelsOf(fact, streams).map(({ name }) => name)
    expect(names(null)).toEqual(['trade', 'info'])
    expect(names(['ticks', 'trade', 'nothing', 'constructor'])).toEqual(['trade'])
  })
})
