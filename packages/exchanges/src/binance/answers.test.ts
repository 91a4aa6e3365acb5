import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventBatch, type InstrumentDetail, type Market, StringTable } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contextOf, decodeBody, plainAnswers } from './answer-test-support.ts'
import { decodeAnswer, ROWS_MAX } from './answers.ts'

interface About {
  readonly from: string
  readonly market: Market
  readonly stream: string
  readonly symbol: string
}

const folder = join(import.meta.dirname, 'fixtures', 'answers')
const encoder = new TextEncoder()

const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl') && !name.includes('.golden.'))
  .map((name) => {
    const [about, ...bodies] = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
    return { name, about: JSON.parse(about as string) as About, bodies }
  })

describe('documented answers', () => {
  it('are there for every endpoint of every market', () => {
    const covered = fixtures.map(({ about }) => `${about.market} ${about.stream}`)
    expect(new Set(covered).size).toBe(18)
    for (const { about } of fixtures) expect(about.from).toMatch(/a5e0bc3|c3e7630/)
  })

  it.each(fixtures)('$name become the agreed events', ({ name, about, bodies }) => {
    const decoded = bodies.map((body) => {
      const { outcome, batch } = decodeBody(about.market, about.stream, about.symbol, body)
      return { outcome, events: plainAnswers(batch) }
    })
    const golden = readFileSync(join(folder, name.replace('.jsonl', '.golden.jsonl')), 'utf8')
    const wanted = golden.trimEnd().split('\n').slice(1)
    expect(decoded).toEqual(wanted.map((line) => JSON.parse(line) as unknown))
  })
})

describe('raw', () => {
  it('is the text of the symbol as it stood in the body, whatever its spelling', () => {
    const first = '{ "symbol" :"AB","baseAsset":"\\u0041","quoteAsset":"B","filters":[ ],"x":1.50e0}'
    const second = '{"symbol":"测试","baseAsset":"测","quoteAsset":"试","filters":[],"t":"],{\\"\\\\"}'
    const body = `{"symbols":[1],"rateLimits":[{}],"\\u0073ymbols": [ ${first} ,\n${second}] , "sors":[{"symbols":[]}]}`
    const { outcome, batch } = decodeBody('spot', 'exchangeInfo', '', body)
    expect(outcome).toEqual({ kind: 'events' })
    expect([0, 1].map((event) => (batch.details.get(event) as InstrumentDetail).raw)).toEqual([first, second])
  })
})

