import { loadConfig, problemText } from '@cryptoflow/config'
import { describe, expect, it } from 'vitest'
import { exchangeFacts } from './facts.ts'

const facts = exchangeFacts()

/** The problems of a file with one collector whose books are polled. */
function problemsOf(exchange: string, market: string, depth: number): string[] {
  const text = `exchange: ${exchange}\nmarket: ${market}\nsymbols: []\nstreams: [spot_ob, futures_ob]\nbook_poll: { depth: ${depth} }`
  const input = { file: { name: 'a.yaml', text }, environment: [], flags: [], facts }
  return loadConfig(input)
    .problems.map(problemText)
    .filter((problem) => problem.includes('book_poll'))
}

describe('books by REST', () => {
  it.each([
    ['kraken', 'linear'],
    ['kraken', 'inverse'],
    ['coinbase', 'spot'],
  ])('of %s %s are whole, whatever depth is asked for', (exchange, market) => {
    expect(problemsOf(exchange, market, 1)).toEqual([])
    expect(problemsOf(exchange, market, 5000)).toEqual([])
  })

  it.each([
    ['binance', 'spot', 5000],
    ['binance', 'linear', 1000],
    ['binance', 'inverse', 1000],
    ['bybit', 'spot', 1000],
    ['bybit', 'linear', 1000],
    ['bybit', 'inverse', 1000],
    ['okx', 'spot', 400],
    ['okx', 'linear', 400],
    ['okx', 'inverse', 400],
    ['kraken', 'spot', 500],
    ['coinbase', 'linear', 1000],
    ['upbit', 'spot', 30],
  ])('of %s %s are as deep as they are given, %s levels a side', (exchange, market, most) => {
    expect(problemsOf(exchange, market, most)).toEqual([])
    // No key of a configuration takes more than the most that any market gives.
    const expected = most === 5000 ? 'a whole number, 1 to 5000' : `at most ${most}`
    const problem = `book_poll.depth: expected ${expected}, got ${most + 1}`
    expect(problemsOf(exchange, market, most + 1)).toEqual([expect.stringContaining(problem)])
  })
})
