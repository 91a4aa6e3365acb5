import { SYMBOL_BYTES_MAX } from '@cryptoflow/model'
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
