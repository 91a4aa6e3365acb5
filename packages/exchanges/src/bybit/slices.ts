/**
 * Where the value of a member stands in the text of a JSON object. The text must have been parsed before: nothing is
 * checked here.
 */

const QUOTE = 34
const BACKSLASH = 92
const COLON = 58
const COMMA = 44

const decoder = new TextDecoder()

/** The bytes of the value under `key`; of equal keys the last counts, as in `JSON.parse`. Null when there is none. */
export function memberText(text: Uint8Array, key: string): Uint8Array | null {
  let found: Uint8Array | null = null
  let depth = 0
  let name = ''
  let valueAt = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]
    if (byte === QUOTE) {
      const end = textEnd(text, at)
      if (depth === 1 && valueAt === 0) name = JSON.parse(decoder.decode(text.subarray(at, end))) as string
      at = end - 1
    } else if (depth === 1 && byte === COLON) valueAt = at + 1
    else if (isOpening(byte)) depth += 1
    else if ((depth === 1 && byte === COMMA) || isClosing(byte)) {
      if (depth === 1 && valueAt > 0 && name === key) found = text.subarray(valueAt, at)
      if (depth === 1) valueAt = 0
      if (byte !== COMMA) depth -= 1
    }
  }
  return found
}

/** The offset behind the text whose first quote stands at `at`. */
function textEnd(text: Uint8Array, at: number): number {
  for (at += 1; text[at] !== QUOTE && at < text.length; at++) if (text[at] === BACKSLASH) at += 1
  return at + 1
}

/** `[` or `{`. */
function isOpening(byte: number | undefined): boolean {
  return byte === 91 || byte === 123
}

/** `]` or `}`. */
function isClosing(byte: number | undefined): boolean {
  return byte === 93 || byte === 125
}
