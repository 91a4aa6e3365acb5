import { describe, expect, it } from 'vitest'
import { loadConfig } from './load.ts'
import { facts } from './testing/facts.ts'
import { loadText, problemsOf } from './testing/load-text.ts'

const withOperators = (operators: string, market = 'spot') =>
  `exchange: binance\nmarket: ${market}\nsymbols: [BTCUSDT]\noperators: { ${operators} }`

describe('operators of a collector', () => {
  it('are none, where nothing is said', () => {
    const { config } = loadText('exchange: binance\nsymbols: [A]')
    expect(config?.collectors[0]?.operators).toEqual({
      filter: {},
      dedupe: null,
      watermark: { allowedLatenessMs: 5000, late: 'revision', idleMs: 1000 },
      aggregate: null,
    })
  })

  it('keep bounds as they were written, and want them in quotes', () => {
    const text = withOperators('filter: { ticks: { price_min: "0.10", notional_min: "5" } }')
    expect(loadText(text).config?.collectors[0]?.operators.filter.ticks).toMatchObject({
      priceMin: '0.10',
      notionalMin: '5',
      priceMax: null,
      allow: null,
    })
    for (const wrong of ['0.10', '"-1"', '"1e5"', '"1.0000000000000000001"', '".5"']) {
      expect(problemsOf(withOperators(`filter: { ticks: { price_min: ${wrong} } }`))).toEqual([
        expect.stringContaining('expected a decimal number in quotes, such as "0.05", or null, got'),
      ])
    }
  })

  it('may be given as flags', () => {
    const flags = { 'collectors[0].operators.filter.ticks.price_min': '0.10' }
    const { config } = loadText('collectors: [{ exchange: binance, symbols: [A] }]', { flags })
    expect(config?.collectors[0]?.operators.filter.ticks).toMatchObject({ priceMin: '0.10' })
  })

  it('filter tables of the market, by names as they are', () => {
    expect(problemsOf(withOperators('filter: { tick: { deny: ["*"] } }'))).toEqual([
      'a.yaml:4:24: operators.filter.tick: expected a table of binance spot, got "tick"; did you mean "ticks"?',
    ])
    expect(problemsOf(withOperators('filter: { gaps: { deny: ["*"] } }'))).toEqual([
      expect.stringContaining('expected a table of binance spot, got "gaps"'),
    ])
    expect(problemsOf(withOperators('filter: { ticks: { allow: [] } }'))).toHaveLength(1)
    expect(problemsOf(withOperators('filter: { spot_delta: { deny: ["*USDT"] } }'))).toEqual([])
  })

  it('have rules about numbers only where a message is one price and one quantity', () => {
    expect(problemsOf(withOperators('filter: { spot_delta: { quantity_min: "1" } }'))).toEqual([
      expect.stringContaining(
        'operators.filter.spot_delta.quantity_min: expected none: a message of "spot_delta"',
      ),
    ])
    expect(problemsOf(withOperators('filter: { liquidations: { quantity_min: "1" } }', 'linear'))).toEqual([])
  })

  it('have a band in which a price can lie', () => {
    const band = (min: string, max: string) =>
      problemsOf(withOperators(`filter: { ticks: { price_min: "${min}", price_max: "${max}" } }`))
    expect(band('1.0', '1')).toEqual([])
    expect(band('1.1', '1.09')).toEqual([
      expect.stringContaining(
        'operators.filter.ticks.price_max: expected at least price_min (1.1), got 1.09',
      ),
    ])
  })

  it('have no notional where quantities are contracts', () => {
    const text = withOperators('filter: { ticks: { notional_min: "1" } }')
    const contracts = facts.map((fact) => ({ ...fact, quantityUnit: 'contracts' as const }))
    const input = { file: { name: 'a.yaml', text }, environment: [], flags: [] }
    expect(loadConfig({ ...input, facts }).problems).toEqual([])
    expect(loadConfig({ ...input, facts: contracts }).problems.map(({ message }) => message)).toEqual([
      'expected none: quantities of binance spot are contracts, and no price times them is a notional',
    ])
  })

  it('make bars of windows that there can be, where trades are heard', () => {
    const bars = (windows: string, more = '') =>
      problemsOf(`exchange: binance\nsymbols: [A]\noperators: { aggregate: ${windows} }${more}`)
    expect(bars('{ windows: [1s, 90m, 1d, 24h/1m, 5m/1s] }')).toEqual([])
    expect(bars('{ windows: 1s }')).toHaveLength(1)
    expect(bars('{}')).toEqual([
      expect.stringContaining('operators.aggregate.windows: expected windows, got nothing'),
    ])
    for (const window of ['24h/1s', '5m/2m', '1m/5m', '8d']) {
      expect(bars(`{ windows: [1m, ${window}] }`)).toEqual([
        expect.stringContaining(
          `expected a window of at most seven days and 1500 steps, with a step that divides it, got "${window}"`,
        ),
      ])
    }
    for (const window of ['1x', '0s', 'm', '1.5h', '1m/']) {
      expect(bars(`{ windows: ["${window}"] }`)[0]).toContain('expected a window such as "1m"')
    }
    expect(bars('{ windows: [1m] }', '\nstreams: [spot_delta]')).toEqual([
      expect.stringContaining('expected trades among the streams, got none of binance spot'),
    ])
  })

  it('warn of a window of ids that nothing looks into', () => {
    const text = withOperators('dedupe: { window: 5000 }')
    const { config, warnings } = loadText(text)
    expect(config?.collectors[0]?.operators.dedupe).toEqual({ window: 5000 })
    expect(warnings.map(({ message }) => message)).toEqual([
      'has no effect: repeats of what is collected of binance spot are known by their numbers',
    ])
    const remembering = facts.map((fact) => ({
      ...fact,
      channels: fact.channels.map((channel) => ({ ...channel, remembersIds: channel.name === 'trade' })),
    }))
    const input = { file: { name: 'a.yaml', text }, environment: [], flags: [], facts: remembering }
    expect(loadConfig(input).warnings).toEqual([])
  })
})
