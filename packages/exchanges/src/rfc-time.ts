import { MISS, space } from './bytes.ts'
import type { FieldReader, Json } from './json.ts'

/**
 * Times as text, `2026-09-07T01:57:58.894355Z`: RFC 3339 with none to nine digits behind the point, as microseconds
 * since 1970. What is finer than a microsecond is cut, not rounded. Source: RFC 3339, section 5.6, July 2002; a leap
 * second (`:60`) and lower-case letters, which it allows, are sent by nobody and are no time here.
 */

/** Exchange times before this count as absent (docs/tables.md): 2009-01-03, the first block. Some send year 1. */
const EARLIEST_US = Date.UTC(2009, 0, 3) * 1000
const MINUTE_US = 60_000_000

const FORM = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/

/**
 * The time that the text says; null when it says none.
 *
 * NaN when it is before 2009-01-03 (absent), Infinity when it is not exact in a float64 (after the year 2255).
 */
export function rfcTimeUs(text: string): number | null {
  const parts = FORM.exec(text)
  if (parts === null) return null
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const [, , , , , , , fraction = '', sign, aheadHours = '00', aheadMinutes = '00'] = parts
  if (!isDay(year, month, day) || !isClock(hour, minute) || second > 59) return null
  if (!isClock(Number(aheadHours), Number(aheadMinutes))) return null

  const ahead = (Number(aheadHours) * 60 + Number(aheadMinutes)) * MINUTE_US
  const wholeUs = Date.UTC(year, month - 1, day, hour, minute, second) * 1000
  const us = wholeUs + Number(fraction.slice(0, 6).padEnd(6, '0')) - (sign === '-' ? -ahead : ahead)
  return us > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : presentUs(us)
}

/** Years below 100 are read as of the last century here, and are long before what counts. */
function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function isClock(hour: number, minute: number): boolean {
  return hour <= 23 && minute <= 59
}

function presentUs(us: number): number {
  return us < EARLIEST_US ? Number.NaN : us
}

/** Reads a time on the exact path: microseconds, NaN when it counts as absent. `name` is for the refusal. */
export function readRfcTime(fields: FieldReader, json: Json | undefined, name: string): number {
  const us = typeof json === 'string' ? rfcTimeUs(json) : null
  if (us === null) fields.refuse('malformed', `${name} is not a time`)
  if (us === Number.POSITIVE_INFINITY) fields.refuse('number_out_of_range', `${name} is after the year 2255`)
  return us ?? Number.NaN
}

const { view } = space
const ZERO = 48
const QUOTE = 34
const POINT = 46
const COLON = 58
const LETTER_T = 84
const LETTER_Z = 90
const FRACTION_DIGITS_MAX = 9
/** Worth of the first unread digit behind the point, by how many were read; beyond six it is cut. */
const worths = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1]
const DAY_BYTES = 10

/** The day read last, as three words of which the last overlaps the one before, and when it began. */
const knownDay = { first: 0, middle: 0, last: 0, us: -1 }

/**
 * Reads a time that ends in `Z` up to its closing quote into `column[row]`: microseconds, NaN when it counts as
 * absent. Answers the quote's offset; MISS for other offsets from UTC and for what is no time.
 */
export function scanRfcTime(at: number, column: Float64Array, row: number): number {
  const dayUs = scanDay(at)
  const clockAt = at + DAY_BYTES
  const hour = twoDigits(clockAt + 1)
  const minute = twoDigits(clockAt + 4)
  const second = twoDigits(clockAt + 7)
  const isWritten =
    view.getUint8(clockAt) === LETTER_T &&
    view.getUint8(clockAt + 3) === COLON &&
    view.getUint8(clockAt + 6) === COLON
  if (!isWritten || dayUs < 0 || hour > 23 || minute > 59 || second > 59) return MISS

  let end = clockAt + 9
  let fraction = 0
  if (view.getUint8(end) === POINT) {
    const start = end + 1
    end = start
    for (let digit = view.getUint8(end) - ZERO; digit >= 0 && digit <= 9; digit = view.getUint8(end) - ZERO) {
      if (end < start + 6) fraction = (Math.imul(fraction, 10) + digit) | 0
      end += 1
    }
    if (end === start || end > start + FRACTION_DIGITS_MAX) return MISS
    if (end < start + 6) fraction *= worths[end - start] as number
  }
  if (view.getUint8(end) !== LETTER_Z || view.getUint8(end + 1) !== QUOTE) return MISS
  const us = dayUs + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
  if (us > Number.MAX_SAFE_INTEGER) return MISS
  column[row] = us < EARLIEST_US ? Number.NaN : us
  return end + 1
}

/** When the day at `at` began, 0 for days that count as absent; -1 when none stands there. */
function scanDay(at: number): number {
  const first = view.getInt32(at, true)
  const middle = view.getInt32(at + 4, true)
  const last = view.getInt32(at + 6, true)
  const { us } = knownDay
  return first === knownDay.first && middle === knownDay.middle && last === knownDay.last ? us : learnDay(at)
}

/** The same of a day that was not the last one. */
function learnDay(at: number): number {
  let text = ''
  for (let i = 0; i < DAY_BYTES; i++) text += String.fromCharCode(view.getUint8(at + i))
  const us = rfcTimeUs(`${text}T00:00:00Z`)
  if (us === null) return -1
  knownDay.first = view.getInt32(at, true)
  knownDay.middle = view.getInt32(at + 4, true)
  knownDay.last = view.getInt32(at + 6, true)
  // A day before the first block is as absent at its end as at its beginning.
  knownDay.us = Number.isNaN(us) ? 0 : us
  return knownDay.us
}

/** The value of two digits, above 99 when they are none. */
function twoDigits(at: number): number {
  const ten = view.getUint8(at) - ZERO
  const one = view.getUint8(at + 1) - ZERO
  return ten >= 0 && ten <= 9 && one >= 0 && one <= 9 ? ten * 10 + one : NO_DIGITS
}

const NO_DIGITS = 1000
