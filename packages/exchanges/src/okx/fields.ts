import { type Decimal, type EventBatch, type EventDetail, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { type FieldReader, field, type Json, type JsonObject } from '../json.ts'
import { timeUs } from '../time.ts'

/**
 * Fields as this exchange writes them: numbers and times are texts, and an empty text stands for nothing.
 * Source: okx.com/docs-v5, as of 2026-02-23.
 */

/** One object of a message's `data`, with its reader. */
export interface Element {
  readonly row: JsonObject
  readonly fields: FieldReader
}

/** Ids of the batch's table of names that an element's event gets. */
export interface Place {
  readonly stream: number
  readonly symbol: number
}

/** A whole number 0 ... 2^53 - 1, written as a text without leading zeros. */
export function wholeText({ row, fields }: Element, key: string): number {
  const json = field(row, key)
  const isWhole = typeof json === 'string' && /^(0|[1-9]\d*)$/.test(json)
  const value = isWhole ? Number(json) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  if (isWhole) fields.refuse('number_out_of_range', `${key} is not below 2^53`)
  else fields.refuse('malformed', `${key} is not a whole number`)
  return 0
}

/** The same; NaN when there is no such field or its text is empty. */
export function optionalWholeText(element: Element, key: string): number {
  return isAbsent(element.row, key) ? Number.NaN : wholeText(element, key)
}

/** A time in milliseconds as microseconds; NaN when it counts as absent. */
export function textTime(element: Element, key: string): number {
  const us = timeUs(wholeText(element, key))
  if (us !== Number.POSITIVE_INFINITY) return us
  element.fields.refuse('number_out_of_range', `${key} is after the year 2255`)
  return Number.NaN
}

/** The same; NaN when there is no such field or its text is empty. */
export function optionalTextTime(element: Element, key: string): number {
  return isAbsent(element.row, key) ? Number.NaN : textTime(element, key)
}

/** A decimal that is never below zero: a price or a quantity. */
export function unsigned({ fields }: Element, key: string): Decimal {
  const decimal = fields.exactDecimal(key)
  if (decimal.mantissa < 0n) fields.refuse('malformed', `${key} is negative`)
  return decimal
}

/** The same; null when there is no such field or its text is empty. */
export function optionalUnsigned(element: Element, key: string): Decimal | null {
  return isAbsent(element.row, key) ? null : unsigned(element, key)
}

/** A word; null when there is no such field or it is empty. */
export function optionalWord({ row, fields }: Element, key: string): string | null {
  return isAbsent(row, key) ? null : fields.text(key)
}

/** A word that our names are made of, so 1 to SYMBOL_BYTES_MAX bytes. */
export function word(element: Element, key: string): string {
  const text = element.fields.text(key)
  if (text === '') element.fields.refuse('bad_symbol', `${key} is not 1 to ${SYMBOL_BYTES_MAX} bytes`)
  return text
}

function isAbsent(row: JsonObject, key: string): boolean {
  const json: Json | undefined = field(row, key)
  return json === undefined || json === ''
}

/** An event of a rare kind: no entries and no sequence, but a detail. */
export interface DetailEvent extends Place {
  /** One of EventKind. */
  readonly kind: number
  /** Microseconds, NaN = absent. */
  readonly engineUs: number
  readonly detail: EventDetail
}

/** Appends one event of a rare kind; answers which one it is. */
export function appendDetail(
  { kind, symbol, stream, engineUs, detail }: DetailEvent,
  out: EventBatch,
): number {
  out.reserveEvent()
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.engineUs[event] = engineUs
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.details.set(event, detail)
  out.endEvent()
  return event
}
