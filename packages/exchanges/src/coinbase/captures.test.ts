import {
  type AnswerContext,
  type DecodeOutcome,
  decimalText,
  EventBatch,
  EventKind,
  Side,
  StringTable,
} from '@cryptoflow/model'
import { plainEvents } from '@cryptoflow/testkit'
import { describe, expect, it } from 'vitest'
import {
  type Expected,
  mixedRecords,
  readExpected,
  rowsByTable,
  tallyOf,
  verdictOf,
} from '../capture-support.ts'
import { capturesDirectory } from '../test-captures.ts'
import { type CaptureLine, isSameBatch, readCaptures } from '../test-support.ts'
import { decodeExact } from './exact.ts'
import { decodeFast } from './frame.ts'
import { coinbaseLinear, coinbaseSpot } from './index.ts'

interface ExpectedSession {
  readonly book?: Readonly<Record<string, ExpectedBook>>
}

interface ExpectedBook {
  readonly updates: number
  readonly snapshots: number
  readonly applied: number
  readonly crossed: number
  readonly ticker_points: number
  readonly ticker_equal: number
}

const directory = capturesDirectory
const encoder = new TextEncoder()
const spot = coinbaseSpot()
const linear = coinbaseLinear()
const FALLBACKS_MAX = 0.03

if (directory === undefined) {
  it('reads no captures here', () => {
    process.stdout.write(
      'CRYPTOFLOW_CAPTURES is not set: the decoders of Coinbase were not run on real captures\n',
    )
    expect(directory).toBeUndefined()
  })
} else {
  const expected = readExpected<ExpectedSession>(directory)
  const files = [...readCaptures(directory, 'coinbase-')]

  describe('real captures of Coinbase', () => {
    it('are there', () => expect(files.length).toBe(2))

    it.each(files)('%s gives the rows that were counted independently', (name, lines) => {
      const wanted = expected.find(({ file }) => file === name) as Expected<ExpectedSession>
      const found = tallyOf(lines, spot, decode)
      expect(found.decoded).toEqual(wanted.decoded)
      expect(found.ignored).toEqual(wanted.ignored)
      expect(found.refused).toEqual(wanted.refused)
    })

    it.each(files)('%s gives books that agree with the tickers as counted independently', (name, lines) => {
      const wanted = expected.find(({ file }) => file === name) as Expected<ExpectedSession>
      const books = wanted.sessions.map(({ book }) => book).find((book) => book !== undefined)
      expect(booksOf(lines)).toEqual(books)
    })

    it.each(files)('%s is read by the fast path, and by both paths alike', (_name, lines) => {
      const names = new StringTable()
      const fast = new EventBatch(names)
      const exact = new EventBatch(names)
      let [fastFrames, eventFrames] = [0, 0]
      for (const { raw } of lines.filter(({ transport }) => transport === 'ws')) {
        fast.clear()
        exact.clear()
        const bytes = encoder.encode(raw)
        const isFast = decodeFast('spot', bytes, fast)
        if (decodeExact('spot', bytes, exact).kind === 'events') eventFrames += 1
        if (!isFast) continue
        fastFrames += 1
        if (!isSameBatch(fast, exact)) expect(plainEvents(fast)).toEqual(plainEvents(exact))
      }
      expect(eventFrames).toBeGreaterThan(0)
      expect(1 - fastFrames / eventFrames).toBeLessThanOrEqual(FALLBACKS_MAX)
    })

    it.each(files)('%s keeps every number digit by digit', (_name, lines) => {
      const batch = new EventBatch(new StringTable())
      for (const { transport, raw } of lines) {
        batch.clear()
        if (transport !== 'ws' || spot.decodeFrame(encoder.encode(raw), batch).kind !== 'events') continue
        const onWire = (raw.match(/"[0-9.]+"/g) ?? []).map((text) => text.slice(1, -1))
        const stored = plainEvents(batch).flatMap(({ entries }) =>
          entries.flatMap(([, price, quantity]) => [price, quantity]),
        )
        // A match has its size before its price.
        const isTrade = batch.kind[0] === EventKind.trade
        if (stored.join() !== (isTrade ? onWire.reverse() : onWire).join()) expect(stored).toEqual(onWire)
      }
    })

    it('has trades whose ids follow each other in every product', () => {
      const batch = new EventBatch(new StringTable())
      const last = new Map<string, number>()
      for (const { transport, raw } of files.flatMap(([, lines]) => lines)) {
        batch.clear()
        if (transport === 'ws') spot.decodeFrame(encoder.encode(raw), batch)
        for (const { kind, symbol, lastSeq } of kinds(batch)) {
          if (kind !== EventKind.trade) continue
          const before = last.get(symbol)
          if (before !== undefined)
            expect(spot.streams[0]?.follows?.(before, lastSeq, lastSeq, Number.NaN)).toBe('next')
          last.set(symbol, lastSeq)
        }
      }
      expect(last.size).toBe(5)
    })
  })

  describe('single frames of Coinbase in mixed captures', () => {
    const frames = mixedRecords(directory, expected, ['coinbase', 'coinbase_intl'])

    it('are there', () => expect(frames.length).toBe(18))

    it.each(frames)('%s becomes what was decided independently', (_name, record, line) => {
      for (const market of record.market == null
        ? [spot, linear]
        : [record.market === 'spot' ? spot : linear]) {
        const batch = new EventBatch(new StringTable())
        const outcome = market.decodeFrame(encoder.encode(line.raw), batch)
        expect(rowsByTable(batch, market)).toEqual(record.rows ?? {})
        expect(verdictOf(outcome)).toEqual([record.verdict, record.reason])
        if (record.symbol === undefined) continue
        if (record.verdict === 'decoded')
          expect(batch.names.text(batch.symbol[0] as number)).toBe(record.symbol)
        expect(market.hears(line.url, encoder.encode(line.raw))).toBe(true)
      }
    })

    it.each(frames.filter(([, { verdict }]) => verdict === 'decoded'))(
      '%s is of one market only',
      (_name, record, line) => {
        const other = record.market === 'spot' ? linear : spot
        const bytes = encoder.encode(line.raw)
        const outcome = other.decodeFrame(bytes, new EventBatch(new StringTable()))
        expect(outcome).toEqual({ kind: 'outside', reason: 'other_market' })
        expect(other.hears(line.url, bytes)).toBe(false)
      },
    )
  })
}

