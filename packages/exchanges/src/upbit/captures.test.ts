import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AnswerContext, type DecodeOutcome, EventBatch, StringTable } from '@cryptoflow/model'
import { type PlainEvent, plainEvents } from '@cryptoflow/testkit'
import { describe, expect, it } from 'vitest'
import { type CaptureLine, capturesDirectory, isSameBatch, readCaptures } from '../test-support.ts'
import { decodeExact } from './exact.ts'
import { decodeFast } from './frame.ts'
import { upbitSpot } from './index.ts'

/** What expect.json, which another program counted, says of one file. */
interface Expected {
  readonly file: string
  readonly decoded: Readonly<Record<string, { readonly messages: number; readonly rows: number }>>
  readonly ignored: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
  readonly records?: readonly Verdict[]
}

/** What it says of one line of a mixed file. */
interface Verdict {
  readonly i: number
  readonly exchange?: string
  readonly symbol?: string
  readonly verdict: 'decoded' | 'ignored' | 'refused'
  readonly reason?: string
  readonly rows?: Readonly<Record<string, number>>
}

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
  const { files: expected } = JSON.parse(readFileSync(join(directory, 'expect.json'), 'utf8')) as {
    readonly files: readonly Expected[]
  }
  const files = [...readCaptures(directory, 'upbit-')]
  const singles = [...readCaptures(directory, 'mixed__')].flatMap(([name, lines]) => {
    const records = expected.find(({ file }) => file === name)?.records ?? []
    return records
      .filter(({ exchange }) => exchange === 'upbit')
      .map((record) => [`${name} ${record.i}`, record, lines[record.i] as CaptureLine] as const)
  })
  const frames = [...files.flatMap(([, lines]) => lines), ...singles.map(([, , line]) => line)]
    .filter(({ transport }) => transport === 'ws')
    .map(({ raw }) => raw)

  describe('real captures of Upbit', () => {
    it('are there', () => expect([files.length, singles.length]).toEqual([1, 4]))

    it.each(files)('%s gives the rows that were counted independently', (name, lines) => {
      const { decoded, ignored, refused } = expected.find(({ file }) => file === name) as Expected
      expect(tally(lines)).toEqual({ decoded, ignored, refused })
    })

    it.each(singles)('%s becomes what was decided independently', (_name, record, line) => {
      const batch = new EventBatch(new StringTable())
      const outcome = spot.decodeFrame(encoder.encode(line.raw), batch)
      expect(verdictOf(outcome)).toEqual([record.verdict, record.reason])
      expect(rowsByTable(batch)).toEqual(record.rows ?? {})
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

/** Ignored and refused as expect.json has them: heartbeats count as ignored, what is outside as refused. */
function verdictOf(outcome: DecodeOutcome): [string, string | undefined] {
  if (outcome.kind === 'events') return ['decoded', undefined]
  if (outcome.kind === 'outside') return ['refused', outcome.reason]
  return ['ignored', outcome.kind === 'ignored' ? outcome.reason : outcome.kind]
}

function tally(lines: readonly CaptureLine[]): Pick<Expected, 'decoded' | 'ignored' | 'refused'> {
  const decoded: Record<string, { messages: number; rows: number }> = {}
  const others: Record<string, Record<string, number>> = { ignored: {}, refused: {} }
  const batch = new EventBatch(new StringTable())
  for (const line of lines) {
    batch.clear()
    const [verdict, reason = ''] = verdictOf(decode(line, batch))
    const counts = others[verdict]
    if (counts !== undefined) counts[reason] = (counts[reason] ?? 0) + 1
    for (const [table, rows] of Object.entries(rowsByTable(batch))) {
      decoded[table] ??= { messages: 0, rows: 0 }
      decoded[table].messages += 1
      decoded[table].rows += rows
    }
  }
  const { ignored = {}, refused = {} } = others
  return { decoded, ignored, refused }
}

function decode(line: CaptureLine, out: EventBatch): DecodeOutcome {
  const bytes = encoder.encode(line.raw)
  if (line.transport === 'ws') return spot.decodeFrame(bytes, out)
  const { stream, symbol } = spot.recognise(line.url, bytes) ?? { stream: '', symbol: '' }
  const asked = { exchange: 'upbit', market: 'spot', resync: 0, status: 200 } as const
  const context: AnswerContext = { ...asked, stream, symbol: symbol ?? '' }
  return spot.decodeAnswer(context, bytes, out)
}

/** One row per trade or instrument, one per level of a book. */
function rowsByTable(batch: EventBatch): Record<string, number> {
  const rows: Record<string, number> = {}
  for (const { stream, entries } of plainEvents(batch)) {
    const table = spot.streams.find(({ name }) => name === stream)?.table as string
    rows[table] = (rows[table] ?? 0) + (table.endsWith('_ob') ? entries.length : 1)
  }
  return rows
}
