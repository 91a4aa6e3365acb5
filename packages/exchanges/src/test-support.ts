import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { zstdDecompressSync } from 'node:zlib'
import {
  type Decimal,
  type DecimalColumn,
  decimalText,
  type EventBatch,
  type EventDetail,
  EventKind,
  Side,
} from '@cryptoflow/model'

/** Where the captures are; undefined where there are none. */
export const capturesDirectory = process.env.CRYPTOFLOW_CAPTURES

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
const tradeColumns = ['firstTradeId', 'lastTradeId', 'tradeType'] as const

/** Whether two batches of one table of names hold the same, column by column. */
export function isSameBatch(a: EventBatch, b: EventBatch): boolean {
  if (a.count !== b.count || a.entryCount !== b.entryCount) return false
  for (let event = 0; event < a.count; event++) if (!isSameEvent(a, b, event)) return false
  for (let row = 0; row < a.entryCount; row++) {
    if (a.side[row] !== b.side[row]) return false
    if (!isSameDecimal(a.price, b.price, row) || !isSameDecimal(a.quantity, b.quantity, row)) return false
  }
  return true
}

function isSameEvent(a: EventBatch, b: EventBatch, event: number): boolean {
  if (a.entryStart[event + 1] !== b.entryStart[event + 1]) return false
  for (const column of eventColumns) if (!Object.is(a[column][event], b[column][event])) return false
  const isTrade = a.kind[event] === EventKind.trade || a.kind[event] === EventKind.aggregate
  if (!isTrade && a.details.get(event) === undefined) return b.details.get(event) === undefined
  for (const column of a.kind[event] === EventKind.aggregate ? tradeColumns : []) {
    if (!Object.is(a[column][event], b[column][event])) return false
  }
  if (isTrade) return a.tradeType[event] === b.tradeType[event]
  return isDeepStrictEqual(a.details.get(event), b.details.get(event))
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
