import { SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { FRAME_AT, MISS, type Space, scanPlainText } from '../bytes.ts'

/**
 * The combined form `{"stream":"<symbol>@<channel>","data":<payload>}` around a payload.
 *
 * In scanners `symbolBytes` is the length of the symbol in the stream's name, which begins at STREAM_AT;
 * 0 when the payload came without an envelope.
 */

/** Where the stream's name begins: behind `{"stream":"`. */
export const STREAM_AT = FRAME_AT + 11

const AT_SIGN = 64
const BRACE = 125

/** The offset of the `@` behind the symbol in the stream's name. */
export function scanStreamSymbol(view: DataView): number {
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
export function scanSymbol({ view, end }: Space, at: number, symbolBytes: number): number {
  if (symbolBytes === 0) return scanPlainText(view, at, SYMBOL_BYTES_MAX)
  // What a cut frame lacks may stand behind it, left by another.
  return at + symbolBytes < end ? at + symbolBytes : MISS
}

/** Whether at `at` the payload ends, and with it the envelope and the frame. */
export function isLastBrace({ view, end }: Space, at: number, symbolBytes: number): boolean {
  if (symbolBytes === 0) return at + 1 === end && view.getUint8(at) === BRACE
  return at + 2 === end && view.getUint8(at) === BRACE && view.getUint8(at + 1) === BRACE
}
