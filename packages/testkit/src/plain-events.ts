import {
  type Decimal,
  type DecimalColumn,
  decimalText,
  type EventBatch,
  type EventDetail,
  EventKind,
  type ExchangeMarket,
  Side,
  type StreamSpec,
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
  /** Of a print that has one. */
  readonly tradeType?: string
  /** Where the event has one. */
  readonly textId?: string
  /** Of a book event that has one, where the market is known and its book's rule asks for it. */
  readonly checksum?: number
  /** Of the kinds that have one. */
  readonly detail?: Readonly<Record<string, PlainValue>>
  /** Side, price, quantity. */
  readonly entries: readonly (readonly [string, string, string])[]
}

/** A value of a detail. */
export type PlainValue = string | number | boolean | null | Readonly<Record<string, number>>

const kinds = Object.keys(EventKind)
const sides = Object.keys(Side)

/**
 * The events `from ...` of a batch as plain objects.
 *
 * With `market`, checksums are shown: without it nobody knows which books have one, and of the others the column means
 * nothing.
 */
export function plainEvents(batch: EventBatch, from = 0, market?: ExchangeMarket): PlainEvent[] {
  return Array.from({ length: batch.count - from }, (_, i) => plainEvent(batch, from + i, market))
}

/**
 * Plain events, from a batch or from a golden, as text, one line each: the spelling in which readings are compared.
 *
 * Keys are sorted and absent values left out, so that text from a golden and text from a batch are equal when
 * they mean the same.
 */
export function canonicalText(events: readonly unknown[]): string {
  return events.map((event) => JSON.stringify(event, sortedWithoutNulls)).join('\n')
}

function sortedWithoutNulls(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const present = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(present.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function plainEvent(batch: EventBatch, event: number, market: ExchangeMarket | undefined): PlainEvent {
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
    ...identityFields(batch, event, market),
    ...(detail === undefined ? {} : { detail: plainDetail(detail) }),
    entries: plainEntries(batch, batch.entryStart[event] as number, batch.entryStart[event + 1] as number),
  }
}

function tradeFields(
  batch: EventBatch,
  event: number,
  kind: number,
): Pick<PlainEvent, 'firstTradeId' | 'lastTradeId' | 'tradeType'> {
  if (!isPrint(kind)) return {}
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

/** Whether events of that kind are trades of some sort: one entry, and a word for what kind of trade it is. */
export function isPrint(kind: number): boolean {
  return kind === EventKind.trade || kind === EventKind.aggregate || kind === EventKind.block
}

function identityFields(
  batch: EventBatch,
  event: number,
  market: ExchangeMarket | undefined,
): Pick<PlainEvent, 'textId' | 'checksum'> {
  const textId = batch.textIds.get(event)
  const checksum = batch.checksum[event] as number
  const isShown = market !== undefined && hasChecksum(market, batch, event) && !Number.isNaN(checksum)
  return { ...(textId === undefined ? {} : { textId }), ...(isShown ? { checksum } : {}) }
}

/** Whether the event is one of a book that the exchange proves by a checksum: only then does that column count. */
export function hasChecksum(market: ExchangeMarket, batch: EventBatch, event: number): boolean {
  const kind = batch.kind[event]
  if (kind !== EventKind.bookDelta && kind !== EventKind.bookSnapshot) return false
  const stream = batch.names.text(batch.stream[event] as number)
  const spec = market.streams.find(({ name }) => name === stream)
  return spec !== undefined && isStreamChecksum(spec)
}

/** Whether a stream is a book that the exchange proves by a checksum. */
export function isStreamChecksum({ book }: StreamSpec): boolean {
  return book?.origin === 'stream' && book.checksum !== null
}

function plainDetail(detail: EventDetail): NonNullable<PlainEvent['detail']> {
  const fields = Object.entries(detail as unknown as Record<string, unknown>)
  return Object.fromEntries(fields.map(([key, value]) => [key, plainValue(value)]))
}

function plainValue(value: unknown): PlainValue {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  if (isDecimal(value)) return decimalText(value.mantissa, value.scale)
  return value as PlainValue
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
