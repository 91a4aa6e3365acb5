import { SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { FRAME_AT, half, isFive, isSeven, MISS, scanAsciiText, scanPlainText, space, word } from '../bytes.ts'

/**
 * The combined form `{"stream":"<symbol>@<channel>","data":<payload>}` around a payload, and the parts that payloads
 * of several streams share.
 *
 * In scanners `symbolBytes` is the length of the symbol in the stream's name, which begins at STREAM_AT;
 * 0 when the payload came without an envelope.
 */

/** Where the stream's name begins: behind `{"stream":"`. */
export const STREAM_AT = FRAME_AT + 11

const { view } = space
const AT_SIGN = 64
const EXCLAMATION = 33
const BRACE = 125
const QUOTE = 34
const HEAD_1 = word('{"st')
const HEAD_2 = word('ream')
const HEAD_3 = word('m":"')

/** Whether the frame begins with an envelope. */
export function isEnvelope(): boolean {
  return view.getInt32(FRAME_AT, true) === HEAD_1 && isSeven(FRAME_AT + 4, HEAD_2, HEAD_3)
}

/** The offset of the `@` behind the symbol in the stream's name; names of the whole market begin with `!`. */
export function scanStreamSymbol(): number {
  if (view.getUint8(STREAM_AT) === EXCLAMATION) return MISS
  for (let at = STREAM_AT; at <= STREAM_AT + SYMBOL_BYTES_MAX; at++) {
    const byte = view.getUint8(at)
    if (byte === AT_SIGN) return at > STREAM_AT ? at : MISS
    if (byte < 32) return MISS
  }
  return MISS
}

/**
 * The offset behind the symbol at `at`, where the next key's quote must stand. In an envelope the symbol is as
 * long as the stream's; `symbolId` sees whether it is the same.
 */
export function scanSymbol(at: number, symbolBytes: number): number {
  if (symbolBytes === 0) return scanPlainText(at, SYMBOL_BYTES_MAX)
  // What a cut frame lacks may stand behind it, left by another.
  return at + symbolBytes < space.end ? at + symbolBytes : MISS
}

const PAIR_KEY = word('","p')
const PAIR_KEY_TAIL = word('ps":')

/** Reads `","ps":"B` behind a futures symbol where it stands, its pair; answers the offset of the closing quote. */
export function scanPair(at: number): number {
  if (!isSeven(at, PAIR_KEY, PAIR_KEY_TAIL)) return at
  return view.getUint8(at + 7) === QUOTE ? scanAsciiText(at + 8, SYMBOL_BYTES_MAX) : MISS
}

const KIND_KEY = word(',"st')
const KIND_KEY_TAIL = word('st":')

/**
 * Passes `,"st":1` by where it stands: which kind of futures it is. In an envelope the stream's symbol has told it;
 * without one it decides, and the exact path reads it.
 */
export function scanFuturesKind(at: number, symbolBytes: number): number {
  if (
    symbolBytes === 0 ||
    view.getInt32(at, true) !== KIND_KEY ||
    view.getInt32(at + 2, true) !== KIND_KEY_TAIL
  )
    return at
  return isDigit(at + 6) ? at + 7 : MISS
}

function isDigit(at: number): boolean {
  const byte = view.getUint8(at)
  return byte >= 48 && byte <= 57
}

const MAKER_KEY = word(',"m"')
const MAKER_KEY_TAIL = word('"m":')
const UNUSED_KEY = word(',"M"')
const UNUSED_KEY_TAIL = word('"M":')
const TRUE = word('true')
const FALSE = word('fals')
const SE = half('se')

/** Reads `,"m":true` or `,"m":false`, whose length tells which it was. */
export function scanMaker(at: number): number {
  return isFive(at, MAKER_KEY, MAKER_KEY_TAIL) ? scanBoolean(at + 5) : MISS
}

/** The same of `M`, which has no meaning. */
export function scanUnused(at: number): number {
  return isFive(at, UNUSED_KEY, UNUSED_KEY_TAIL) ? scanBoolean(at + 5) : MISS
}

function scanBoolean(at: number): number {
  const head = view.getInt32(at, true)
  if (head === TRUE) return at + 4
  return head === FALSE && view.getUint16(at + 3, true) === SE ? at + 5 : MISS
}

/** Length of `,"m":true`. */
export const MAKER_TRUE_BYTES = 9

/** Whether at `at` the payload ends, and with it the envelope and the frame. */
export function isLastBrace(at: number, symbolBytes: number): boolean {
  if (symbolBytes === 0) return at + 1 === space.end && view.getUint8(at) === BRACE
  return at + 2 === space.end && view.getUint8(at) === BRACE && view.getUint8(at + 1) === BRACE
}
