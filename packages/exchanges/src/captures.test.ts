import {
  type AnswerContext,
  type DecodeOutcome,
  EventBatch,
  type ExchangeMarket,
  type Market,
  StringTable,
} from '@cryptoflow/model'
import { type PlainEvent, plainEvents } from '@cryptoflow/testkit'
import { describe, expect, it } from 'vitest'
import { wires } from './binance/channels.ts'
import { decodeExact } from './binance/exact.ts'
import { decodeFast } from './binance/frame.ts'
import { type Expected, mixedRecords, readExpected, rowsByTable, type Tally } from './capture-support.ts'
import { findMarket } from './index.ts'
import { capturesDirectory } from './test-captures.ts'
import { type CaptureLine, isSameBatch, readCaptures } from './test-support.ts'

const directory = capturesDirectory
const encoder = new TextEncoder()
const marketOf: Readonly<Record<string, Market>> = { spot: 'spot', usdm: 'linear', coinm: 'inverse' }
/** Symbols of answers that name none and have no address: README of the captures. */
const hints: Readonly<Record<Market, string>> = { spot: 'BTCUSDT', linear: 'ETHUSDT', inverse: '' }
const FALLBACKS_MAX = 0.005

if (directory === undefined) {
  it('reads no captures here', () => {
    process.stdout.write('CRYPTOFLOW_CAPTURES is not set: the decoders were not run on real captures\n')
    expect(directory).toBeUndefined()
  })
} else {
  const expected = readExpected(directory)
  const files = [...readCaptures(directory, 'binance')]
    .filter(([, lines]) => lines.every((line) => line.encoding === undefined))
    .map(([name, lines]) => {
      const market = marketOf[lines[0]?.market ?? ''] as Market
      return [name, lines, findMarket('binance', market)] as const
    })

  describe('real captures of Binance', () => {
    it('are there, of every market', () => {
      expect(files.length).toBe(9)
      expect(new Set(files.map(([, , { market }]) => market)).size).toBe(3)
    })

    const counted = files.filter(([name]) => name.startsWith('binance-'))
    it.each(counted)('%s gives the rows that were counted independently', (name, lines, market) => {
      const wanted = expected.find((file) => file.file === name) as Expected
      const { decoded, ignored, others } = tally(lines, market)
      expect(decoded).toEqual(wanted.decoded)
      expect(ignored).toEqual(wanted.ignored)
      expect(others).toBe(0)
    })

    it.each(files)('%s is read by the fast path, and by both paths alike', (_name, lines, { market }) => {
      const names = new StringTable()
      const fast = new EventBatch(names)
      const exact = new EventBatch(names)
      let fastFrames = 0
      let eventFrames = 0
      for (const { raw } of lines.filter((line) => line.transport === 'ws')) {
        fast.clear()
        exact.clear()
        const bytes = encoder.encode(raw)
        const isFast = decodeFast(wires[market], bytes, fast)
        if (decodeExact(wires[market], bytes, exact).kind === 'events') eventFrames += 1
        if (!isFast) continue
        fastFrames += 1
        if (!isSameBatch(fast, exact)) expect(plainEvents(fast)).toEqual(plainEvents(exact))
      }
      expect(eventFrames).toBeGreaterThan(0)
      expect(1 - fastFrames / eventFrames).toBeLessThanOrEqual(FALLBACKS_MAX)
    })

    it.each(files)('%s keeps every number digit by digit', (_name, lines, market) => {
      const batch = new EventBatch(new StringTable())
      for (const { transport, raw } of lines) {
        batch.clear()
        if (transport !== 'ws' || market.decodeFrame(encoder.encode(raw), batch).kind !== 'events') continue
        const onWire = (raw.match(/"[0-9.]+"/g) ?? []).map((text) => text.slice(1, -1))
        const [event] = plainEvents(batch) as [PlainEvent]
        const stored = event.entries.flatMap(([, price, quantity]) => [price, quantity])
        if (stored.join() !== onWire.join()) expect(stored).toEqual(onWire)
      }
    })
  })

  describe('single frames of Binance in mixed captures', () => {
    const frames = mixedRecords(directory, expected, ['binance']).filter(
      ([, { market, body }]) => market && body !== 'rest',
    )

    it('are there', () => expect(frames.length).toBeGreaterThan(40))

    it.each(frames)('%s becomes what was decided independently', (_name, record, line) => {
      const market = findMarket('binance', record.market as Market)
      const batch = new EventBatch(new StringTable())
      const outcome = market.decodeFrame(encoder.encode(line.raw), batch)
      expect(rowsByTable(batch, market)).toEqual(record.rows ?? {})
      if (record.verdict === 'decoded') {
        expect(outcome).toEqual({ kind: 'events' })
        expect(batch.names.text(batch.symbol[0] as number)).toBe(record.symbol)
      } else if (record.verdict === 'ignored' && outcome.kind !== 'ack') {
        expect(outcome).toEqual({ kind: 'ignored', reason: record.reason })
      } else if (record.verdict === 'refused') {
        expect(outcome).toEqual({ kind: 'outside', reason: record.reason })
      }
    })
  })
}

function tally(
  lines: readonly CaptureLine[],
  market: ExchangeMarket,
): { decoded: Tally; ignored: Record<string, number>; others: number } {
  const decoded: Record<string, { messages: number; rows: number }> = {}
  const ignored: Record<string, number> = {}
  let others = 0
  const batch = new EventBatch(new StringTable())
  for (const line of lines) {
    batch.clear()
    const outcome = decode(line, market, batch)
    if (outcome.kind === 'ignored') ignored[outcome.reason] = (ignored[outcome.reason] ?? 0) + 1
    else if (outcome.kind !== 'events') others += 1
    for (const [table, rows] of Object.entries(rowsByTable(batch, market))) {
      decoded[table] ??= { messages: 0, rows: 0 }
      decoded[table].messages += 1
      decoded[table].rows += rows
    }
  }
  return { decoded, ignored, others }
}

function decode(line: CaptureLine, market: ExchangeMarket, out: EventBatch): DecodeOutcome {
  const bytes = encoder.encode(line.raw)
  if (line.transport === 'ws') return market.decodeFrame(bytes, out)
  const recognised = market.recognise(line.url, bytes)
  const context: AnswerContext = {
    exchange: market.exchange,
    market: market.market,
    symbol: recognised?.symbol ?? hints[market.market],
    stream: recognised?.stream === 'book' ? 'depth@100ms' : (recognised?.stream ?? ''),
    resync: 1,
    status: 200,
  }
  return market.decodeAnswer(context, bytes, out)
}
