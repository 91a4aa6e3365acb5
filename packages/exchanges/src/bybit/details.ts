import type { Decimal, EventBatch, EventDetail } from '@cryptoflow/model'
import type { FieldReader } from '../json.ts'
import { timeUs } from '../time.ts'

/** An event of a rare kind: no entries and no sequence, but a detail. */
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

/** Appends one event of a rare kind. */
export function appendDetail(rare: DetailEvent, out: EventBatch): void {
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
}

/** A decimal that is never below zero: a price or a quantity. */
export function unsignedDecimal(fields: FieldReader, key: string): Decimal {
  const decimal = fields.exactDecimal(key)
  refuseNegative(fields, key, decimal)
  return decimal
}

/** As `unsignedDecimal`; null when there is no such field or its text is empty, which means: not applicable. */
export function optionalUnsigned(fields: FieldReader, key: string): Decimal | null {
  const decimal = fields.optionalDecimal(key)
  if (decimal !== null) refuseNegative(fields, key, decimal)
  return decimal
}

function refuseNegative(fields: FieldReader, key: string, decimal: Decimal): void {
  if (decimal.mantissa < 0n) fields.refuse('malformed', `${key} is negative`)
}

/** A whole number below 2^53 that is written as a text; NaN when there is no such field or its text is empty. */
export function textInteger(fields: FieldReader, key: string): number {
  const text = fields.optionalText(key)
  if (text === null || text === '') return Number.NaN
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value)) fields.refuse('malformed', `${key} is not a whole number`)
  else if (!Number.isSafeInteger(value)) fields.refuse('number_out_of_range', `${key} is not below 2^53`)
  return value
}

/** A time in milliseconds that is written as a text, as microseconds; NaN when it counts as absent. */
export function textTime(fields: FieldReader, key: string): number {
  const us = timeUs(textInteger(fields, key))
  if (us === Number.POSITIVE_INFINITY) fields.refuse('number_out_of_range', `${key} is after the year 2255`)
  return us
}
