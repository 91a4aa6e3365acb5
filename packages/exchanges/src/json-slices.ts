import { JSON_DEPTH_MAX } from './json.ts'

/**
 * Where the elements of a list stand in a JSON text, so that each can be kept byte for byte as it came.
 *
 * A scanner for RFC 8259, by bytes: a value begins at an offset and the answer is the offset behind it, MISS where
 * there is none. Nesting is at most JSON_DEPTH_MAX. Bytes of 128 and more inside texts are taken as they are:
 * whether they are UTF-8 is for whoever decodes them.
 */

/** Bytes `start ... end - 1`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Told where a member's key, quotes included, and its value stand. */
type OnMember = (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void
type OnElement = (start: number, end: number) => void

const MISS = -1
const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const COLON = 58
const MINUS = 45
const PLUS = 43
const POINT = 46
const ZERO = 48
const LIST_START = 91
const LIST_END = 93
const OBJECT_START = 123
const OBJECT_END = 125
const LETTER_U = 117
const LETTER_E = 101
const LOWER_CASE = 32

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const literals = ['true', 'false', 'null'].map((text) => encoder.encode(text))
const escapes = new Set(encoder.encode('"\\/bfnrt'))

/**
 * The elements of the list that stands under `path` in the object that the text is, or that the text itself is where
 * no path is given; in their order and without the space around them. Of equal keys the last counts, as in
 * `JSON.parse`. Null when the text is no JSON or has no such list.
 */
export function elementRanges(text: Uint8Array, ...path: readonly string[]): readonly ByteRange[] | null {
  const whole = { start: skipSpace(text, 0), end: text.length }
  const list = path.reduce<ByteRange | null>((part, key) => part && memberIn(text, part, key), whole)
  if (list === null || text[list.start] !== LIST_START) return null
  const ranges: ByteRange[] = []
  const end = skipList(text, list.start, path.length + 1, (start, end) => ranges.push({ start, end }))
  return isEnd(text, end, list) ? ranges : null
}

/** Where the value of a member of the object in `range` stands. */
function memberIn(text: Uint8Array, range: ByteRange, key: string): ByteRange | null {
  let found: ByteRange | null = null
  const end = skipObject(text, range.start, 1, (keyStart, keyEnd, start, valueEnd) => {
    if (JSON.parse(decoder.decode(text.subarray(keyStart, keyEnd))) === key) found = { start, end: valueEnd }
  })
  return isEnd(text, end, range) ? found : null
}

/** Whether a value that ends at `end` is all that stands in the range, but for space. */
function isEnd(text: Uint8Array, end: number, range: ByteRange): boolean {
  return end === range.end || (end !== MISS && skipSpace(text, end) === range.end)
}

function skipValue(text: Uint8Array, at: number, depth: number): number {
  const first = text[at]
  if (first === QUOTE) return skipText(text, at)
  if (first === OBJECT_START) return skipObject(text, at, depth, null)
  if (first === LIST_START) return skipList(text, at, depth, null)
  if (first === MINUS || isDigit(first)) return skipNumber(text, at)
  const literal = literals.find((bytes) => bytes.every((byte, i) => text[at + i] === byte))
  return literal === undefined ? MISS : at + literal.length
}

function skipObject(text: Uint8Array, at: number, depth: number, onMember: OnMember | null): number {
  if (text[at] !== OBJECT_START || depth > JSON_DEPTH_MAX) return MISS
  at = skipSpace(text, at + 1)
  if (text[at] === OBJECT_END) return at + 1
  for (;;) {
    const keyEnd = skipText(text, at)
    if (keyEnd === MISS) return MISS
    const colon = skipSpace(text, keyEnd)
    if (text[colon] !== COLON) return MISS
    const valueAt = skipSpace(text, colon + 1)
    const valueEnd = skipValue(text, valueAt, depth + 1)
    if (valueEnd === MISS) return MISS
    onMember?.(at, keyEnd, valueAt, valueEnd)
    at = skipSpace(text, valueEnd)
    if (text[at] === OBJECT_END) return at + 1
    if (text[at] !== COMMA) return MISS
    at = skipSpace(text, at + 1)
  }
}

function skipList(text: Uint8Array, at: number, depth: number, onElement: OnElement | null): number {
  if (depth > JSON_DEPTH_MAX) return MISS
  at = skipSpace(text, at + 1)
  if (text[at] === LIST_END) return at + 1
  for (;;) {
    const end = skipValue(text, at, depth + 1)
    if (end === MISS) return MISS
    onElement?.(at, end)
    at = skipSpace(text, end)
    if (text[at] === LIST_END) return at + 1
    if (text[at] !== COMMA) return MISS
    at = skipSpace(text, at + 1)
  }
}

function skipText(text: Uint8Array, at: number): number {
  if (text[at] !== QUOTE) return MISS
  for (at += 1; at < text.length; at++) {
    const byte = text[at] as number
    if (byte === QUOTE) return at + 1
    if (byte < 32) return MISS
    if (byte !== BACKSLASH) continue
    at += 1
    if (escapes.has(text[at] as number)) continue
    if (text[at] !== LETTER_U) return MISS
    for (let i = 1; i <= 4; i++) if (!isHexDigit(text[at + i])) return MISS
    at += 4
  }
  return MISS
}

function skipNumber(text: Uint8Array, at: number): number {
  if (text[at] === MINUS) at += 1
  at = text[at] === ZERO ? at + 1 : skipDigits(text, at)
  if (at !== MISS && text[at] === POINT) at = skipDigits(text, at + 1)
  if (at === MISS || ((text[at] ?? 0) | LOWER_CASE) !== LETTER_E) return at
  const hasSign = text[at + 1] === PLUS || text[at + 1] === MINUS
  return skipDigits(text, hasSign ? at + 2 : at + 1)
}

/** One digit at least. */
function skipDigits(text: Uint8Array, at: number): number {
  if (!isDigit(text[at])) return MISS
  while (isDigit(text[at])) at += 1
  return at
}

function skipSpace(text: Uint8Array, at: number): number {
  while (text[at] === 32 || text[at] === 10 || text[at] === 13 || text[at] === 9) at += 1
  return at
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false
  const lower = byte | LOWER_CASE
  return isDigit(byte) || (lower >= 97 && lower <= 102)
}
