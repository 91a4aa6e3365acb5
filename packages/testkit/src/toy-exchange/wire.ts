import {
  type DeadLetterReason,
  type Decimal,
  type DecimalColumn,
  type DecodeOutcome,
  parseDecimal,
  type StringTable,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'

/**
 * JSON that loses no digit, and a reader of its fields. A real adapter has both from `packages/exchanges/src/json.ts`
 * and `json-slices.ts`; this folder stands alone, so it has the little that it needs.
 */

/** A JSON number as its digits on the wire. */
export class WireNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Wire = string | boolean | null | WireNumber | readonly Wire[] | WireObject
export interface WireObject {
  readonly [key: string]: Wire | undefined
}

/** Deepest nesting that a message may have. */
const DEPTH_MAX = 64
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

type Reviver = (key: string, value: Wire | number, context: { readonly source: string }) => Wire
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => Wire

/** Reads a JSON text; undefined when it is no UTF-8, no JSON or nested too deep. */
export function parseWire(bytes: Uint8Array): Wire | undefined {
  try {
    const text = decoder.decode(bytes)
    if (deepest(text) > DEPTH_MAX) return undefined
    return parseWithSource(text, (_key, value, { source }) =>
      typeof value === 'number' ? new WireNumber(source) : value,
    )
  } catch {
    return undefined
  }
}

/** Texts, and the brackets outside of them. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}]/g

function deepest(text: string): number {
  let depth = 0
  let most = 0
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '[' || token === '{') most = Math.max(most, ++depth)
    else if (token === ']' || token === '}') depth -= 1
  }
  return most
}

/** The elements of a list of objects, each as its own text, byte for byte; the bytes are known to be such a list. */
export function elementTexts(bytes: Uint8Array): readonly string[] {
  const text = decoder.decode(bytes)
  const texts: string[] = []
  let depth = 0
  let start = 0
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '[' || token === '{') {
      depth += 1
      if (depth === 2) start = index
    } else if (token === ']' || token === '}') {
      if (depth === 2) texts.push(text.slice(start, index + 1))
      depth -= 1
    }
  }
  return texts
}

export function isObject(wire: Wire | undefined): wire is WireObject {
  return typeof wire === 'object' && wire !== null && !Array.isArray(wire) && !(wire instanceof WireNumber)
}

/** An own field of an object: a name that every object inherits is not one. */
export function field(object: WireObject, key: string): Wire | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** The value of a whole number 0 ... 2^53 - 1; null for anything else. */
export function wholeNumber(wire: Wire | undefined): number | null {
  if (!(wire instanceof WireNumber) || !/^\d{1,16}$/.test(wire.text)) return null
  const value = Number(wire.text)
  return Number.isSafeInteger(value) ? value : null
}

/** Text from outside, made harmless for people's eyes: printable ASCII, at most `charactersMax`. */
export function printable(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).replace(/[^\x20-\x7e]/g, '?')
}

const ZERO: Decimal = { mantissa: 0n, scale: 0 }

/**
 * Reads the fields of one message and remembers the first thing wrong with it. After a refusal reading goes on with
 * harmless values; whoever reads looks at `refusal` at the end and takes everything back.
 */
export class MessageReader {
  private readonly message: WireObject
  /** Shared with the readers of what is within, so that one wrong part refuses the whole. */
  private readonly state: { refusal: DecodeOutcome | null }

  constructor(message: WireObject, state: { refusal: DecodeOutcome | null } = { refusal: null }) {
    this.message = message
    this.state = state
  }

  get refusal(): DecodeOutcome | null {
    return this.state.refusal
  }

  refuse(reason: DeadLetterReason, detail: string): void {
    this.state.refusal ??= { kind: 'malformed', reason, detail }
  }

  /** A reader of an object inside this message. */
  within(part: WireObject): MessageReader {
    return new MessageReader(part, this.state)
  }

  /** A whole number 0 ... 2^53 - 1. */
  integer(key: string): number {
    const wire = field(this.message, key)
    const value = wholeNumber(wire)
    if (value !== null) return value
    const isLarge = wire instanceof WireNumber && /^\d+$/.test(wire.text)
    this.refuse(isLarge ? 'number_out_of_range' : 'malformed', `${key} is no whole number below 2^53`)
    return 0
  }

  /** A time in milliseconds as microseconds; NaN for 0, which stands for none. */
  timeMs(key: string): number {
    const us = this.integer(key) * 1000
    if (!Number.isSafeInteger(us)) this.refuse('number_out_of_range', `${key} is after the year 2255`)
    return us === 0 ? Number.NaN : us
  }

  flag(key: string): boolean {
    const wire = field(this.message, key)
    if (typeof wire !== 'boolean') this.refuse('malformed', `${key} is not true or false`)
    return wire === true
  }

  /** One of a few words. */
  word(key: string, words: readonly string[]): string {
    const wire = field(this.message, key)
    if (typeof wire === 'string' && words.includes(wire)) return wire
    this.refuse('malformed', `${key} is none of ${words.join(', ')}`)
    return ''
  }

  /** A text of 1 to `bytesMax` bytes. */
  text(key: string, bytesMax: number): string {
    const wire = field(this.message, key)
    const isText = typeof wire === 'string' && wire !== '' && wire.isWellFormed()
    if (isText && encoder.encode(wire).length <= bytesMax) return wire
    this.refuse('malformed', `${key} is no text of 1 to ${bytesMax} bytes`)
    return '-'
  }

  /** A symbol as its id in `names`. */
  symbol(key: string, names: StringTable): number {
    const wire = field(this.message, key)
    const bytes = encoder.encode(typeof wire === 'string' && wire.isWellFormed() ? wire : '')
    const isName = bytes.length > 0 && bytes.length <= SYMBOL_BYTES_MAX && bytes.every((byte) => byte >= 32)
    const id = isName && this.refusal === null ? names.idOfBytes(bytes, 0, bytes.length) : -1
    if (id < 0)
      this.refuse('bad_symbol', `${key} is no symbol of 1 to ${SYMBOL_BYTES_MAX} bytes, or one too many`)
    return id
  }

  /** A name of ours as its id in `names`. */
  known(name: string, names: StringTable): number {
    const id = names.idOf(name)
    if (id < 0) this.refuse('bad_symbol', 'more names than the table of names holds')
    return id
  }

  list(key: string): readonly Wire[] {
    const wire = field(this.message, key)
    if (Array.isArray(wire)) return wire
    this.refuse('malformed', `${key} is no list`)
    return []
  }

  /** A decimal that is not negative, written as text, into a reserved row. */
  decimal(key: string, column: DecimalColumn, row: number): void {
    this.decimalOf(field(this.message, key), key, column, row)
  }

  decimalOf(wire: Wire | undefined, what: string, column: DecimalColumn, row: number): void {
    const { mantissa, scale } = this.parsed(wire, what)
    column.set(row, mantissa, scale)
  }

  /** A step of prices or quantities, written as text. */
  step(key: string): Decimal {
    return this.parsed(field(this.message, key), key)
  }

  private parsed(wire: Wire | undefined, what: string): Decimal {
    const decimal = typeof wire === 'string' ? parseDecimal(wire) : null
    if (decimal === 'range') this.refuse('number_out_of_range', `${what} has too many digits`)
    else if (decimal === null || decimal.mantissa < 0n) this.refuse('malformed', `${what} is no decimal`)
    else return decimal
    return ZERO
  }
}
