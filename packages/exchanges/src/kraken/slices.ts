/**
 * Where the value of a member stands in the JSON text of an object, so that a part of it can be kept byte for byte.
 * The text must have been parsed before: brackets are counted here, and nothing is checked.
 */

const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const COLON = 58
const decoder = new TextDecoder()

/** The bytes of the value under `key`; of equal keys the last counts, as in `JSON.parse`. Null when there is none. */
export function memberBytes(text: Uint8Array, key: string): Uint8Array | null {
  let found: Uint8Array | null = null
  let at = text.indexOf(OBJECT_START) + 1
  while (at > 0 && at < text.length) {
    const keyAt = text.indexOf(QUOTE, at)
    if (keyAt < 0) break
    const keyEnd = textEnd(text, keyAt)
    const valueAt = text.indexOf(COLON, keyEnd) + 1
    const end = valueEnd(text, valueAt)
    if (JSON.parse(decoder.decode(text.subarray(keyAt, keyEnd))) === key) found = text.subarray(valueAt, end)
    at = end + 1
  }
  return found
}

const OBJECT_START = 123
/** Of brackets and braces, whose codes differ from their ends by two. */
const starts: readonly number[] = [OBJECT_START, 91]
const ends: readonly number[] = [OBJECT_START + 2, 93]

/** The offset of the comma or the end behind the value at `at`. */
function valueEnd(text: Uint8Array, at: number): number {
  let depth = 0
  while (at < text.length) {
    const byte = text[at] as number
    if (byte === QUOTE) {
      at = textEnd(text, at)
      continue
    }
    if (depth === 0 && (byte === COMMA || ends.includes(byte))) return at
    if (starts.includes(byte)) depth += 1
    else if (ends.includes(byte)) depth -= 1
    at += 1
  }
  return at
}

/** The offset behind the quote that closes the text at `at`. */
function textEnd(text: Uint8Array, at: number): number {
  for (at += 1; at < text.length; at++) {
    if (text[at] === QUOTE) return at + 1
    if (text[at] === BACKSLASH) at += 1
  }
  return at
}
