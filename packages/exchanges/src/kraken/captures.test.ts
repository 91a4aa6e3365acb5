import {
  DecimalColumn,
  type DecodeOutcome,
  EventBatch,
  EventKind,
  type ExchangeMarket,
  type Market,
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
import { decodeFuturesExact, decodeFuturesFast } from './futures.ts'
import { krakenInverse, krakenLinear, krakenSpot } from './index.ts'
import { followsId, spotChecksum } from './rules.ts'
import { decodeSpotExact, decodeSpotFast } from './spot.ts'

interface ExpectedSession {
  readonly conn: string
  readonly book?: Readonly<Record<string, BookFacts>>
}

interface BookFacts {
  readonly updates: number
  readonly gaps?: number
  readonly snapshots: number
  readonly applied: number
  readonly crossed: number
  readonly crc_checked?: number
  readonly crc_ok?: number
}

type Line = CaptureLine & { readonly conn: string }

const directory = capturesDirectory
const encoder = new TextEncoder()
const markets = { spot: krakenSpot(), linear: krakenLinear(), inverse: krakenInverse() }
/** Fallbacks that frames of trades and books may need. */
const FALLBACKS_MAX = 0.03

if (directory === undefined) {
  it('reads no captures here', () => {
    process.stdout.write('CRYPTOFLOW_CAPTURES is not set: the decoders were not run on real captures\n')
    expect(directory).toBeUndefined()
  })
} else {
  const expected = readExpected<ExpectedSession>(directory)
  const files = [...readCaptures(directory, 'kraken')].map(([name, lines]) => {
    const facts = expected.find(({ file }) => file === name) as Expected<ExpectedSession>
    return [name, lines as Line[], facts, name.startsWith('kraken_futures') ? 'inverse' : 'spot'] as const
  })

  describe('real captures of Kraken', () => {
    it('are there, of both protocols', () => expect(files.length).toBe(3))

    it.each(files)('%s gives the rows that were counted independently', (_name, lines, facts, market) => {
      const tally = tallyOf(lines, markets[market], (line, out) => decode(line, markets[market], out))
      expect(tally).toEqual({ decoded: facts.decoded, ignored: facts.ignored, refused: facts.refused })
    })

    it.each(files)('%s gives books that follow and prove themselves', (_name, lines, facts, market) => {
      for (const { conn, book = {} } of facts.sessions) {
        const found = booksOf(
          lines.filter((line) => line.conn === conn && line.transport === 'ws'),
          markets[market],
        )
        expect([...found.keys()].sort()).toEqual(Object.keys(book).sort())
        for (const [symbol, wanted] of Object.entries(book)) expect(found.get(symbol)).toMatchObject(wanted)
      }
    })

    it.each(files)('%s keeps every number digit by digit', (_name, lines, _facts, market) => {
      const batch = new EventBatch(new StringTable())
      for (const { transport, raw } of lines) {
        batch.clear()
        const outcome = markets[market].decodeFrame(encoder.encode(raw), batch)
        if (transport !== 'ws' || outcome.kind !== 'events' || !/"(price|qty)"/.test(raw)) continue
        const onWire = [...raw.matchAll(/"(?:price|qty)":([^,}\]]+)/g)].map((match) => match[1])
        const stored = plainEvents(batch).flatMap(({ entries }) => entries.flatMap((entry) => entry.slice(1)))
        expect(stored.toSorted()).toEqual(onWire.toSorted())
      }
    })

    it.each(files)('%s is read by the fast path, and by both paths alike', (_name, lines, facts, market) => {
      const names = new StringTable()
      const fast = new EventBatch(names)
      const exact = new EventBatch(names)
      let hot = 0
      let fallbacks = 0
      for (const { raw } of lines.filter((line) => line.transport === 'ws')) {
        fast.clear()
        exact.clear()
        const bytes = encoder.encode(raw)
        const isFast =
          market === 'spot' ? decodeSpotFast(bytes, fast) : decodeFuturesFast(market, bytes, fast)
        const outcome =
          market === 'spot' ? decodeSpotExact(bytes, exact) : decodeFuturesExact(market, bytes, exact)
        if (outcome.kind === 'events') hot += 1
        if (outcome.kind === 'events' && !isFast) fallbacks += 1
        if (isFast) expectSame(fast, exact)
      }
      expect(hot > 0).toBe(Object.keys(facts.decoded).length > 0)
      if (hot > 0) expect(fallbacks / hot).toBeLessThanOrEqual(FALLBACKS_MAX)
    })

    it('confirm that trades of futures are counted by one', () => {
      const [, lines] = files.find(([, , , market]) => market === 'inverse') ?? []
      const batch = new EventBatch(new StringTable())
      for (const { transport, raw } of lines ?? []) {
        if (transport === 'ws') markets.inverse.decodeFrame(encoder.encode(raw), batch)
      }
      const last = new Map<string, number>()
      const answers: string[] = []
      for (const { kind, symbol, lastSeq } of plainEvents(batch)) {
        if (kind !== 'trade') continue
        const before = last.get(symbol)
        if (before !== undefined) answers.push(followsId(before, lastSeq as number))
        last.set(symbol, lastSeq as number)
      }
      expect(new Set(answers)).toEqual(new Set(['next']))
      expect(answers.length).toBe(993)
    })
  })

  describe('single frames of Kraken in mixed captures', () => {
    const frames = mixedRecords(directory, expected, ['kraken'])

    it('are there', () => expect(frames.length).toBe(32))

    it.each(frames)('%s becomes what was decided independently', (_name, record, line) => {
      const bytes = encoder.encode(line.raw)
      if (record.body === 'rest' || line.transport === 'rest') {
        // Books by REST, of spot or of futures: known and not read.
        const unread = { stream: 'unread', symbol: null }
        const recognised = Object.values(markets).map((market) => market.recognise(line.url, bytes))
        expect([
          [unread, null, null],
          [null, unread, unread],
        ]).toContainEqual(recognised)
        expect(record.verdict).toBe('refused')
        return
      }
      const market = markets[record.market as Market]
      const batch = new EventBatch(new StringTable())
      const outcome = market.decodeFrame(bytes, batch)
      expect(rowsByTable(batch, market)).toEqual(record.rows ?? {})
      if (record.verdict === 'decoded') {
        expect(outcome).toEqual({ kind: 'events' })
        expect(batch.names.text(batch.symbol[0] as number)).toBe(record.symbol)
      } else expect(verdictOf(outcome)).toEqual([record.verdict, record.reason])
      for (const [name, other] of Object.entries(markets)) {
        expect(other.hears(line.url, bytes)).toBe(name === record.market)
        if (name === record.market) continue
        const left = other.decodeFrame(bytes, new EventBatch(new StringTable()))
        const isObsolete = record.reason === 'obsolete_protocol'
        expect(left).toEqual({ kind: 'outside', reason: isObsolete ? record.reason : 'other_market' })
      }
    })

    it('carry no checksum that their invented books would have', () => {
      for (const [, record, line] of frames) {
        if (record.market !== 'spot' || record.rows?.spot_delta === undefined) continue
        const found = booksOf([line], markets.spot)
        expect(found.get(record.symbol as string)).toMatchObject({ crc_checked: 1, crc_ok: 0 })
      }
    })
  })
}

