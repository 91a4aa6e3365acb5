import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { loadConfig, problemText, readInput } from '@cryptoflow/config'
import { exchangeFacts, settingsOf } from '@cryptoflow/console'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import { describe, expect, it } from 'vitest'
import { planBudgets, planMarket, plannedMarket } from './plan-figures.ts'
import { planLoad } from './plan-load.ts'
import { symbolExample } from './symbol-examples.ts'

const root = join(import.meta.dirname, '../../..')
const files = globSync('configs/{dev,prod}/*.yaml', { cwd: root }).sort()
const exchanges = [...new Set(exchangeMarkets.map(({ exchange }) => exchange))]
const facts = exchangeFacts()

function loaded(file: string) {
  const text = readFileSync(join(root, file), 'utf8')
  return loadConfig({ file: { name: file, text }, environment: [], flags: [], facts })
}

/** `exchange market` of each collector. */
const marketsOf = (file: string) =>
  (loaded(file).config?.collectors ?? []).map(({ exchange, market }) => `${exchange} ${market}`)
const marketsAt = (exchange: string) =>
  exchangeMarkets
    .filter((known) => known.exchange === exchange)
    .map(({ market }) => `${exchange} ${market}`)
    .sort()

describe('the examples of configurations', () => {
  it.each(files)('%s is accepted without a problem or a warning', (file) => {
    const { problems, warnings } = loaded(file)
    expect(problems.map(problemText)).toEqual([])
    expect(warnings.map(problemText)).toEqual([])
  })

  it.each(exchanges)('have %s with all its markets, for development and for production', (exchange) => {
    for (const kind of ['dev', 'prod']) {
      expect(marketsOf(`configs/${kind}/${exchange}.yaml`).sort()).toEqual(marketsAt(exchange))
    }
  })

  it('have all exchanges in one file', () => {
    expect(marketsOf('configs/dev/all-exchanges.yaml').sort()).toEqual(exchanges.flatMap(marketsAt).sort())
  })

  it('spell symbols as questions and messages do', () => {
    for (const exchange of exchanges) {
      for (const { market, symbols } of loaded(`configs/dev/${exchange}.yaml`).config?.collectors ?? []) {
        expect(symbols).toEqual(
          expect.arrayContaining(symbolExample(exchange, market)?.split(',').slice(0, 1) ?? []),
        )
      }
    }
  })

  it.each(files)('%s has a plan in which every figure is one, and every market talks', (file) => {
    const { config } = loaded(file)
    if (config === null) throw new Error('the file is accepted')
    const markets = settingsOf(config).collections.map((collection) => plannedMarket(collection))
    const load = planLoad(markets, config.images, 1)
    const plans = markets.map(planMarket)
    // What is no number becomes null; the weight of a book that begins in its stream is none on purpose.
    const figures = JSON.stringify([plans, planBudgets(markets), load]).replaceAll('"bookWeight":null', '')
    expect(figures).not.toContain('null')
    expect(load.tables.filter(({ rowsPerSecond }) => !(rowsPerSecond > 0))).toEqual([])
    for (const [index, plan] of plans.entries()) {
      expect(plan.connections, basename(file)).toBeGreaterThan(0)
      expect(planLoad(markets.slice(index, index + 1), config.images, 1).tables).not.toEqual([])
    }
  })
})

describe('the example of variables', () => {
  it('has a collector by itself, as its exchange writes symbols', () => {
    const lines = readFileSync(join(root, '.env.example'), 'utf8').match(
      /(?<=^#)CRYPTOFLOW_(EXCHANGE|MARKET|SYMBOLS|BOOK_DEPTH)=.*$/gm,
    )
    const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
    try {
      writeFileSync(join(directory, '.env'), (lines ?? []).join('\n'))
      const read = readInput({ directory, environment: {} })
      const { config, problems } = loadConfig({ ...read, flags: [], facts })
      expect(problems.map(problemText)).toEqual([])
      expect(config?.collectors).toMatchObject([{ exchange: 'kraken', market: 'spot', bookDepth: 25 }])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe('symbols', () => {
  it.each([
    ['binance', 'BTC-USDT', 'BTCUSDT'],
    ['coinbase', 'BTC-USDC', 'BTC-USD'],
    ['upbit', 'BTC-KRW', 'KRW-BTC'],
  ])('of %s are refused that it writes otherwise: %s, which is %s', (exchange, symbol, meant) => {
    const read = (name: string) => {
      const text = `exchange: ${exchange}\nmarket: spot\nsymbols: [${name}]\n`
      return loadConfig({ file: { name: 'a.yaml', text }, environment: [], flags: [], facts })
    }
    expect(read(meant).problems).toEqual([])
    const { config, problems } = read(symbol)
    expect(config).toBeNull()
    expect(JSON.stringify(problems)).toContain(meant)
  })
})

describe('the depth of books', () => {
  it('goes from the file to what is subscribed', () => {
    const text = 'exchange: kraken\nmarket: spot\nsymbols: [BTC/USD]\nbook_depth: 100\n'
    const { config } = loadConfig({ file: { name: 'a.yaml', text }, environment: [], flags: [], facts })
    if (config === null) throw new Error('the text is accepted')
    const [collection] = settingsOf(config).collections
    expect(collection?.urls).toEqual({ bookDepth: 100 })
    const { market } = plannedMarket(collection as NonNullable<typeof collection>)
    const frame = market.session.subscribeFrame([market.session.streamName('book', 'BTC/USD')], 1)
    expect(frame).toContain('"depth":100')
  })

  it('is one that the exchange offers, and none where nobody chooses', () => {
    const depthsOf = (exchange: string, market: string) =>
      facts.find((fact) => fact.exchange === exchange && fact.market === market)?.bookDepths
    expect(depthsOf('kraken', 'spot')).toEqual([10, 25, 100, 500, 1000])
    expect(depthsOf('kraken', 'linear')).toEqual([])
    // Its adapter takes any number, as the least that is offered and holds as many.
    expect(depthsOf('upbit', 'spot')).toBeNull()
    expect(depthsOf('binance', 'spot')).toEqual([])
    expect(depthsOf('okx', 'spot')).toEqual([])
  })
})

describe('the address of a route', () => {
  it('may be a whole one only where it has a host of its own', () => {
    const routesOf = (exchange: string) =>
      facts.filter((fact) => fact.exchange === exchange).flatMap(({ addressRoutes }) => addressRoutes)
    expect(routesOf('coinbase')).toEqual(['advanced', 'exchange', 'advanced'])
    // One host and one path for all: what is behind its name cannot be another host.
    expect(routesOf('binance')).toEqual([])
    expect(routesOf('kraken')).toEqual([])
  })
})
