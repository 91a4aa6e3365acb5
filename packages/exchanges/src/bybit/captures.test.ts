import {
  type AnswerContext,
  type DecodeOutcome,
  EventBatch,
  EventKind,
  type ExchangeMarket,
  type Market,
  StringTable,
} from '@cryptoflow/model'
import { type PlainEvent, plainEvents } from '@cryptoflow/testkit'
import { describe, expect, it } from 'vitest'
import {
  type Expected,
  mixedRecords,
  readExpected,
  rowsByTable,
  tallyOf,
  type Verdict,
} from '../capture-support.ts'
import { capturesDirectory } from '../test-captures.ts'
import { type CaptureLine, isSameBatch, readCaptures } from '../test-support.ts'
import { wires } from './channels.ts'
import { decodeExact } from './exact.ts'
import { decodeFast } from './frame.ts'
import { bybitInverse, bybitLinear, bybitSpot } from './index.ts'

interface ExpectedSession {
  readonly market: string
  readonly book?: Readonly<Record<string, ExpectedBook>>
}

interface ExpectedBook {
  readonly updates: number
  readonly gaps: number
  readonly snapshots: number
  readonly applied: number
  readonly crossed: number
  readonly levels_at_end: readonly [bids: number, asks: number]
}

const markets: Readonly<Record<Market, ExchangeMarket>> = {
  spot: bybitSpot(),
  linear: bybitLinear(),
  inverse: bybitInverse(),
}
const directory = capturesDirectory
const encoder = new TextEncoder()
const HOT = /^\{\s*"topic":\s*"(?:publicTrade|orderbook)\./
const FALLBACKS_MAX = 0.03

if (directory === undefined) {
  it('reads no captures here', () => {
    process.stdout.write('CRYPTOFLOW_CAPTURES is not set: the decoders were not run on real captures\n')
    expect(directory).toBeUndefined()
  })
} else {
  const expected = readExpected<ExpectedSession>(directory)
  const wanted = (name: string): Expected<ExpectedSession> =>
    expected.find(({ file }) => file === name) as Expected<ExpectedSession>
  const files = [...readCaptures(directory, 'bybit')]
  const records = mixedRecords(directory, expected, ['bybit']).map(([name, record, line]) => ({
    name,
    record,
    line,
  }))

  describe('real captures', () => {
    it('are there, and single frames of every market', () => {
      expect(files.map(([name]) => name).length).toBe(2)
      expect(records.length).toBeGreaterThan(50)
      expect(new Set(records.map(({ record }) => record.market ?? ''))).toEqual(
        new Set(['spot', 'linear', 'inverse', 'option', '']),
      )
    })

    it.each(files)('%s gives what was counted independently', (name, lines) => {
      const { decoded, ignored, refused } = wanted(name)
      expect(tallyOf(lines, markets.linear, (line, out) => read(markets.linear, line, out))).toEqual({
        decoded,
        ignored,
        refused,
      })
    })

    it.each(records)('$name becomes what was decided independently', ({ record, line }) => {
      for (const market of marketsOf(record)) {
        const { outcome, batch } = decode(market, line)
        expect(rowsByTable(batch, market)).toEqual(record.rows ?? {})
        if (record.verdict === 'decoded') {
          expect(outcome).toEqual({ kind: 'events' })
          expect(batch.names.text(batch.symbol[0] as number)).toBe(record.symbol)
        } else if (record.verdict === 'refused') {
          expect(outcome).toEqual({ kind: 'outside', reason: record.reason })
        } else expect([outcome.kind, 'reason' in outcome && outcome.reason]).toContain(record.reason)
      }
    })

    it.each(records.filter(({ line }) => line.transport === 'ws'))(
      '$name is heard by no other market',
      ({ record, line }) => {
        const bytes = encoder.encode(line.raw)
        for (const market of Object.values(markets)) {
          const isHeard = market.hears(line.url, bytes)
          if (record.market === market.market) expect(isHeard).not.toBe(false)
          else expect(isHeard).not.toBe(true)
        }
      },
    )

    it('are read by the fast path, and by both paths alike', () => {
      const lines = [
        ...files.flatMap(([, all]) => all.map((line) => ({ line, of: [markets.linear] }))),
        ...records.map(({ line, record }) => ({ line, of: marketsOf(record) })),
      ]
      let hot = 0
      let fast = 0
      for (const { line, of } of lines.filter(({ line }) => line.transport === 'ws')) {
        for (const { market } of of) {
          const { isHot, isFast } = bothPaths(market, encoder.encode(line.raw))
          if (isHot && HOT.test(line.raw)) hot += 1
          if (isFast) fast += 1
        }
      }
      expect(hot).toBeGreaterThan(30)
      expect(1 - fast / hot).toBeLessThanOrEqual(FALLBACKS_MAX)
    })

    it('keep every number of books and trades digit by digit', () => {
      for (const { line, market } of [
        ...files.flatMap(([, lines]) => lines.map((line) => ({ line, market: markets.linear }))),
        ...records.map(({ line, record }) => ({ line, market: marketsOf(record)[0] as ExchangeMarket })),
      ]) {
        if (!HOT.test(line.raw)) continue
        const { outcome, batch } = decode(market, line)
        if (outcome.kind !== 'events') continue
        const isQuote = batch.kind[0] === EventKind.quote
        const onWire = numbersOf(line.raw, isQuote)
        const stored = (plainEvents(batch) as PlainEvent[]).flatMap(({ entries }) =>
          entries.flatMap(([, price, quantity]) => [price, quantity]),
        )
        expect(stored.sort()).toEqual(onWire.sort())
      }
    })

    const books = [
      ...files.map(([name, lines]) => ({ name, lines, sessions: wanted(name).sessions })),
      ...[...readCaptures(directory, 'mixed__')].flatMap(([name, lines]) =>
        wanted(name).sessions.map((session) => {
          const { conn } = session as unknown as { conn: string }
          const own = lines.filter((line) => (line as CaptureLine & { conn: string }).conn === conn)
          return { name: `${name} ${conn}`, lines: own, sessions: [session], exchange: own[0]?.exchange }
        }),
      ),
    ].filter(({ sessions, lines }) => lines[0]?.exchange === 'bybit' && sessions.some(({ book }) => book))

    it('have books to follow', () => expect(books.length).toBeGreaterThanOrEqual(2))

    it.each(books)('$name gives the books that were followed independently', ({ lines, sessions }) => {
      for (const { market: named, book } of sessions) {
        for (const [symbol, counts] of Object.entries(book ?? {})) {
          const market = markets[(named === 'spot' ? 'spot' : 'linear') as Market]
          expect(follow(lines, market, symbol)).toEqual(counts)
        }
      }
    })
  })
}

/** What is no market's is everybody's to refuse, and an ack the same for all. */
function marketsOf({ market }: Verdict): readonly ExchangeMarket[] {
  const own = market === 'spot' || market === 'linear' || market === 'inverse' ? markets[market] : null
  return own === null ? Object.values(markets) : [own]
}

function decode(market: ExchangeMarket, line: CaptureLine): { outcome: DecodeOutcome; batch: EventBatch } {
  const batch = new EventBatch(new StringTable())
  return { outcome: read(market, line, batch), batch }
}

function read(market: ExchangeMarket, { url, raw, transport }: CaptureLine, out: EventBatch): DecodeOutcome {
  const bytes = encoder.encode(raw)
  const recognised = transport === 'rest' ? market.recognise(url, bytes) : null
  if (recognised === null) return market.decodeFrame(bytes, out)
  const { stream, symbol } = recognised
  const asked: AnswerContext = {
    exchange: market.exchange,
    market: market.market,
    symbol: symbol as string,
    stream,
    resync: 0,
    status: 200,
  }
  return market.decodeAnswer(asked, bytes, out)
}

/** Whether the frame gives events, and whether the fast path reads it; what both read is the same. */
function bothPaths(market: Market, bytes: Uint8Array): { isHot: boolean; isFast: boolean } {
  const names = new StringTable()
  const fast = new EventBatch(names)
  const exact = new EventBatch(names)
  const isFast = decodeFast(wires[market], bytes, fast)
  const outcome = decodeExact(wires[market], bytes, exact)
  if (isFast) {
    expect(isSameBatch(fast, exact)).toBe(true)
    expect([...fast.textIds]).toEqual([...exact.textIds])
  } else expect([fast.count, fast.entryCount]).toEqual([0, 0])
  return { isHot: outcome.kind === 'events', isFast }
}

/** Prices and quantities of a message as they are written; of a quote those of the best level alone. */
function numbersOf(raw: string, isQuote: boolean): string[] {
  const { data } = JSON.parse(raw) as { data: unknown }
  if (Array.isArray(data)) return data.flatMap(({ p, v }: { p: string; v: string }) => [p, v])
  const { a, b } = data as Readonly<Record<'a' | 'b', readonly (readonly string[])[]>>
  return [b, a].flatMap((levels) => (isQuote ? levels.slice(0, 1) : levels)).flat()
}

/** A book as plain as can be: what two maps of price texts to quantities hold after each message. */
function follow(lines: readonly CaptureLine[], market: ExchangeMarket, symbol: string): ExpectedBook {
  const sides = { bid: new Map<string, string>(), ask: new Map<string, string>() }
  const counts = { updates: 0, gaps: 0, snapshots: 0, applied: 0, crossed: 0 }
  let position = Number.NaN
  for (const line of lines) {
    const { batch } = decode(market, line)
    for (const event of plainEvents(batch)) {
      const spec = market.streams.find(({ name }) => name === event.stream)
      const isSnapshot = event.kind === 'bookSnapshot'
      if (event.symbol !== symbol || spec === undefined || spec.book === null) continue
      const last = event.lastSeq as number
      if (isSnapshot) {
        counts.snapshots += 1
        sides.bid.clear()
        sides.ask.clear()
      } else {
        counts.updates += 1
        const answer = spec.book.follows?.(position, event.firstSeq as number, last, Number.NaN)
        if (answer === 'gap') counts.gaps += 1
        if (answer === 'next') counts.applied += 1
      }
      position = last
      apply(sides, event)
      const depth = (spec.book as { depths: readonly number[] }).depths[0] as number
      cut(sides.bid, depth, -1)
      cut(sides.ask, depth, 1)
      if (isCrossed(sides)) counts.crossed += 1
    }
  }
  return { ...counts, levels_at_end: [sides.bid.size, sides.ask.size] }
}

type Sides = Readonly<Record<'bid' | 'ask', Map<string, string>>>

function apply(sides: Sides, event: PlainEvent): void {
  for (const [side, price, quantity] of event.entries) {
    if (Number(quantity) === 0) sides[side as 'bid' | 'ask'].delete(price)
    else sides[side as 'bid' | 'ask'].set(price, quantity)
  }
}

/** Best first by `direction`: bids descend, asks ascend. */
function cut(side: Map<string, string>, depth: number, direction: number): void {
  const sorted = [...side.keys()].sort((a, b) => direction * (Number(a) - Number(b)))
  for (const price of sorted.slice(depth)) side.delete(price)
}

function isCrossed({ bid, ask }: Sides): boolean {
  if (bid.size === 0 || ask.size === 0) return false
  return Math.max(...[...bid.keys()].map(Number)) >= Math.min(...[...ask.keys()].map(Number))
}
