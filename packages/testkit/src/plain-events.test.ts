import { EventBatch, EventKind, Side, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { canonicalText, plainEvents } from './plain-events.ts'
import { oddMarket } from './testing/odd-market.ts'

function batchOfTwo(): EventBatch {
  const batch = new EventBatch(new StringTable())
  for (const kind of [EventKind.aggregate, EventKind.openInterest]) {
    batch.reserveEvent()
    batch.reserveEntries(1)
    const event = batch.count
    batch.kind[event] = kind
    batch.symbol[event] = batch.names.idOf('__proto__')
    batch.stream[event] = batch.names.idOf('prints')
    batch.tradeType[event] = batch.names.idOf('ADL')
    batch.firstTradeId[event] = 41
    batch.lastTradeId[event] = Number.NaN
    for (const column of [batch.firstSeq, batch.lastSeq]) column[event] = 9_007_199_254_740_991
    for (const column of [batch.engineUs, batch.sentUs, batch.prevSeq]) column[event] = Number.NaN
    if (kind === EventKind.aggregate) {
      batch.side[0] = Side.buy
      batch.price.set(0, 1_234_567_890_123_456_789_012n, 18)
      batch.quantity.set(0, 150n, 2)
      batch.entryCount = 1
    } else {
      batch.details.set(event, { openInterest: { mantissa: -5n, scale: 3 }, value: null })
    }
    batch.endEvent()
  }
  return batch
}

describe('plain events', () => {
  it('show every digit that was written', () => {
    const [aggregate, openInterest] = plainEvents(batchOfTwo())
    expect(aggregate).toEqual({
      kind: 'aggregate',
      symbol: '__proto__',
      stream: 'prints',
      engineUs: null,
      sentUs: null,
      firstSeq: 9_007_199_254_740_991,
      lastSeq: 9_007_199_254_740_991,
      prevSeq: null,
      firstTradeId: 41,
      lastTradeId: null,
      tradeType: 'ADL',
      entries: [['buy', '1234.567890123456789012', '1.50']],
    })
    // What is not set for a kind is not looked at.
    expect(openInterest).not.toHaveProperty('tradeType')
    expect(openInterest?.detail).toEqual({ openInterest: '-0.005', value: null })
  })

  it('have one spelling, with absent values left out and keys in one order', () => {
    const text = canonicalText(plainEvents(batchOfTwo(), 1))
    expect(text).toBe(
      '{"detail":{"openInterest":"-0.005"},"entries":[],"firstSeq":9007199254740991,"kind":"openInterest",' +
        '"lastSeq":9007199254740991,"stream":"prints","symbol":"__proto__"}',
    )
    expect(canonicalText([JSON.parse(text)])).toBe(text)
    expect(canonicalText([{ symbol: 'A', prevSeq: null, kind: 'trade' }])).toBe(
      '{"kind":"trade","symbol":"A"}',
    )
  })

  it('differ in the spelling when a digit does', () => {
    expect(canonicalText([{ entries: [['bid', '1.50', '1']] }])).not.toBe(
      canonicalText([{ entries: [['bid', '1.5', '1']] }]),
    )
  })

  it('show text ids where there are some', () => {
    const batch = batchOfTwo()
    batch.textIds.set(0, '9007199254740993')
    expect(plainEvents(batch).map(({ textId }) => textId)).toEqual(['9007199254740993', undefined])
  })

  it('show checksums of books that have one by their rule, when the market is known', () => {
    const batch = batchOfBooks()
    const market = oddMarket()
    expect(plainEvents(batch).some((event) => 'checksum' in event)).toBe(false)
    expect(plainEvents(batch, 0, market).map(({ checksum }) => checksum)).toEqual([7, undefined, undefined])
    expect(canonicalText(plainEvents(batch, 0, market))).toContain('"checksum":7')
  })

  it('show the digits of an instrument as they are', () => {
    const batch = batchOfTwo()
    batch.details.set(1, { digits: { price: 2, quantity: 8 } } as never)
    expect(plainEvents(batch)[1]?.detail).toEqual({ digits: { price: 2, quantity: 8 } })
  })
})

/** With a checksum, without one, and of a stream that has none. */
function batchOfBooks(): EventBatch {
  const batch = new EventBatch(new StringTable())
  for (const [stream, checksum] of [
    ['book', 7],
    ['book', Number.NaN],
    ['other', 7],
  ] as const) {
    batch.reserveEvent()
    batch.kind[batch.count] = EventKind.bookDelta
    batch.symbol[batch.count] = batch.names.idOf('A')
    batch.stream[batch.count] = batch.names.idOf(stream)
    batch.checksum[batch.count] = checksum
    batch.endEvent()
  }
  return batch
}
