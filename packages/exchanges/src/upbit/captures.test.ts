import { type AnswerContext, type DecodeOutcome, EventBatch, StringTable } from '@cryptoflow/model'
import { type PlainEvent, plainEvents } from '@cryptoflow/testkit'
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
import { upbitSpot } from './index.ts'

const directory = capturesDirectory
const encoder = new TextEncoder()
const spot = upbitSpot()
const FALLBACKS_MAX = 0.03
/** Fields whose numbers are stored, in both formats. */
const STORED = /"(?:ap|bp|as|bs|tp|tv|(?:ask|bid)_(?:price|size)|trade_(?:price|volume))":([0-9.eE+-]+)/g

if (directory === undefined) {
  it('reads no captures here', () => {
    process.stdout.write(
      'CRYPTOFLOW_CAPTURES is not set: the decoders of Upbit were not run on real captures\n',
    )
    expect(directory).toBeUndefined()
  })
} else {
  const expected = readExpected(directory)
  const files = [...readCaptures(directory, 'upbit-')]
  const singles = mixedRecords(directory, expected, ['upbit'])
  const frames = [...files.flatMap(([, lines]) => lines), ...singles.map(([, , line]) => line)]
    .filter(({ transport }) => transport === 'ws')
    .map(({ raw }) => raw)

  describe('real captures of Upbit', () => {
    it('are there', () => expect([files.length, singles.length]).toEqual([1, 4]))

    it.each(files)('%s gives the rows that were counted independently', (name, lines) => {
      const { decoded, ignored, refused } = expected.find(({ file }) => file === name) as Expected
      expect(tallyOf(lines, spot, decode)).toEqual({ decoded, ignored, refused })
    })

    it.each(singles)('%s becomes what was decided independently', (_name, record, line) => {
      const batch = new EventBatch(new StringTable())
      const outcome = spot.decodeFrame(encoder.encode(line.raw), batch)
      expect(verdictOf(outcome)).toEqual([record.verdict, record.reason])
      expect(rowsByTable(batch, spot)).toEqual(record.rows ?? {})
      const symbols = plainEvents(batch).map(({ symbol }) => symbol)
      if (record.symbol !== undefined) expect(symbols).toEqual([record.symbol])
      expect(spot.hears(line.url, encoder.encode(line.raw))).toBe(line.url === null ? null : true)
    })

    it('are read by the fast path, and by both paths alike', () => {
      const names = new StringTable()
      const [fast, exact] = [new EventBatch(names), new EventBatch(names)]
      let [fastFrames, eventFrames] = [0, 0]
      for (const raw of frames) {
        fast.clear()
        exact.clear()
        const bytes = encoder.encode(raw)
        const isFast = decodeFast(bytes, fast)
        if (decodeExact(bytes, exact).kind === 'events') eventFrames += 1
        if (!isFast) continue
        fastFrames += 1
        expect([...fast.textIds]).toEqual([...exact.textIds])
        if (!isSameBatch(fast, exact)) expect(plainEvents(fast)).toEqual(plainEvents(exact))
      }
      expect(eventFrames).toBeGreaterThan(50)
      expect(1 - fastFrames / eventFrames).toBeLessThanOrEqual(FALLBACKS_MAX)
    })

    it('keep every number, and every id of a trade, digit by digit', () => {
      for (const raw of frames) {
        const batch = new EventBatch(new StringTable())
        if (spot.decodeFrame(encoder.encode(raw), batch).kind !== 'events') continue
        const [event] = plainEvents(batch) as [PlainEvent]
        const onWire = [...raw.matchAll(STORED)].map(([, text]) => text as string)
        const stored = event.entries.flatMap(([, price, quantity]) => [price, quantity])
        // Padding, of which one level is known, is on the wire and not stored.
        const isPadded = onWire.some((text) => Number(text) === 0)
        if (!isPadded) expect(stored.map(Number).sort()).toEqual(onWire.map(Number).sort())
        for (const text of stored.filter((digits) => !onWire.includes(digits))) {
          expect(onWire.filter((other) => /e/i.test(other)).map(Number)).toContain(Number(text))
        }
        const id = /"(?:sid|sequential_id)":(\d+)/.exec(raw)?.[1]
        expect(event.textId).toBe(id)
      }
    })

    it('have books that are never crossed and best first', () => {
      let images = 0
      for (const raw of frames) {
        const batch = new EventBatch(new StringTable())
        spot.decodeFrame(encoder.encode(raw), batch)
        for (const { kind, entries } of plainEvents(batch)) {
          if (kind !== 'bookImage') continue
          images += 1
          const pricesOf = (wanted: string): number[] =>
            entries.filter(([side]) => side === wanted).map(([, price]) => Number(price))
          const [bids, asks] = [pricesOf('bid'), pricesOf('ask')]
          expect(bids).toEqual(bids.toSorted((a, b) => b - a))
          expect(asks).toEqual(asks.toSorted((a, b) => a - b))
          expect(bids[0]).toBeLessThan(asks[0] as number)
        }
      }
      expect(images).toBe(52)
    })
  })
}

function decode(line: CaptureLine, out: EventBatch): DecodeOutcome {
  const bytes = encoder.encode(line.raw)
  if (line.transport === 'ws') return spot.decodeFrame(bytes, out)
  const { stream, symbol } = spot.recognise(line.url, bytes) ?? { stream: '', symbol: '' }
  const asked = { exchange: 'upbit', market: 'spot', resync: 0, status: 200 } as const
  const context: AnswerContext = { ...asked, stream, symbol: symbol ?? '' }
  return spot.decodeAnswer(context, bytes, out)
}
