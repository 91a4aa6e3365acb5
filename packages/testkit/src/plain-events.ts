import {
  type Decimal,
  type DecimalColumn,
  decimalText,
  type EventBatch,
  type EventDetail,
  EventKind,
  Side,
} from '@cryptoflow/model'

/** An event as goldens hold it: decimals as text with the digits written, absent values null. */
export interface PlainEvent {
  readonly kind: string
  readonly symbol: string
  readonly stream: string
  /** Microseconds. */
  readonly engineUs: number | null
  /** Microseconds. */
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
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>
  /** Side, price, quantity. */
  readonly entries: readonly (readonly [string, string, string])[]
}

const kinds = Object.keys(EventKind)
const sides = Object.keys(Side)

/** The events `from ...` of a batch as plain objects. */
export function plainEvents(batch: EventBatch, from = 0): PlainEvent[] {
  return Array.from({ length: batch.count - from }, (_, i) => plainEvent(batch, from + i))
}

/**
 * The events `from ...` of a batch as text, one line each: the spelling in which readings are compared.
 *
 * Keys are sorted and absent values left out, so that text from a golden and text from a batch are equal when
 * they mean the same.
 */
export function eventsText(batch: EventBatch, from = 0): string {
  return canonicalText(plainEvents(batch, from))
}

/** Plain events, from a batch or from a golden, in the spelling of `eventsText`. */
export function canonicalText(events: readonly unknown[]): string {
  return events.map((event) => JSON.stringify(event, sortedWithoutNulls)).join('\n')
}

function sortedWithoutNulls(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const present = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(present.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function plainEvent(batch: EventBatch, event: number): PlainEvent {
  const kind = batch.kind[event] as number
  const detail = batch.details.get(event)
  return {
    kind: kinds[kind] ?? `kind ${kind}`,
    symbol: batch.names.text(batch.symbol[event] as number),
    stream: batch.names.text(batch.stream[event] as number),
    engineUs: numberOrNull(batch.engineUs, event),
    sentUs: numberOrNull(batch.sentUs, event),
    firstSeq: numberOrNull(batch.firstSeq, event),
    lastSeq: numberOrNull(batch.lastSeq, event),
    prevSeq: numberOrNull(batch.prevSeq, event),
    ...tradeFields(batch, event, kind),
    ...(detail === undefined ? {} : { detail: plainDetail(detail) }),
    entries: plainEntries(batch, batch.entryStart[event] as number, batch.entryStart[event + 1] as number),
  }
}

function tradeFields(
  batch: EventBatch,
  event: number,
  kind: number,
): Pick<PlainEvent, 'firstTradeId' | 'lastTradeId' | 'tradeType'> {
  if (kind !== EventKind.trade && kind !== EventKind.aggregate) return {}
  const type = batch.tradeType[event] as number
  return {
    ...(kind === EventKind.aggregate
      ? {
          firstTradeId: numberOrNull(batch.firstTradeId, event),
          lastTradeId: numberOrNull(batch.lastTradeId, event),
        }
      : {}),
    ...(type === -1 ? {} : { tradeType: batch.names.text(type) }),
  }
}

function plainDetail(detail: EventDetail): NonNullable<PlainEvent['detail']> {
  const fields = Object.entries(detail as unknown as Record<string, unknown>)
  return Object.fromEntries(fields.map(([key, value]) => [key, plainValue(value)]))
}

function plainValue(value: unknown): string | number | boolean | null {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  if (isDecimal(value)) return decimalText(value.mantissa, value.scale)
  return value as string | boolean | null
}

/** Whether a detail's value is a decimal. */
export function isDecimal(value: unknown): value is Decimal {
  return typeof value === 'object' && value !== null && 'mantissa' in value
}

function plainEntries(batch: EventBatch, from: number, to: number): PlainEvent['entries'] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, i) => [
    sides[batch.side[from + i] as number] ?? `side ${batch.side[from + i]}`,
    columnText(batch.price, from + i),
    columnText(batch.quantity, from + i),
  ])
}

/** A row of a decimal column with the digits written; `null` where it has none. */
export function columnText(column: DecimalColumn, row: number): string {
  const mantissa = column.mantissa(row)
  return mantissa === null ? 'null' : decimalText(mantissa, column.scales[row] as number)
}

function numberOrNull(column: Float64Array, row: number): number | null {
  const value = column[row] as number
  return Number.isNaN(value) ? null : value
}
