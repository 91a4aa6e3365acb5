import { type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { isLowerCaseOf, isPlainText, space } from '../bytes.ts'
import { forgetPairs, pairRead, places, placesRead, rememberPair } from '../template-reader.ts'
import { STREAM_AT } from './envelope.ts'

/**
 * Symbols seen before, as the bytes that they came in: in lower case from the stream's name, then as the payload wrote
 * them. One that comes again is found by these alone, instead of being checked and hashed byte by byte.
 */

const { bytes, view } = space
const QUOTE = 34
const BACKSLASH = 92

/** Ids by the slots of the pairs that the reader remembers. */
const ids = new Int32Array(256)
let owner: StringTable | null = null

/**
 * The id of the symbol read last. In an envelope it must be the stream's symbol at STREAM_AT, as long as which it was
 * read, but for the lower case. -1 when it is not, when it needs JSON to be read or when the table refuses it.
 */
export function symbolRead(isBare: boolean, names: StringTable): number {
  if (isBare)
    return names.idOfBytes(
      bytes,
      placesRead[places.symbol] as number,
      placesRead[places.symbol + 1] as number,
    )
  const slot = pairRead()
  return slot >= 0 && owner === names ? (ids[slot] as number) : learn(names)
}

function learn(names: StringTable): number {
  if (owner !== names) {
    forgetPairs()
    owner = names
  }
  const at = placesRead[places.symbol] as number
  const end = placesRead[places.symbol + 1] as number
  if (!isPlainText(at, end - at) || !isLowerCaseOf(STREAM_AT, at, end - at)) return -1
  const id = names.idOfBytes(bytes, at, end)
  if (id < 0) return -1
  const slot = rememberPair(STREAM_AT, at, end - at)
  if (slot >= 0) ids[slot] = id
  return id
}

const upper = new Uint8Array(SYMBOL_BYTES_MAX)

/**
 * The id of the symbol whose lower case is the stream's, for messages that name it nowhere else: a-z become A-Z.
 * -1 for letters beyond ASCII, which the exact path looks at.
 */
export function streamSymbolRead(names: StringTable): number {
  const length = (placesRead[places.stream + 1] as number) - STREAM_AT
  for (let i = 0; i < length; i++) {
    const byte = view.getUint8(STREAM_AT + i)
    if (byte < 32 || byte > 127 || byte === QUOTE || byte === BACKSLASH) return -1
    upper[i] = byte >= 97 && byte <= 122 ? byte - 32 : byte
  }
  return names.idOfBytes(upper, 0, length)
}

/**
 * The same on the exact path; null when it cannot be told: a letter beyond ASCII that has two cases, since how the
 * exchange lowers those is not documented. Chinese symbols, which are traded, have one case.
 */
export function streamSymbol(lower: string): string | null {
  const hasOneCase = (letter: string): boolean =>
    letter <= '\u007f' || (letter.toLowerCase() === letter && letter.toUpperCase() === letter)
  return [...lower].every(hasOneCase) ? lower.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : null
}