describe('what an answer is refused for', () => {
  const trade = '{"id":1,"price":"1.0","qty":"2","time":1499865549590,"isBuyerMaker":true}'
  const contract =
    '{"symbol":"A","baseAsset":"A","quoteAsset":"B","deliveryDate":4133404800000,"contractSize":10,"filters":[]}'
  const listed = (symbol: string): string => `{"symbols":[${contract},${symbol}]}`
  const price =
    '{"symbol":"A","markPrice":"1","lastFundingRate":"0","nextFundingTime":0,"time":1499865549590}'

  it.each<[string, Market, string, string, string, string]>([
    ['no JSON', 'spot', 'trades', '[', 'malformed', 'not JSON'],
    ['an error', 'spot', 'trades', '{"code":-1121,"msg":"Invalid symbol."}', 'unknown_message', 'code -1121'],
    ['an object for a list', 'spot', 'trades', '{"id":1}', 'malformed', 'not a list'],
    ['a list for an object', 'linear', 'openInterest', '[]', 'malformed', 'not an object'],
    ['a row that is no object', 'spot', 'trades', `[${trade},1]`, 'malformed', 'row 1 is not an object'],
    ['a late row', 'spot', 'trades', `[${trade},{"id":2}]`, 'malformed', 'row 1: time is not'],
    ['a negative quantity', 'spot', 'trades', `[${trade.replace('"2"', '"-2"')}]`, 'malformed', 'negative'],
    [
      '38 digits too many',
      'spot',
      'trades',
      `[${trade.replace('1.0', '1'.repeat(38))}]`,
      'number_out_of_range',
      'price',
    ],
    ['an id as text', 'spot', 'trades', `[${trade.replace('1,', '"1",')}]`, 'malformed', 'id is not'],
    [
      'a time after 2255',
      'spot',
      'trades',
      `[${trade.replace('1499865549590', '9007199254740991999')}]`,
      'number_out_of_range',
      'time',
    ],
    [
      'a flag that is none',
      'linear',
      'trades',
      `[${trade.replace('}', ',"isRPITrade":1}')}]`,
      'malformed',
      'isRPITrade',
    ],
    ['no list of symbols', 'spot', 'exchangeInfo', '{"symbols":{}}', 'malformed', 'symbols is not a list'],
    [
      'a symbol too long',
      'linear',
      'exchangeInfo',
      listed(contract.replace('"A"', `"${'A'.repeat(65)}"`)),
      'bad_symbol',
      'row 1: symbol',
    ],
    [
      'an empty asset',
      'linear',
      'exchangeInfo',
      listed(contract.replace('"B"', '""')),
      'bad_symbol',
      'quoteAsset',
    ],
    [
      'a lone surrogate',
      'linear',
      'exchangeInfo',
      listed(contract.replace('"B"', '"\\ud800"')),
      'malformed',
      'quoteAsset',
    ],
    [
      'a contract size as text',
      'inverse',
      'exchangeInfo',
      listed(contract.replace('10', '"10"')),
      'malformed',
      'contractSize',
    ],
    [
      'a contract size beyond us',
      'inverse',
      'exchangeInfo',
      listed(contract.replace('10', '1e-19')),
      'number_out_of_range',
      'contractSize',
    ],
    [
      'a step that is no number',
      'linear',
      'exchangeInfo',
      listed(contract.replace('[]', '[{"filterType":"LOT_SIZE","stepSize":1}]')),
      'malformed',
      'stepSize',
    ],
    [
      'a negative step',
      'linear',
      'exchangeInfo',
      listed(contract.replace('[]', '[{"filterType":"PRICE_FILTER","tickSize":"-1"}]')),
      'malformed',
      'tickSize is negative',
    ],
    [
      'a date after 2255',
      'linear',
      'exchangeInfo',
      listed(contract.replace('4133404800000', '9007199254741')),
      'number_out_of_range',
      'deliveryDate is after the year 2255',
    ],
    [
      'an asset too long',
      'linear',
      'exchangeInfo',
      listed(contract.replace('"B"', `"${'B'.repeat(65)}"`)),
      'bad_symbol',
      'quoteAsset',
    ],
    [
      'a rate of 19 digits',
      'linear',
      'premiumIndex',
      price.replace('"0"', '"0.0000000000000000001"'),
      'number_out_of_range',
      'lastFundingRate',
    ],
    [
      'a negative price',
      'linear',
      'premiumIndex',
      price.replace('"1"', '"-1"'),
      'malformed',
      'markPrice is negative',
    ],
    [
      'a rate that is null',
      'linear',
      'premiumIndex',
      price.replace('"0"', 'null'),
      'malformed',
      'lastFundingRate',
    ],
    ['no time', 'linear', 'premiumIndex', price.replace(',"time":1499865549590', ''), 'malformed', 'time'],
  ])('%s', (_what, market, stream, body, reason, detail) => {
    const { outcome, batch } = decodeBody(market, stream, 'A', body)
    expect(outcome).toMatchObject({ reason, detail: expect.stringContaining(detail) as string })
    expect([batch.count, batch.entryCount, batch.details.size]).toEqual([0, 0, 0])
  })

  it('a list without end', () => {
    const { outcome } = decodeBody('linear', 'fundingInfo', '', `[${'0,'.repeat(ROWS_MAX)}0]`)
    expect(outcome).toMatchObject({ kind: 'malformed', detail: `more than ${ROWS_MAX} rows` })
  })

  it('a request that this market answers to nobody, whose name is not learnt either', () => {
    for (const [market, stream] of [
      ['spot', 'openInterest'],
      ['spot', 'fundingInfo'],
      ['linear', 'depth20'],
      ['linear', 'depth20@100ms'],
      ['linear', '__proto__'],
      ['inverse', 'x'.repeat(1_000)],
    ] as const) {
      const { outcome, batch } = decodeBody(market, stream, 'A', '{}')
      expect(outcome).toMatchObject({ kind: 'unknown', detail: 'no request that this market answers' })
      expect(batch.names.count).toBe(0)
    }
  })

  it('a request whose symbol is none, where the body names none either', () => {
    for (const symbol of ['', 'A'.repeat(65), '测'.repeat(22), 'A\n', '\ud800']) {
      for (const stream of ['trades', 'aggTrades', 'depth@100ms']) {
        const { outcome } = decodeBody('spot', stream, symbol, `[${trade}]`)
        expect(outcome).toMatchObject({ kind: 'malformed', reason: 'bad_symbol' })
      }
    }
    expect(decodeBody('linear', 'premiumIndex', 'A\n', price).outcome).toEqual({ kind: 'events' })
  })
})