function expectSame(fast: EventBatch, exact: EventBatch): void {
  const sums = (batch: EventBatch): unknown[] => [...batch.checksum.subarray(0, batch.count)]
  if (!isSameBatch(fast, exact)) expect(plainEvents(fast)).toEqual(plainEvents(exact))
  const isBook = fast.kind[0] === EventKind.bookDelta || fast.kind[0] === EventKind.bookSnapshot
  if (isBook) expect(sums(fast)).toEqual(sums(exact))
  expect([...fast.textIds]).toEqual([...exact.textIds])
}

function decode(line: CaptureLine, market: ExchangeMarket, out: EventBatch): DecodeOutcome {
  const bytes = encoder.encode(line.raw)
  if (line.transport === 'ws') return market.decodeFrame(bytes, out)
  const recognised = market.recognise(line.url, bytes)
  // The one answer that no market reads belongs to the session of version 1.
  if (recognised === null) return { kind: 'outside', reason: 'obsolete_protocol' }
  const { stream, symbol = '' } = recognised
  const asked = { exchange: market.exchange, market: market.market, resync: 0, status: 200 }
  return market.decodeAnswer({ ...asked, stream, symbol: symbol ?? '' }, bytes, out)
}

/** A book as anybody would keep it: levels by their price, as they were written. */
interface PlainBook {
  readonly bids: Map<number, readonly [row: bigint, scale: number, quantity: bigint, quantityScale: number]>
  readonly asks: PlainBook['bids']
  depth: number
  position: number
}

