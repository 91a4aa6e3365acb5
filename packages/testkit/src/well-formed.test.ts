import { EventBatch, EventKind, type InstrumentDetail, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { outcomeProblem } from './outcome.ts'
import { fakeMarket } from './testing/fake-market.ts'
import { eventsProblem } from './well-formed.ts'

const RAW = '{"s":"ABC"}'
const instrument: InstrumentDetail = {
  instrument: 'A-BC-PERP',
  base: 'A',
  quote: 'BC',
  settle: null,
  type: 'perpetual',
  status: 'TRADING',
  tickSize: { mantissa: 1n, scale: 2 },
  lotSize: null,
  contractSize: null,
  contractUnit: null,
  listedUs: Number.NaN,
  expiryUs: Number.NaN,
  raw: RAW,
}

function problemWith(changes: Readonly<Record<string, unknown>>, text = `[${RAW}]`): string | null {
  const market = fakeMarket()
  const batch = new EventBatch(new StringTable())
  batch.kind[0] = EventKind.instrument
  batch.symbol[0] = batch.names.idOf('ABC')
  batch.stream[0] = batch.names.idOf('listing')
  for (const name of ['engineUs', 'sentUs', 'firstSeq', 'lastSeq', 'prevSeq'] as const)
    batch[name][0] = Number.NaN
  batch.details.set(0, { ...instrument, ...changes })
  batch.endEvent()
  const listing = { ...(market.streams[2] as object), name: 'listing', table: 'instruments' } as never
  return eventsProblem({ ...market, streams: [listing] }, batch, 0, () => text)
}

describe('an instrument', () => {
  it('is well-formed with its raw object as it stands in the message', () => {
    expect(problemWith({})).toBeNull()
    expect(problemWith({}, '[{"s": "ABC"}]')).toContain('raw')
    expect(problemWith({ raw: '{"s":"DEF"}' }, `[${RAW},{"s":"DEF"}]`)).toContain('another symbol')
    expect(problemWith({ raw: `[${RAW}]` })).toContain('no JSON object')
  })

  it.each([
    ['a number in place of a decimal', { tickSize: 0.01 }],
    ['a decimal of 19 fraction digits', { tickSize: { mantissa: 1n, scale: 19 } }],
    ['a decimal of 21 integer digits', { tickSize: { mantissa: 10n ** 20n, scale: 0 } }],
    ['a word as long as a message', { status: 'x'.repeat(1_025) }],
    ['a negative price step', { tickSize: { mantissa: -1n, scale: 2 } }],
    ['no base', { base: null }],
    ['a type of no known word', { type: 'option' }],
    ['a time without end', { expiryUs: Number.POSITIVE_INFINITY }],
    ['half a character', { status: '\ud800' }],
    ['a field of another kind', { fundingRate: null }],
    ['a field missing', { settle: undefined }],
  ])('is not with %s', (_what, changes) => {
    expect(problemWith(changes)).not.toBeNull()
  })
})

describe('an outcome', () => {
  it.each([
    [{ kind: 'events' }],
    [{ kind: 'ack', id: 0 }],
    [{ kind: 'refused', id: null, detail: '2: no' }],
    [{ kind: 'ignored', reason: 'other_market' }],
    [{ kind: 'malformed', reason: 'bad_symbol', detail: 's' }],
  ] as const)('may be %j', (outcome) => {
    expect(outcomeProblem(outcome)).toBeNull()
  })

  it.each([
    [undefined],
    [{ kind: 'fine' }],
    [{ kind: 'ack', id: Number.NaN }],
    [{ kind: 'refused', id: 1, detail: '\u001b[31m' }],
    [{ kind: 'ignored', reason: 'BTCUSDT' }],
    [{ kind: 'unknown', reason: 'because', detail: 'x' }],
    [{ kind: 'malformed', reason: 'malformed', detail: '' }],
    [{ kind: 'malformed', reason: 'malformed', detail: 'x'.repeat(301) }],
  ])('is never %j', (outcome) => {
    expect(outcomeProblem(outcome as never)).not.toBeNull()
  })
})