function decode(line: CaptureLine, out: EventBatch): DecodeOutcome {
  const bytes = encoder.encode(line.raw)
  if (line.transport === 'ws') return spot.decodeFrame(bytes, out)
  const { stream, symbol } = spot.recognise(line.url, bytes) ?? { stream: '', symbol: '' }
  const context: AnswerContext = {
    exchange: 'coinbase',
    market: 'spot',
    symbol: symbol ?? '',
    stream,
    resync: 0,
    status: 200,
  }
  return spot.decodeAnswer(context, bytes, out)
}

function kinds(batch: EventBatch): { kind: number; symbol: string; lastSeq: number }[] {
  return Array.from({ length: batch.count }, (_, event) => ({
    kind: batch.kind[event] as number,
    symbol: batch.names.text(batch.symbol[event] as number),
    lastSeq: batch.lastSeq[event] as number,
  }))
}

/** A book in the plainest way: levels by price, quantities as text. */
interface PlainBook {
  readonly bids: Map<string, number>
  readonly asks: Map<string, number>
  readonly counts: { -readonly [key in keyof ExpectedBook]: number }
}

function booksOf(lines: readonly CaptureLine[]): Record<string, ExpectedBook> {
  const books = new Map<string, PlainBook>()
  const batch = new EventBatch(new StringTable())
  for (const { transport, raw } of lines) {
    if (transport !== 'ws') continue
    batch.clear()
    const outcome = spot.decodeFrame(encoder.encode(raw), batch)
    if (outcome.kind === 'ignored') compareTicker(raw, books)
    for (let event = 0; event < batch.count; event++) {
      if (batch.kind[event] !== EventKind.trade) applyTo(books, batch, event)
    }
  }
  return Object.fromEntries([...books].map(([symbol, { counts }]) => [symbol, counts]))
}

function applyTo(books: Map<string, PlainBook>, batch: EventBatch, event: number): void {
  const symbol = batch.names.text(batch.symbol[event] as number)
  const none = { updates: 0, snapshots: 0, applied: 0, crossed: 0, ticker_points: 0, ticker_equal: 0 }
  const book = books.get(symbol) ?? { bids: new Map(), asks: new Map(), counts: none }
  books.set(symbol, book)
  const isSnapshot = batch.kind[event] === EventKind.bookSnapshot
  if (isSnapshot) for (const side of [book.bids, book.asks]) side.clear()
  for (let row = batch.entryStart[event] as number; row < (batch.entryStart[event + 1] as number); row++) {
    const price = decimalText(batch.price.mantissa(row) as bigint, batch.price.scales[row] as number)
    const side = batch.side[row] === Side.bid ? book.bids : book.asks
    if (batch.quantity.mantissa(row) === 0n) side.delete(price)
    else side.set(price, Number(price))
  }
  if (isSnapshot) book.counts.snapshots += 1
  else {
    book.counts.updates += 1
    book.counts.applied += 1
    if (Math.max(...book.bids.values()) >= Math.min(...book.asks.values())) book.counts.crossed += 1
  }
}

function compareTicker(raw: string, books: Map<string, PlainBook>): void {
  const { product_id, best_bid, best_ask } = JSON.parse(raw) as Record<string, string>
  const book = books.get(product_id ?? '')
  if (book === undefined) return
  book.counts.ticker_points += 1
  const isBid = Math.max(...book.bids.values()) === Number(best_bid)
  if (isBid && Math.min(...book.asks.values()) === Number(best_ask)) book.counts.ticker_equal += 1
}
