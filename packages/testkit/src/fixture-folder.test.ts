import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixturesIn } from './fixture-folder.ts'
import { pond } from './toy-exchange/index.ts'

const folder = join(import.meta.dirname, 'toy-exchange', 'fixtures')

describe('the fixtures in a folder', () => {
  const fixtures = fixturesIn(folder, pond())

  it('are every frame and every answer of the market, each with its golden', () => {
    expect(fixtures.map(({ name }) => name)).toEqual([
      ...['book.jsonl:2', 'book.jsonl:3', 'book.jsonl:4'],
      ...Array.from({ length: 8 }, (_, i) => `replies.jsonl:${i + 2}`),
      ...['trade.jsonl:2', 'trade.jsonl:3', 'trade.jsonl:4'],
      'spot-creatures.jsonl:2',
    ])
    expect(fixtures.map(({ golden }) => golden.outcome.kind)).toContain('closing')
  })

  it('know what an answer answers', () => {
    expect(fixtures.map(({ answer }) => answer?.stream)).toEqual([...Array(14).fill(undefined), 'creatures'])
    expect(fixtures.at(-1)?.answer).toEqual({
      exchange: 'pond',
      market: 'spot',
      stream: 'creatures',
      symbol: '',
      resync: 0,
      status: 200,
    })
  })

  it('of a market that has none are an error, not an empty list', () => {
    expect(() => fixturesIn(folder, { ...pond(), market: 'linear' })).toThrow('linear')
  })
})