describe('numbers', () => {
  const openInterest = (text: string): unknown => {
    const { batch } = decodeBody(
      'linear',
      'openInterest',
      '',
      `{"openInterest":"${text}","symbol":"A","time":0}`,
    )
    return plainAnswers(batch)[0]?.detail
  }

  it('of 38 digits and with exponents stay exact', () => {
    const wide = '12345678901234567890.123456789012345678'
    expect(openInterest(wide)).toEqual({ openInterest: wide, value: null })
    expect(openInterest('6E-8')).toEqual({ openInterest: '0.00000006', value: null })
    expect(openInterest('1.16539E8')).toEqual({ openInterest: '116539000', value: null })
    expect(openInterest('-0.0')).toEqual({ openInterest: '0.0', value: null })
  })
})

/** Puts one wrong byte into a body, cuts it or doubles a part of it. */
const mutation = fc.record({
  file: fc.nat(),
  line: fc.nat(),
  at: fc.nat(),
  length: fc.nat(12),
  kind: fc.constantFrom('byte', 'cut', 'drop', 'double'),
  byte: fc.oneof(fc.constantFrom(...encoder.encode('{}[]":,\\-1e.0 ')), fc.nat(255)),
})

describe('mutated answers', () => {
  it('never throw and never leave half a batch', () => {
    const names = new StringTable()
    const batch = new EventBatch(names)
    fc.assert(
      fc.property(mutation, ({ file, line, at, length, kind, byte }) => {
        const { about, bodies } = fixtures[file % fixtures.length] as (typeof fixtures)[number]
        const body = encoder.encode(bodies[line % bodies.length])
        const from = at % body.length
        const part = body.subarray(from, from + length)
        const rest = body.subarray(from + length)
        const middle = { byte: [byte], cut: [], drop: [], double: [...part, ...part] }[kind] as number[]
        const mutated = Uint8Array.from([
          ...body.subarray(0, from),
          ...middle,
          ...(kind === 'cut' ? [] : rest),
        ])
        batch.clear()
        const good = encoder.encode('{"openInterest":"1","symbol":"KEPT","time":0}')
        decodeAnswer('linear', contextOf('linear', 'openInterest', ''), good, batch)
        const kept = JSON.stringify(plainAnswers(batch))
        const context = contextOf(about.market, about.stream, about.symbol)
        const outcome = decodeAnswer(about.market, context, mutated, batch)
        if (outcome.kind === 'events') expect(batch.count).toBeGreaterThan(1)
        else
          expect([JSON.stringify(plainAnswers(batch)), batch.entryCount, batch.details.size]).toEqual([
            kept,
            0,
            1,
          ])
        // Every event is whole: an entry for a trade, a detail for the rare kinds.
        for (const plain of plainAnswers(batch))
          expect(plain.detail ?? (plain.entries as unknown[])[0]).toBeDefined()
      }),
      { seed: 20261123, numRuns: 3_000 },
    )
  })
})
