import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { zstdDecompressSync } from 'node:zlib'
import { type DecimalColumn, type EventBatch, EventKind, type ExchangeMarket } from '@cryptoflow/model'
import { expect } from 'vitest'

/** For properties of thousands of runs, where an assertion costs more than what it looks at. */
export function expectSame(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected)
}

const eventColumns = [
  'kind',
  'symbol',
  'stream',
  'engineUs',
  'sentUs',
  'firstSeq',
  'lastSeq',
  'prevSeq',
] as const
const tradeColumns = ['firstTradeId', 'lastTradeId'] as const

/** Whether two batches of one table of names hold the same, column by column; with `market`, checksums too. */
export function isSameBatch(a: EventBatch, b: EventBatch, market?: ExchangeMarket): boolean {
  if (a.count !== b.count || a.entryCount !== b.entryCount) return false
  for (let event = 0; event < a.count; event++) if (!isSameEvent(a, b, event, market)) return false
  for (let row = 0; row < a.entryCount; row++) {
    if (a.side[row] !== b.side[row]) return false
    if (!isSameDecimal(a.price, b.price, row) || !isSameDecimal(a.quantity, b.quantity, row)) return false
  }
  return true
}

function isSameEvent(
  a: EventBatch,
  b: EventBatch,
  event: number,
  market: ExchangeMarket | undefined,
): boolean {
  if (a.entryStart[event + 1] !== b.entryStart[event + 1]) return false
  const isSame = columnsOf(a.kind[event] as number).every((column) =>
    Object.is(a[column][event], b[column][event]),
  )
  if (!isSame || a.textIds.get(event) !== b.textIds.get(event)) return false
  if (market !== undefined && isProven(a, event, market) && !Object.is(a.checksum[event], b.checksum[event]))
    return false
  return isDeepStrictEqual(a.details.get(event), b.details.get(event))
}

type Column = (typeof eventColumns)[number] | (typeof tradeColumns)[number] | 'tradeType'

/** The columns that mean something for events of a kind. */
function columnsOf(kind: number): readonly Column[] {
  if (kind === EventKind.aggregate) return [...eventColumns, ...tradeColumns, 'tradeType']
  if (kind === EventKind.trade || kind === EventKind.block) return [...eventColumns, 'tradeType']
  return eventColumns
}

/** Whether the event is one of a book that its exchange proves: only there does the column of checksums mean something. */
function isProven(batch: EventBatch, event: number, market: ExchangeMarket): boolean {
  const kind = batch.kind[event]
  if (kind !== EventKind.bookDelta && kind !== EventKind.bookSnapshot) return false
  const stream = batch.names.text(batch.stream[event] as number)
  const book = market.streams.find(({ name }) => name === stream)?.book
  return book?.origin === 'stream' && book.checksum !== null
}

function isSameDecimal(a: DecimalColumn, b: DecimalColumn, row: number): boolean {
  return a.scales[row] === b.scales[row] && a.mantissa(row) === b.mantissa(row)
}

/** One line of a capture file. */
export interface CaptureLine {
  readonly exchange: string | null
  readonly market: string | null
  readonly transport: 'ws' | 'rest'
  /** Present where `raw` is not the text itself: `base64`. */
  readonly encoding?: string
  readonly url: string | null
  readonly raw: string
}

/** The lines of the capture files in `directory` whose name begins with `prefix`, by file name. */
export function readCaptures(directory: string, prefix: string): Map<string, CaptureLine[]> {
  const names = readdirSync(directory).filter(
    (name) => name.startsWith(prefix) && name.endsWith('.jsonl.zst') && !name.endsWith('.expected.jsonl.zst'),
  )
  return new Map(
    names.sort().map((name) => {
      const text = zstdDecompressSync(readFileSync(join(directory, name))).toString('utf8')
      const lines = text.split('\n').filter((line) => line !== '')
      return [name, lines.map((line) => JSON.parse(line) as CaptureLine)]
    }),
  )
}
