import type { FieldReader } from '../json.ts'
import { timeUs } from '../time.ts'

/** Numbers that this exchange writes as texts, of which an empty one stands for nothing. */

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
