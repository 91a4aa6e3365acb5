import { EventBatch, EventKind, type InstrumentDetail, Side, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { outcomeProblem } from './outcome.ts'
import { fakeMarket } from './testing/fake-market.ts'
import { oddMarket } from './testing/odd-market.ts'
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
  return eventsProblem({ market: { ...market, streams: [listing] }, cases: {} }, batch, 0, () => text)
}

describe('an instrument', () => {
  it('is well-formed with its raw object as it stands in the message', () => {
    expect(problemWith({})).toBeNull()
    expect(problemWith({ digits: { price: 2, quantity: 8 } })).toBeNull()
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
    ['half a digit', { digits: { price: 0.5, quantity: 8 } }],
    ['more digits than a row has', { digits: { price: 19, quantity: 8 } }],
    ['digits of prices only', { digits: { price: 2 } }],
  ])('is not with %s', (_what, changes) => {
    expect(problemWith(changes)).not.toBeNull()
  })
})

describe('an outcome', () => {
  it.each([
    [{ kind: 'events' }],
    [{ kind: 'ack', id: 0 }],
    [{ kind: 'refused', id: null, detail: '2: no' }],
    [{ kind: 'ack', id: null, streams: ['trade:ABC'] }],
    [{ kind: 'ack', id: null, streams: [] }],
    [{ kind: 'refused', id: 3, detail: 'no', streams: ['trade:ABC'] }],
    [{ kind: 'ignored', reason: 'other_market' }],
    [{ kind: 'outside', reason: 'obsolete_protocol' }],
    [{ kind: 'malformed', reason: 'bad_symbol', detail: 's' }],
  ] as const)('may be %j', (outcome) => {
    expect(outcomeProblem(outcome)).toBeNull()
  })

  it.each([
    [undefined],
    [{ kind: 'fine' }],
    [{ kind: 'ack', id: Number.NaN }],
    [{ kind: 'refused', id: 1, detail: '\u001b[31m' }],
    [{ kind: 'ack', id: null, streams: [''] }],
    [{ kind: 'ack', id: null, streams: ['\ud800'] }],
    [{ kind: 'ack', id: null, streams: ['x'.repeat(1_025)] }],
    [{ kind: 'refused', id: 1, detail: 'no', streams: [1] }],
    [{ kind: 'outside', reason: 'constructor' }],
    [{ kind: 'ignored', reason: 'BTCUSDT' }],
    [{ kind: 'unknown', reason: 'because', detail: 'x' }],
    [{ kind: 'malformed', reason: 'malformed', detail: '' }],
    [{ kind: 'malformed', reason: 'malformed', detail: 'x'.repeat(301) }],
  ])('is never %j', (outcome) => {
    expect(outcomeProblem(outcome as never)).not.toBeNull()
  })
})

/** A print or a book of the odd market, as right as its changes leave it. */
function oddProblem(kind: number, change: (batch: EventBatch) => void): string | null {
  const batch = new EventBatch(new StringTable())
  const isBook = kind === EventKind.bookDelta
  batch.kind[0] = kind
  batch.symbol[0] = batch.names.idOf('X_ABC')
  batch.stream[0] = batch.names.idOf(isBook ? 'book' : 'trades')
  for (const name of ['engineUs', 'sentUs', 'firstSeq', 'lastSeq', 'prevSeq', 'checksum'] as const)
    batch[name][0] = Number.NaN
  for (const column of [batch.firstTradeId, batch.lastTradeId]) column[0] = Number.NaN
  batch.tradeType[0] = -1
  batch.side[0] = isBook ? Side.bid : Side.buy
  batch.price.set(0, 1n, 0)
  batch.quantity.set(0, 1n, 0)
  batch.entryCount = 1
  batch.endEvent()
  change(batch)
  return eventsProblem({ market: oddMarket(), cases: {} }, batch, 0, () => '')
}

const seqs = (first: number, last: number) => (batch: EventBatch) => {
  batch.firstSeq[0] = first
  batch.lastSeq[0] = last
}
const id =
  (text: string, event = 0) =>
  (batch: EventBatch) =>
    batch.textIds.set(event, text)
const checksum = (value: number) => (batch: EventBatch) => {
  batch.checksum[0] = value
}

describe('an event', () => {
  it.each<readonly [string, number, (batch: EventBatch) => unknown]>([
    ['a trade with its id', EventKind.trade, seqs(7, 7)],
    ['a trade with a text id', EventKind.trade, id('9007199254740993')],
    ['a text id of 128 bytes', EventKind.trade, id('x'.repeat(128))],
    ['an aggregate of several ids', EventKind.aggregate, seqs(5, 7)],
    ['a block', EventKind.block, seqs(7, 7)],
    ['a checksum of 32 bits', EventKind.bookDelta, checksum(2 ** 32 - 1)],
    ['a checksum with a sign', EventKind.bookDelta, checksum(-(2 ** 31))],
    ['no checksum', EventKind.bookDelta, checksum(Number.NaN)],
    ['what is no checksum where none is looked at', EventKind.trade, checksum(0.5)],
  ])('is well-formed as %s', (_what, kind, change) => {
    expect(oddProblem(kind, change)).toBeNull()
  })

  it.each<readonly [string, number, (batch: EventBatch) => unknown]>([
    ['a trade of several ids', EventKind.trade, seqs(5, 7)],
    ['a block of several ids', EventKind.block, seqs(5, 7)],
    ['an aggregate whose ids fall', EventKind.aggregate, seqs(7, 5)],
    ['an aggregate without its first id', EventKind.aggregate, seqs(Number.NaN, 5)],
    ['an empty text id', EventKind.trade, id('')],
    ['a text id that UTF-8 cannot write', EventKind.trade, id('\ud800')],
    ['a text id of 129 bytes', EventKind.trade, id('测'.repeat(43))],
    ['a text id of no event', EventKind.trade, id('left', 1)],
    ['a text id where none is remembered', EventKind.bookDelta, id('id')],
    ['a checksum of 33 bits', EventKind.bookDelta, checksum(2 ** 32)],
    ['half a checksum', EventKind.bookDelta, checksum(0.5)],
    ['a negative checksum of 33 bits', EventKind.bookDelta, checksum(-(2 ** 31) - 1)],
  ])('is not as %s', (_what, kind, change) => {
    expect(oddProblem(kind, change)).not.toBeNull()
  })
})
