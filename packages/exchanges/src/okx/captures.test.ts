import {
  type AnswerContext,
  type BookTop,
  DecimalColumn,
  type DecodeOutcome,
  decimalText,
  EventBatch,
  EventKind,
  type ExchangeMarket,
  type Market,
  parseDecimal,
  Side,
  StringTable,
  type TopSide,
} from '@cryptoflow/model'
import { plainEvents } from '@cryptoflow/testkit'
import { describe, expect, it } from 'vitest'
import {
  type Expected,
  mixedRecords,
  readExpected,
  rowsByTable,
  type Tally,
  type Verdict,
} from '../capture-support.ts'
import { capturesDirectory } from '../test-captures.ts'
import { type CaptureLine, isSameBatch, readCaptures } from '../test-support.ts'
import { wires } from './channels.ts'
import { decodeExact } from './exact.ts'
import { decodeFast } from './frame.ts'
import { okxInverse, okxLinear, okxSpot } from './index.ts'
import { bookChecksum } from './rules.ts'

interface ExpectedSession {
  readonly conn: string
  readonly decoded_by_market?: Readonly<Record<string, Tally>>
  readonly book?: Readonly<Record<string, BookCounts>>
}

interface BookCounts {
  readonly updates: number
  readonly snapshots: number
  readonly applied: number
  readonly crossed: number
  readonly crc_checked: number
  readonly crc_ok: number
}

/** What we say of a line. */
type Reading = Pick<Verdict, 'verdict' | 'reason' | 'rows'> & { readonly symbols: readonly string[] }

/** What has prices and quantities on the wire. */
interface WireElement {
  readonly asks?: readonly (readonly string[])[]
  readonly bids?: readonly (readonly string[])[]
  readonly px?: string
  readonly sz?: string
}

const directory = capturesDirectory
const encoder = new TextEncoder()
const markets = [okxSpot(), okxLinear(), okxInverse()]
const MAIN = 'okx-mixed__cryptofeed__2022-05-13.jsonl.zst'
const FALLBACKS_MAX = 0.03
/** What an import says of a book whose symbol nothing tells. */
const NO_SYMBOL: DecodeOutcome = {
  kind: 'malformed',
  reason: 'bad_symbol',
  detail: 'nothing names the symbol',
}

