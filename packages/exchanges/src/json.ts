import {
  type DeadLetterReason,
  type Decimal,
  type DecimalColumn,
  type DecodeOutcome,
  parseDecimal,
  type StringTable,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import { timeUs } from './time.ts'

/** Deepest nesting of arrays and objects that a message may have (design, hostile bytes). */
export const JSON_DEPTH_MAX = 64

/** A JSON number as its digits on the wire; strings stay strings, so the two are never mixed up. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Json = string | boolean | null | JsonNumber | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

type Reviver = (key: string, value: Json | number, context: { readonly source: string }) => Json
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => Json
const keepDigits: Reviver = (_key, value, context) =>
  typeof value === 'number' ? new JsonNumber(context.source) : value
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Reads a JSON text without losing a digit; undefined when it is no UTF-8, no JSON or nested too deep. */
export function parseJson(bytes: Uint8Array): Json | undefined {
  if (isTooDeep(bytes)) return undefined
  try {
    return parseWithSource(decoder.decode(bytes), keepDigits)
  } catch {
    return undefined
  }
}

/** Found before parsing, since a deep text is dear to parse. */
function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0
  let isText = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (isText) {
      if (byte === 92) i += 1
      else if (byte === 34) isText = false
    } else if (byte === 34) isText = true
    else if (byte === 91 || byte === 123) {
      depth += 1
      if (depth > JSON_DEPTH_MAX) return true
    } else if (byte === 93 || byte === 125) depth -= 1
  }
  return false
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof JsonNumber)
}

export function isArray(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json)
}

/** An own field of an object: a name that every object inherits is not one. */
export function field(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** The value of a JSON whole number 0 ... 2^53 - 1; null for anything else. */
export function wholeNumber(json: Json | undefined): number | null {
  if (!(json instanceof JsonNumber) || !/^\d{1,16}$/.test(json.text)) return null
  const value = Number(json.text)
  return Number.isSafeInteger(value) ? value : null
}

/** Text from outside, made harmless for people's eyes: printable ASCII, at most `charactersMax`. */
export function printable(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).replace(/[^\x20-\x7e]/g, '?')
}

/** The outcome for a message that cannot be stored. `detail` names the field, never the wire's words. */
export function malformed(reason: DeadLetterReason, detail: string): DecodeOutcome {
  return { kind: 'malformed', reason, detail }
}

const ZERO: Decimal = { mantissa: 0n, scale: 0 }

/**
 * Reads the fields of one message and remembers the first thing wrong with it.
 *
 * After a refusal reading goes on with harmless values; whoever reads looks at `refusal` once, at the end,
 * and rolls the batch back.
 */
export class FieldReader {
  refusal: DecodeOutcome | null = null
  private readonly message: JsonObject
  private readonly isBare: boolean

  /** `isBare`: this exchange writes decimals as JSON numbers, and they are read so as well as texts. */
  constructor(message: JsonObject, isBare = false) {
    this.message = message
    this.isBare = isBare
  }

  refuse(reason: DeadLetterReason, detail: string): void {
    this.refusal ??= malformed(reason, detail)
  }

  /** A whole number 0 ... 2^53 - 1. */
  integer(key: string): number {
    const json = field(this.message, key)
    const value = wholeNumber(json)
    if (value !== null) return value
    const isLong = json instanceof JsonNumber && /^\d+$/.test(json.text)
    if (isLong) this.refuse('number_out_of_range', `${key} is not below 2^53`)
    else this.refuse('malformed', `${key} is not a whole number`)
    return 0
  }

  /** A whole number 0 ... 2^53 - 1; NaN when there is no such field. */
  optionalInteger(key: string): number {
    return field(this.message, key) === undefined ? Number.NaN : this.integer(key)
  }

  /** A time in milliseconds or microseconds, as microseconds; NaN when it counts as absent. */
  time(key: string): number {
    const us = timeUs(this.integer(key))
    if (us === Number.POSITIVE_INFINITY) this.refuse('number_out_of_range', `${key} is after the year 2255`)
    return us
  }

