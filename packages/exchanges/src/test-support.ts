import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** An event as a plain object, as goldens hold it: decimals as text, absent values as null. */
export interface PlainEvent {
  readonly kind: string
  readonly symbol: string
  readonly stream: string
  readonly engineUs: number | null
  readonly sentUs: number | null
  readonly firstSeq: number | null
  readonly lastSeq: number | null
  readonly prevSeq: number | null
  /** Of an aggregate. */
  readonly firstTradeId?: number | null
  readonly lastTradeId?: number | null
  /** Of a trade or an aggregate that has one. */
  readonly tradeType?: string
  /** Of the kinds that have one. */
  readonly detail?: Readonly<Record<string, unknown>>
  /** Side, price, quantity. */
  readonly entries: readonly (readonly [string, string, string])[]
}

const kinds = Object.keys(EventKind)
const sides = Object.keys(Side)

export function plainEvents(batch: EventBatch): PlainEvent[] {
  return Array.from({ length: batch.count }, (_, event) => plainEvent(batch, event))
}

function plainEvent(batch: EventBatch, event: number): PlainEvent {
  return {
    kind: kinds[batch.kind[event] as number] as string,
    symbol: batch.names.text(batch.symbol[event] as number),
    stream: batch.names.text(batch.stream[event] as number),
    engineUs: numberOrNull(batch.engineUs, event),
    sentUs: numberOrNull(batch.sentUs, event),
    firstSeq: numberOrNull(batch.firstSeq, event),
    lastSeq: numberOrNull(batch.lastSeq, event),
    prevSeq: numberOrNull(batch.prevSeq, event),
    ...tradeFields(batch, event),
    ...detailField(batch.details.get(event)),
    entries: plainEntries(batch, batch.entryStart[event] as number, batch.entryStart[event + 1] as number),
  }
}

function tradeFields(batch: EventBatch, event: number): Partial<PlainEvent> {
  const kind = batch.kind[event]
  if (kind !== EventKind.trade && kind !== EventKind.aggregate) return {}
  const type = batch.tradeType[event] as number
  const named = type < 0 ? {} : { tradeType: batch.names.text(type) }
  if (kind === EventKind.trade) return named
  const firstTradeId = numberOrNull(batch.firstTradeId, event)
  return { firstTradeId, lastTradeId: numberOrNull(batch.lastTradeId, event), ...named }
}

function detailField(detail: EventDetail | undefined): Partial<PlainEvent> {
  if (detail === undefined) return {}
  const plain = Object.entries(detail).map(([key, value]) => [key, plainValue(value as DetailValue)])
  return { detail: Object.fromEntries(plain) as Record<string, unknown> }
}

type DetailValue = string | number | boolean | Decimal | null

function plainValue(value: DetailValue): unknown {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  return typeof value === 'object' && value !== null ? decimalText(value.mantissa, value.scale) : value
}

function plainEntries(batch: EventBatch, from: number, to: number): PlainEvent['entries'] {
  return Array.from({ length: to - from }, (_, i) => [
    sides[batch.side[from + i] as number] as string,
    textOf(batch.price, from + i),
    textOf(batch.quantity, from + i),
  ])
}

function textOf(column: DecimalColumn, row: number): string {
  const mantissa = column.mantissa(row)
  return mantissa === null ? 'null' : decimalText(mantissa, column.scales[row] as number)
}

function numberOrNull(column: Float64Array, row: number): number | null {
  const value = column[row] as number
  return Number.isNaN(value) ? null : value
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
  return JSON.stringify(plainEvent(a, event)) === JSON.stringify(plainEvent(b, event))
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