if (directory === undefined) {
  it('reads no captures here', () => {
    process.stdout.write(
      'CRYPTOFLOW_CAPTURES is not set: the decoders were not run on real captures of OKX\n',
    )
    expect(directory).toBeUndefined()
  })
} else {
  const expected = readExpected<ExpectedSession>(directory)
  const wanted = expected.find(({ file }) => file === MAIN) as Expected<ExpectedSession>
  const lines = readCaptures(directory, 'okx-').get(MAIN) as CaptureLine[]
  const mixed = mixedRecords(directory, expected, ['okx'])

  describe('a capture of OKX', () => {
    it('gives the rows that were counted independently', () => {
      const { decoded, ignored, refused } = tallied(lines)
      expect({ decoded, ignored, refused }).toEqual({
        decoded: wanted.decoded,
        ignored: wanted.ignored,
        refused: wanted.refused,
      })
    })

    it.each(['OKX.0', 'OKX.ws.1.0'])('gives each market its own part of %s', (conn) => {
      const session = wanted.sessions.find((one) => one.conn === conn)
      const isRest = conn === 'OKX.0'
      const { byMarket } = tallied(lines.filter(({ transport }) => (transport === 'rest') === isRest))
      expect(byMarket).toEqual(session?.decoded_by_market)
    })

    it('rebuilds every book to its checksum, digit by digit', () => {
      expect(booksOf(lines)).toEqual(Object.assign({}, ...wanted.sessions.map(({ book }) => book)))
    })
  })

  describe('single frames of OKX in mixed captures', () => {
    it('are there', () => expect(mixed.length).toBeGreaterThan(80))

    it.each(mixed)('%s becomes what was decided independently', (_name, record, line) => {
      const { symbols, ...verdict } = readingsOf(line)
      const { verdict: kind, reason, rows } = record
      expect(verdict).toEqual(kind === 'decoded' ? { verdict: kind, rows } : { verdict: kind, reason })
      if (kind === 'decoded' && record.symbol !== undefined) expect(symbols).toEqual([record.symbol])
    })
  })

  describe('the fast path on captures of OKX', () => {
    const frames = [...lines, ...mixed.map(([, , line]) => line)].filter(
      ({ transport }) => transport === 'ws',
    )

    it('reads what the exact path reads, and leaves little of the hot channels to it', () => {
      const names = new StringTable()
      const [fast, exact] = [new EventBatch(names), new EventBatch(names)]
      let [hot, left] = [0, 0]
      for (const own of markets) {
        const { market } = own
        for (const { raw } of frames) {
          fast.clear()
          exact.clear()
          const bytes = encoder.encode(raw)
          const isFast = decodeFast(wires[market], bytes, fast)
          const isEvents = decodeExact(wires[market], bytes, exact).kind === 'events'
          if (isFast && !isSameBatch(fast, exact, own)) {
            expect(plainEvents(fast, 0, own)).toEqual(plainEvents(exact, 0, own))
          }
          if (!isEvents || !/"channel": ?"(books|trades|bbo)/.test(raw)) continue
          hot += 1
          if (!isFast) left += 1
        }
      }
      expect(hot).toBeGreaterThan(370)
      expect(left / hot).toBeLessThanOrEqual(FALLBACKS_MAX)
    })

    it('keeps every number digit by digit', () => {
      const batch = new EventBatch(new StringTable())
      for (const { raw } of frames.filter((line) => /"channel":"(books|trades)"/.test(line.raw))) {
        const { data = [] } = JSON.parse(raw) as { data?: WireElement[] }
        const onWire = data.flatMap(({ asks = [], bids = [], px, sz }) =>
          px === undefined ? [...asks, ...bids].map(([p, q]) => [p, q]) : [[px, sz]],
        )
        batch.clear()
        markets.some((market) => market.decodeFrame(encoder.encode(raw), batch).kind === 'events')
        const stored = plainEvents(batch).flatMap(({ entries }) => entries.map(([, p, q]) => [p, q]))
        expect(stored).toEqual(onWire)
      }
    })
  })
}

/** What all markets together make of a line, as an import does: a message feeds each market that it is of. */
function readingsOf(line: CaptureLine): Reading {
  const readings = markets.map((market) => readingOf(line, market)).filter((one) => one !== null)
  const rows: Record<string, number> = {}
  for (const { tables } of readings) {
    for (const [table, count] of Object.entries(tables)) rows[table] = (rows[table] ?? 0) + count
  }
  const symbols = [...new Set(readings.flatMap((one) => one.symbols))]
  if (Object.keys(rows).length > 0) return { verdict: 'decoded', rows, symbols }
  if (readings.length === 0) return { verdict: 'refused', reason: 'unsupported_endpoint', symbols }
  const told = readings.find(({ outcome }) => reasonOf(outcome) !== 'other_market')?.outcome
  return told?.kind === 'ack' || told?.kind === 'ignored'
    ? { verdict: 'ignored', reason: reasonOf(told), symbols }
    : { verdict: 'refused', reason: told === undefined ? 'other_market' : reasonOf(told), symbols }
}

function reasonOf(outcome: DecodeOutcome): string {
  if (outcome === NO_SYMBOL) return 'no_symbol'
  return 'reason' in outcome ? outcome.reason : outcome.kind
}

interface MarketReading {
  readonly market: Market
  readonly outcome: DecodeOutcome
  readonly tables: Readonly<Record<string, number>>
  readonly symbols: readonly string[]
}

/** Null where it is an answer that the market does not read. */
function readingOf(line: CaptureLine, market: ExchangeMarket): MarketReading | null {
  const bytes = encoder.encode(line.raw)
  const batch = new EventBatch(new StringTable())
  const isAnswer = line.transport === 'rest' || 'code' in (JSON.parse(line.raw) as object)
  if (!isAnswer && market.hears(line.url, bytes) === false) {
    // Acks confirm a subscription whoever reads them; of all else this market keeps nothing.
    expect(['ack', 'other_market']).toContain(reasonOf(market.decodeFrame(bytes, batch)))
    return {
      market: market.market,
      outcome: { kind: 'outside', reason: 'other_market' },
      tables: {},
      symbols: [],
    }
  }
  const outcome = isAnswer ? answered(line, market, bytes, batch) : market.decodeFrame(bytes, batch)
  if (outcome === null) return null
  const symbols = Array.from({ length: batch.count }, (_, i) => batch.names.text(batch.symbol[i] as number))
  return { market: market.market, outcome, tables: rowsByTable(batch, market), symbols }
}

function answered(
  { url }: CaptureLine,
  market: ExchangeMarket,
  body: Uint8Array,
  out: EventBatch,
): DecodeOutcome | null {
  const found = market.recognise(url, body)
  if (found === null) return null
  if (found.symbol === null) return NO_SYMBOL
  const context: AnswerContext = {
    exchange: market.exchange,
    market: market.market,
    symbol: found.symbol,
    stream: found.stream === 'book' ? 'books' : found.stream,
    resync: 1,
    status: 200,
  }
  return market.decodeAnswer(context, body, out)
}

type Counts = Record<string, { messages: number; rows: number }>

function tallied(all: readonly CaptureLine[]): {
  decoded: Counts
  ignored: Record<string, number>
  refused: Record<string, number>
  byMarket: Record<string, Counts>
} {
  const total = {
    decoded: {} as Counts,
    ignored: {} as Record<string, number>,
    refused: {} as Record<string, number>,
    byMarket: {} as Record<string, Counts>,
  }
  for (const line of all) {
    const { verdict, reason = '', rows = {} } = readingsOf(line)
    addRows(total.decoded, rows)
    if (verdict === 'ignored') total.ignored[reason] = (total.ignored[reason] ?? 0) + 1
    if (verdict === 'refused') total.refused[reason] = (total.refused[reason] ?? 0) + 1
    for (const market of markets) {
      const tables = readingOf(line, market)?.tables ?? {}
      if (Object.keys(tables).length === 0) continue
      total.byMarket[market.market] ??= {}
      addRows(total.byMarket[market.market] as Counts, tables)
    }
  }
  return total
}

function addRows(counts: Counts, rows: Readonly<Record<string, number>>): void {
  for (const [table, count] of Object.entries(rows)) {
    counts[table] ??= { messages: 0, rows: 0 }
    counts[table].messages += 1
    counts[table].rows += count
  }
}

/** The plainest book: texts of quantities by texts of prices. */
interface PlainBook {
  readonly sides: readonly [bids: Map<string, string>, asks: Map<string, string>]
  counts: { -readonly [K in keyof BookCounts]: BookCounts[K] }
}

function booksOf(all: readonly CaptureLine[]): Record<string, BookCounts> {
  const books = new Map<string, PlainBook>()
  const batch = new EventBatch(new StringTable())
  for (const { transport, raw } of all) {
    if (transport !== 'ws') continue
    for (const market of markets) {
      batch.clear()
      market.decodeFrame(encoder.encode(raw), batch)
      for (let event = 0; event < batch.count; event++) applyEvent(books, batch, event)
    }
  }
  return Object.fromEntries([...books].map(([symbol, { counts }]) => [symbol, counts]))
}

function applyEvent(books: Map<string, PlainBook>, batch: EventBatch, event: number): void {
  const isSnapshot = batch.kind[event] === EventKind.bookSnapshot
  if (!isSnapshot && batch.kind[event] !== EventKind.bookDelta) return
  const symbol = batch.names.text(batch.symbol[event] as number)
  const counts = { updates: 0, snapshots: 0, applied: 0, crossed: 0, crc_checked: 0, crc_ok: 0 }
  const book = books.get(symbol) ?? { sides: [new Map(), new Map()], counts }
  books.set(symbol, book)
  if (isSnapshot) for (const side of book.sides) side.clear()
  book.counts.snapshots += isSnapshot ? 1 : 0
  book.counts.updates += isSnapshot ? 0 : 1
  book.counts.applied += isSnapshot ? 0 : 1
  for (let row = batch.entryStart[event] as number; row < (batch.entryStart[event + 1] as number); row++) {
    const side = book.sides[batch.side[row] === Side.bid ? 0 : 1] as Map<string, string>
    const price = textOf(batch.price, row)
    if (batch.quantity.mantissa(row) === 0n) side.delete(price)
    else side.set(price, textOf(batch.quantity, row))
  }
  const top = topOf(book)
  const [bid, ask] = [top.bids, top.asks].map(({ price }) => Number(textOf(price, 0))) as [number, number]
  book.counts.crossed += bid >= ask ? 1 : 0
  if (Number.isNaN(batch.checksum[event])) return
  book.counts.crc_checked += 1
  book.counts.crc_ok += bookChecksum.of(top) === batch.checksum[event] ? 1 : 0
}

function textOf(column: DecimalColumn, row: number): string {
  return decimalText(column.mantissa(row) ?? 0n, column.scales[row] as number)
}

function topOf({ sides: [bids, asks] }: PlainBook): BookTop {
  return { bids: sideOf(bids, -1), asks: sideOf(asks, 1), priceScale: -1, quantityScale: -1 }
}

function sideOf(levels: ReadonlyMap<string, string>, direction: 1 | -1): TopSide {
  const best = [...levels]
    .sort(([a], [b]) => direction * (Number(a) - Number(b)))
    .slice(0, bookChecksum.depth)
  const [price, quantity] = [new DecimalColumn(), new DecimalColumn()]
  for (const [level, texts] of best.entries()) {
    for (const [i, column] of [price, quantity].entries()) {
      const decimal = parseDecimal(texts[i] as string)
      if (decimal !== null && decimal !== 'range') column.set(level, decimal.mantissa, decimal.scale)
    }
  }
  return { count: best.length, price, quantity }
}
