import {
  type Decimal,
  type EventBatch,
  type EventDetail,
  EventKind,
  type InstrumentDetail,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import type { FieldReader } from './json.ts'

/** Events of rare kinds: no entries and no sequence, but a detail; and the numbers that details are made of. */

/** An event of a rare kind. */
export interface DetailEvent {
  /** One of EventKind. */
  readonly kind: number
  /** Ids in the batch's table of names. */
  readonly symbol: number
  readonly stream: number
  /** Microseconds, NaN = absent. */
  readonly engineUs: number
  readonly sentUs: number
  readonly detail: EventDetail
}

/** Appends one event of a rare kind; answers its number in the batch. */
export function appendDetail(rare: DetailEvent, out: EventBatch): number {
  out.reserveEvent()
  const event = out.count
  out.kind[event] = rare.kind
  out.symbol[event] = rare.symbol
  out.stream[event] = rare.stream
  out.engineUs[event] = rare.engineUs
  out.sentUs[event] = rare.sentUs
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.details.set(event, rare.detail)
  out.endEvent()
  return event
}

/** What a rare event of a message without any time has of them. */
export const TIMELESS = { engineUs: Number.NaN, sentUs: Number.NaN } as const

/** Appends one instrument of a list that tells no time. */
export function appendInstrument(
  detail: InstrumentDetail,
  symbol: number,
  stream: number,
  out: EventBatch,
): void {
  appendDetail({ kind: EventKind.instrument, symbol, stream, ...TIMELESS, detail }, out)
}

/** An asset's name, bounded, since our names of instruments are made of it. */
export function assetOf(fields: FieldReader, key: string): string {
  const asset = fields.text(key)
  if (asset === '') fields.refuse('bad_symbol', `${key} is not an asset of 1 to ${SYMBOL_BYTES_MAX} bytes`)
  return asset
}

/** A decimal that is never below zero: a price or a quantity. */
export function unsignedDecimal(fields: FieldReader, key: string): Decimal {
  const decimal = fields.exactDecimal(key)
  refuseNegative(fields, key, decimal)
  return decimal
}

/** The same; null when there is no such field or its text is empty, which stands for nothing. */
export function optionalUnsigned(fields: FieldReader, key: string): Decimal | null {
  const decimal = fields.optionalDecimal(key)
  if (decimal !== null) refuseNegative(fields, key, decimal)
  return decimal
}

/** A step of prices or quantities; null when there is no such field or it is zero, which is no step. */
export function optionalStep(fields: FieldReader, key: string): Decimal | null {
  const step = optionalUnsigned(fields, key)
  return step === null || step.mantissa === 0n ? null : step
}

function refuseNegative(fields: FieldReader, key: string, decimal: Decimal): void {
  if (decimal.mantissa < 0n) fields.refuse('malformed', `${key} is negative`)
}