type Facts = { -readonly [Key in keyof Required<BookFacts>]: number }

/** Books of the frames by symbol, and what the independent count says of them. */
function booksOf(lines: readonly CaptureLine[], market: ExchangeMarket): Map<string, Facts> {
  const facts = new Map<string, Facts>()
  const books = new Map<string, PlainBook>()
  const rule = market.streams.find(({ book }) => book !== null)?.book
  if (rule?.origin !== 'stream') throw new Error('books begin in their stream')
  const batch = new EventBatch(new StringTable())
  for (const { raw } of lines) {
    batch.clear()
    market.decodeFrame(encoder.encode(raw), batch)
    for (let event = 0; event < batch.count; event++) {
      const isSnapshot = batch.kind[event] === EventKind.bookSnapshot
      if (!isSnapshot && batch.kind[event] !== EventKind.bookDelta) continue
      const symbol = batch.names.text(batch.symbol[event] as number)
      const fact = facts.get(symbol) ?? {
        ...{ updates: 0, gaps: 0, snapshots: 0, applied: 0, crossed: 0, crc_checked: 0, crc_ok: 0 },
      }
      facts.set(symbol, fact)
      const book = isSnapshot ? emptyBook() : (books.get(symbol) as PlainBook)
      books.set(symbol, book)
      apply(book, batch, event)
      if (isSnapshot) {
        fact.snapshots += 1
        const held = Math.max(book.bids.size, book.asks.size)
        book.depth = rule.depths?.find((depth) => depth >= held) ?? Number.POSITIVE_INFINITY
      } else {
        fact.updates += 1
        fact.applied += 1
        const last = batch.lastSeq[event] as number
        if (rule.follows !== null && rule.follows(book.position, last, last, Number.NaN) !== 'next')
          fact.gaps += 1
      }
      book.position = batch.lastSeq[event] as number
      cut(book)
      const [bid, ask] = [Math.max(...book.bids.keys()), Math.min(...book.asks.keys())]
      if (bid >= ask) fact.crossed += 1
      if (rule.checksum === null) continue
      fact.crc_checked += 1
      if (spotChecksum.of(topOf(book)) === batch.checksum[event]) fact.crc_ok += 1
    }
  }
  return facts
}

function emptyBook(): PlainBook {
  return { bids: new Map(), asks: new Map(), depth: 0, position: Number.NaN }
}

function apply(book: PlainBook, batch: EventBatch, event: number): void {
  for (let row = batch.entryStart[event] as number; row < (batch.entryStart[event + 1] as number); row++) {
    const side = batch.side[row] === Side.bid ? book.bids : book.asks
    const price = batch.price.mantissa(row) as bigint
    const quantity = batch.quantity.mantissa(row) as bigint
    const scale = batch.price.scales[row] as number
    const key = Number(price) / 10 ** scale
    if (quantity === 0n) side.delete(key)
    else side.set(key, [price, scale, quantity, batch.quantity.scales[row] as number])
  }
}

function cut({ bids, asks, depth }: PlainBook): void {
  for (const price of [...bids.keys()].sort((a, b) => b - a).slice(depth)) bids.delete(price)
  for (const price of [...asks.keys()].sort((a, b) => a - b).slice(depth)) asks.delete(price)
}

function topOf({ bids, asks }: PlainBook): Parameters<typeof spotChecksum.of>[0] {
  const side = (levels: PlainBook['bids'], order: 1 | -1): ReturnType<typeof topOf>['bids'] => {
    const [price, quantity] = [new DecimalColumn(), new DecimalColumn()]
    const best = [...levels].sort(([a], [b]) => order * (a - b)).slice(0, spotChecksum.depth)
    for (const [row, [, [mantissa, scale, amount, amountScale]]] of best.entries()) {
      price.reserve(row + 1)
      quantity.reserve(row + 1)
      price.set(row, mantissa, scale)
      quantity.set(row, amount, amountScale)
    }
    return { count: best.length, price, quantity }
  }
  return { bids: side(bids, -1), asks: side(asks, 1), priceScale: -1, quantityScale: -1 }
}
