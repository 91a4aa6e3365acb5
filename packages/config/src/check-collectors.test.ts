import { describe, expect, it } from 'vitest'
import { loadConfig } from './load.ts'
import { problemText } from './place.ts'
import { facts } from './testing/facts.ts'
import { loadText, problemsOf } from './testing/load-text.ts'

const warningsOf = (text: string) => loadText(text).warnings.map(({ key, message }) => `${key}: ${message}`)
const marketOf = (text: string) => loadText(text).config?.collectors[0]?.market

describe('a collector', () => {
  it('has the first market that has every stream, where none is named', () => {
    expect(marketOf('exchange: binance\nsymbols: [A]')).toBe('spot')
    expect(marketOf('exchange: binance\nstream: ticks\nsymbols: [A]')).toBe('spot')
    expect(marketOf('exchange: binance\nstreams: [ticks, funding]\nsymbols: [A]')).toBe('linear')
    expect(marketOf('exchange: binance\nmarket: linear\nstream: ticks\nsymbols: [A]')).toBe('linear')
  })

  it('names what the exchange has', () => {
    expect(problemsOf('exchange: binance\nmarket: inverse\nsymbols: [A]')).toEqual([
      'a.yaml:2:9: market: expected a market of binance, got "inverse" (there are "spot", "linear")',
    ])
    expect(problemsOf('exchange: binance\nstreams: [trade, funding]\nsymbols: [A]\nmarket: spot')).toEqual([
      expect.stringMatching(
        /^a\.yaml:2:18: streams: expected a table or channel of binance spot, got "funding"/,
      ),
    ])
    expect(problemsOf('exchange: xyz\nsymbols: [A]')).toEqual([
      'a.yaml:1:11: exchange: expected a known exchange, got "xyz" (there are "binance")',
    ])
    expect(problemsOf('exchange: binance\nstream: constructor\nsymbols: [A]')).toHaveLength(1)
  })

  it('is the only one of its market', () => {
    const two =
      'collectors:\n  - { exchange: binance, symbols: [A] }\n  - { exchange: binance, market: spot, symbols: [B] }'
    expect(problemsOf(two)).toEqual([
      'a.yaml:3:17: collectors[1].exchange: expected each market once, got binance spot again: it is collectors[0]',
    ])
    expect(problemsOf(two.replace('spot', 'linear'))).toEqual([])
  })

  it('has symbols that look right, each told where it stands', () => {
    expect(problemsOf('exchange: binance\nsymbols:\n  - BTCUSDT\n  - eth-usdt\n  - 测试USDT')).toEqual([
      'a.yaml:4:5: symbols: expected a symbol as binance spot writes it, got "eth-usdt"; did you mean "ETHUSDT"?',
    ])
  })

  it('needs symbols unless every stream is one of the whole market', () => {
    expect(problemsOf('exchange: binance\nstream: ticks')).toEqual([
      'a.yaml:1:11: symbols: expected symbols, got none: trade is one stream per symbol',
    ])
    expect(
      problemsOf('exchange: binance\nmarket: linear\nstreams: ["!forceOrder@arr", instruments]'),
    ).toEqual([])
  })

  it('polls its books or hears them, as deep as they are given', () => {
    const polling = (more: string, market = 'spot') =>
      problemsOf(`exchange: binance\nmarket: ${market}\nsymbols: [A]\nbook_poll: { depth: 5000 }\n${more}`)
    expect(polling('')).toEqual([])
    expect(polling('streams: [spot_ob, ticks]\npoll_every_ms: { "depth@rest": 2000 }')).toEqual([])
    expect(polling('streams: [spot_ob, spot_delta]')).toEqual([
      expect.stringContaining('expected a table or channel of binance spot, got "spot_delta"'),
    ])
    expect(polling('streams: [ticks]')).toEqual([
      expect.stringContaining('book_poll: expected "spot_ob" among the streams'),
    ])
    expect(polling('', 'linear')).toEqual([
      expect.stringContaining('expected null: books of binance linear cannot be asked for by REST'),
    ])
    const text = 'exchange: binance\nsymbols: [A]\nbook_poll: { depth: 51 }'
    const shallow = facts.map((fact) => ({
      ...fact,
      bookPoll: fact.bookPoll && { ...fact.bookPoll, levelsMax: 50 },
    }))
    const input = { file: { name: 'a.yaml', text }, environment: [], flags: [], facts: shallow }
    expect(loadConfig(input).problems.map(problemText)).toEqual([
      'a.yaml:3:21: book_poll.depth: expected at most 50, got 51: binance spot gives no more',
    ])
  })

  it('polls and expects only what it collects', () => {
    const text = (streams: string) =>
      `exchange: binance\nmarket: linear\nsymbols: [A]\nstreams: ${streams}\npoll_every_ms: { openInterest: 1000 }\nexpect_within_ms: { trade: null }`
    expect(problemsOf(text('[open_interest, trade]'))).toEqual([])
    expect(problemsOf(text('[bbo]')).map((problem) => problem.split(':').slice(0, 4).join(':'))).toEqual([
      'a.yaml:5:32: poll_every_ms.openInterest',
      'a.yaml:6:28: expect_within_ms.trade',
    ])
    expect(problemsOf('exchange: binance\nsymbols: [A]\npaths: { steam: /x }')).toEqual([
      'a.yaml:3:17: paths.steam: expected a route, got "steam"; did you mean "stream"?',
    ])
  })

  it('has both addresses or none, without a user, a path or a query', () => {
    expect(problemsOf('exchange: binance\nsymbols: [A]\nws_url: ws://h:1')).toEqual([
      expect.stringMatching(/^a\.yaml:3:9: ws_url: expected both/),
    ])
    expect(problemsOf('exchange: binance\nsymbols: [A]\nws_url: ws://h:1\nrest_url: http://h:1')).toEqual([])
    for (const url of ['http://h', 'ws://u@h', 'ws://h/p', 'ws://h?q', 'ws://', 'h:1']) {
      expect(
        problemsOf(`exchange: binance\nsymbols: [A]\nrest_url: http://h\nws_url: "${url}"`),
        url,
      ).toHaveLength(1)
    }
  })

  it('has a depth of books only where there is one to choose, and one that is offered', () => {
    const told = (bookDepths: readonly number[] | null, depth: string) => {
      const text = `exchange: binance\nsymbols: [A]\nbook_depth: ${depth}`
      const own = facts.map((fact) => ({ ...fact, bookDepths }))
      const input = { file: { name: 'a.yaml', text }, environment: [], flags: [], facts: own }
      return loadConfig(input).problems.map(({ message }) => message)
    }
    expect(told([10, 25], '25')).toEqual([])
    expect(told([10, 25], 'null')).toEqual([])
    expect(told([10, 25], '30')).toEqual([
      'expected one of 10, 25, got 30: no others are offered by binance spot',
    ])
    expect(told([], '10')).toEqual([
      "expected none: books of binance spot have no depth to choose, or their channel's name says it",
    ])
    expect(told(null, '7')).toEqual([])
    for (const wrong of ['0', '10001', '1.5', 'deep']) expect(told(null, wrong), wrong).toHaveLength(1)
  })

  it('gives a route a whole address only where it has a host of its own', () => {
    const told = (addressRoutes: readonly string[], address: string) => {
      const text = `exchange: binance\nsymbols: [A]\npaths: { stream: "${address}" }`
      const own = facts.map((fact) => ({ ...fact, addressRoutes }))
      const input = { file: { name: 'a.yaml', text }, environment: [], flags: [], facts: own }
      return loadConfig(input).problems.map(problemText)
    }
    expect(told([], '/ws')).toEqual([])
    expect(told(['stream'], 'wss://h:1/ws')).toEqual([])
    expect(told([], 'wss://h/ws')).toEqual([
      'a.yaml:3:18: paths.stream: expected a path that begins with "/", got "wss://h/ws": binance spot has one host for all routes, which is ws_url',
    ])
    for (const wrong of ['ws', 'http://h/ws', 'wss://u@h/', 'wss://h/ws?key=1', 'wss:///ws']) {
      expect(told(['stream'], wrong), wrong).toHaveLength(1)
    }
  })

  it('counts what comes within another channel as no stream of its own', () => {
    const channels = [
      {
        name: 'trade',
        table: 'ticks',
        scope: 'symbol',
        isPolled: false,
        carrier: 'trade',
        remembersIds: false,
      },
      {
        name: 'forced',
        table: 'liquidations',
        scope: 'symbol',
        isPolled: false,
        carrier: 'trade',
        remembersIds: false,
      },
    ] as const
    const small = facts.map((fact) => ({
      ...fact,
      channels,
      streamsPerConnectionMax: 1,
      connectsPerFiveMinutesMax: 2,
    }))
    const told = (symbols: string) => {
      const text = `exchange: binance\nstreams: [trade, forced]\nsymbols: [${symbols}]`
      const input = { file: { name: 'a.yaml', text }, environment: [], flags: [], facts: small }
      return loadConfig(input).problems.map(({ message }) => message)
    }
    expect(told('A, B')).toEqual([])
    expect(told('A, B, C')).toEqual(['expected at most 2 streams (2 connections of 1), got 3'])
  })

  it('asks for no more streams than connections of five minutes carry', () => {
    const small = facts.map((fact) => ({ ...fact, streamsPerConnectionMax: 2, connectsPerFiveMinutesMax: 3 }))
    const told = (symbols: string) => {
      const text = `exchange: binance\nstreams: [trade, depth, instruments]\nsymbols: [${symbols}]`
      const input = { file: { name: 'a.yaml', text }, environment: [], flags: [], facts: small }
      return loadConfig(input).problems.map(problemText)
    }
    expect(told('A, B, C')).toEqual([])
    expect(told('A, B, C, D')).toEqual([
      'a.yaml:3:10: symbols: expected at most 6 streams (3 connections of 2), got 8',
    ])
  })

  it('is warned when trades and their aggregates would be stored side by side', () => {
    expect(warningsOf('exchange: binance\nstreams: [trade, aggTrade]\nsymbols: [A]')).toEqual([
      'streams: trade and aggTrade fill the same table: each trade would be stored more than once',
    ])
    expect(warningsOf('exchange: binance\nsymbols: [A]')).toEqual([])
  })
})
