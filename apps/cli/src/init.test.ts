import { exchangeMarkets } from '@cryptoflow/exchanges'
import { describe, expect, it } from 'vitest'
import { answersOf } from './init.ts'
import { symbolExample } from './symbol-examples.ts'

/** A person who answers in order. */
function person(...answers: string[]) {
  const asked: string[] = []
  const ask = async (question: string): Promise<string> => {
    asked.push(question)
    return answers.shift() ?? ''
  }
  return { ask, asked }
}

describe('the questions of init', () => {
  it('are asked for what flags do not say, with the default in brackets', async () => {
    const { ask, asked } = person('', 'linear', 'BTCUSDT, ETHUSDT', 'ticks,funding', '/data')
    expect(await answersOf({ out: 'x' }, ask)).toEqual({
      exchange: 'binance',
      market: 'linear',
      symbols: ['BTCUSDT', 'ETHUSDT'],
      streams: ['ticks', 'funding'],
      directory: '/data',
    })
    expect(asked).toHaveLength(5)
    expect(asked[1]).toBe('market (spot, linear, inverse) [spot]: ')
    expect(asked[3]).toContain('liquidations')
  })

  it('are not asked for what was given', async () => {
    const { ask, asked } = person('', '', '')
    const flags = { out: 'x', symbols: 'A', exchange: 'binance' }
    expect(await answersOf(flags, ask)).toMatchObject({
      streams: null,
      directory: 'warehouse',
      market: 'spot',
    })
    expect(asked).toHaveLength(3)
  })

  it('are answered by defaults without a person, but for the symbols, which nobody can guess', async () => {
    expect(await answersOf({ out: 'x', symbols: 'A' }, null)).toMatchObject({ market: 'spot', streams: null })
    await expect(answersOf({ out: 'x' }, null)).rejects.toThrow('found no symbols')
  })

  it('spell symbols as the market that was chosen does', async () => {
    const { ask, asked } = person('PF_XBTUSD')
    const flags = { out: 'x', exchange: 'kraken', market: 'linear', streams: 'all', dir: 'w' }
    expect(await answersOf(flags, ask)).toMatchObject({ symbols: ['PF_XBTUSD'], streams: null })
    expect(asked).toEqual(['symbols, separated by commas, like PF_XBTUSD,PF_ETHUSD: '])
    await expect(answersOf({ out: 'x', exchange: 'okx', market: 'inverse' }, null)).rejects.toThrow(
      'expected --symbols BTC-USD-SWAP,ETH-USD-SWAP',
    )
    for (const { exchange, market } of exchangeMarkets) {
      expect(symbolExample(exchange, market), `${exchange} ${market}`).not.toBeNull()
    }
    expect(symbolExample('constructor', 'name')).toBeNull()
  })
})