  /** The same; NaN when there is no such field. */
  optionalTime(key: string): number {
    return field(this.message, key) === undefined ? Number.NaN : this.time(key)
  }

  /** A whole number, or -1, which stands for none. */
  integerOrNone(key: string): number {
    const json = field(this.message, key)
    return json instanceof JsonNumber && json.text === '-1' ? -1 : this.integer(key)
  }

  flag(key: string): boolean {
    const json = field(this.message, key)
    if (typeof json !== 'boolean') this.refuse('malformed', `${key} is not true or false`)
    return json === true
  }

  /** A symbol as its id in `names`. */
  symbol(key: string, names: StringTable): number {
    return this.nameOf(field(this.message, key), key, names)
  }

  /** A word of the exchange as its id in `names`; -1 when there is no such field. */
  optionalName(key: string, names: StringTable): number {
    const json = field(this.message, key)
    return json === undefined ? -1 : this.nameOf(json, key, names)
  }

  nameOf(json: Json | undefined, name: string, names: StringTable): number {
    const bytes = encoder.encode(typeof json === 'string' && json.isWellFormed() ? json : '')
    if (bytes.length > 0 && bytes.length <= SYMBOL_BYTES_MAX && !hasControl(bytes)) {
      const id = this.refusal === null ? names.idOfBytes(bytes, 0, bytes.length) : 0
      if (id >= 0) return id
    }
    this.refuse('bad_symbol', `${name} is not a symbol of 1 to ${SYMBOL_BYTES_MAX} bytes, or one too many`)
    return 0
  }

  /** A non-negative decimal, into a reserved row. */
  decimal(key: string, column: DecimalColumn, row: number): void {
    this.decimalOf(field(this.message, key), key, column, row)
  }

  decimalOf(json: Json | undefined, name: string, column: DecimalColumn, row: number): void {
    const decimal = this.decimalIn(json, name)
    if (decimal === null) return
    if (decimal.mantissa < 0n) this.refuse('malformed', `${name} is negative`)
    else column.set(row, decimal.mantissa, decimal.scale)
  }

  /** A decimal of either sign. */
  exactDecimal(key: string): Decimal {
    return this.decimalIn(field(this.message, key), key) ?? ZERO
  }

  /** A decimal of either sign; null when there is no such field or the text is empty. */
  optionalDecimal(key: string): Decimal | null {
    const json = field(this.message, key)
    return json === undefined || json === '' ? null : this.decimalIn(json, key)
  }

  private decimalIn(json: Json | undefined, name: string): Decimal | null {
    const text = this.isBare && json instanceof JsonNumber ? json.text : json
    const decimal = typeof text === 'string' ? parseDecimal(text) : null
    if (decimal !== null && decimal !== 'range') return decimal
    if (decimal === null) this.refuse('malformed', `${name} is not a decimal`)
    else this.refuse('number_out_of_range', `${name} has more than 20 integer or 18 fraction digits`)
    return null
  }

  /** A word of the exchange, empty or not, that UTF-8 can write. Words become names, so they are as bounded. */
  text(key: string): string {
    const json = field(this.message, key)
    if (typeof json !== 'string' || !json.isWellFormed()) this.refuse('malformed', `${key} is not a text`)
    else if (encoder.encode(json).length <= SYMBOL_BYTES_MAX) return json
    else this.refuse('bad_symbol', `${key} is longer than ${SYMBOL_BYTES_MAX} bytes`)
    return ''
  }

  /** A text, empty or not; null when there is no such field. */
  optionalText(key: string): string | null {
    return field(this.message, key) === undefined ? null : this.text(key)
  }

  list(key: string): readonly Json[] {
    const json = field(this.message, key)
    if (isArray(json)) return json
    this.refuse('malformed', `${key} is not a list`)
    return []
  }
}

function hasControl(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 32)
}
