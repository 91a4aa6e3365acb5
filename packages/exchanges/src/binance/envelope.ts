import { SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { FRAME_AT, isLowerCaseOf, MISS, type Space, scanPlainText } from '../bytes.ts'

/**
 * The combined form `{"stream":"<symbol>@<channel>","data":<payload>}` around a payload.
 *
 * In scanners `symbolBytes` is the length of the symbol in the stream's name, which begins at STREAM_AT;
 * 0 when the payload came without an envelope.
 */

/** Where the stream's name begins: behind `{"stream":"`. */
export const STREAM_AT = FRAME_AT + 11

const QUOTE = 34
const AT_SIGN = 64
const BRACE = 125
const BACKSLASH = 92

/** The offset of the `@` behind the symbol in the stream's name. */
export function scanStreamSymbol(view: DataView): number {
  for (let at = STREAM_AT; at <= STREAM_AT + SYMBOL_BYTES_MAX; at++) {
    const byte = view.getUint8(at)
    if (byte === AT_SIGN) return at > STREAM_AT ? at : MISS
    if (byte < 32 || byte === QUOTE || byte === BACKSLASH) return MISS
  }
  return MISS
}

/**
 * The offset of the quote that closes the symbol at `at`. In an envelope it must be the stream's symbol, which
 * stands there in lower case; the exact path, which does not ask that, decides about any other.
 */
export function scanSymbol(view: DataView, at: number, symbolBytes: number): number {
  if (symbolBytes === 0) return scanPlainText(view, at, SYMBOL_BYTES_MAX)
  const quote = at + symbolBytes
  return view.getUint8(quote) === QUOTE && isLowerCaseOf(view, STREAM_AT, at, symbolBytes) ? quote : MISS
}

/** Whether at `at` the payload ends, and with it the envelope and the frame. */
export function isLastBrace({ view, end }: Space, at: number, symbolBytes: number): boolean {
  if (symbolBytes === 0) return at + 1 === end && view.getUint8(at) === BRACE
  return at + 2 === end && view.getUint8(at) === BRACE && view.getUint8(at + 1) === BRACE
}
