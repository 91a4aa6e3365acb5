import { FRAME_AT, half, MISS, scanInteger, space, word } from '../bytes.ts'
import { scanRfcTime } from '../rfc-time.ts'

/**
 * The envelope of the Advanced socket,
 * `{"channel":"l2_data","client_id":"","timestamp":"...","sequence_num":0,"events":[...]}`, and texts that a message
 * has at fixed places, compared by words. `client_id` is left out by some of its servers.
 */

const { view } = space
const WORD_BYTES = 4
const QUOTE = 34

/** A text as the little-endian words that it is made of; the last one overlaps the one before. */
export interface Spelled {
  readonly words: Int32Array
  readonly bytes: number
}

/** A text of four ASCII characters at least. */
export function spelled(text: string): Spelled {
  const count = Math.ceil(text.length / WORD_BYTES)
  const starts = Array.from({ length: count }, (_, i) => Math.min(i * WORD_BYTES, text.length - WORD_BYTES))
  return { words: Int32Array.from(starts, (at) => word(text.slice(at, at + WORD_BYTES))), bytes: text.length }
}

/** The offset behind the text, when it stands at `at`. */
export function behind(at: number, { words, bytes }: Spelled): number {
  const last = words.length - 1
  for (let i = 0; i < last; i++) if (view.getInt32(at + WORD_BYTES * i, true) !== words[i]) return MISS
  return view.getInt32(at + bytes - WORD_BYTES, true) === words[last] ? at + bytes : MISS
}

const CLIENT = spelled('"client_id":"",')
const TIME = spelled('"timestamp":"')
const SEQUENCE = spelled('","sequence_num":')
const EVENTS = spelled(',"events":[')
const END = half(']}')

/** Of the envelope read last: when it was sent, microseconds, NaN = absent; and its place on the connection. */
export const head = new Float64Array(2)
export const SENT = 0
export const POSITION = 1

/** Reads the envelope from `"client_id"` on into `head`; answers the offset of its first event. */
export function scanHead(at: number): number {
  const client = behind(at, CLIENT)
  at = behind(client === MISS ? at : client, TIME)
  if (at === MISS) return MISS
  at = behind(scanRfcTime(at, head, SENT), SEQUENCE)
  return at === MISS ? MISS : behind(scanInteger(at, head, POSITION), EVENTS)
}

/** Whether at `at` the list of events ends, and with it the envelope and the frame. */
export function isEnd(at: number): boolean {
  return at + 2 === space.end && view.getUint16(at, true) === END
}

/** Whether what stands at `at` is a closing quote. */
export function isQuote(at: number): boolean {
  return view.getUint8(at) === QUOTE
}

const L2 = spelled('{"channel":"l2_data",')
const TRADES = spelled('{"channel":"market_trades",')

/** The offset behind the channel, when it is that of books. */
export function behindBooks(): number {
  return behind(FRAME_AT, L2)
}

/** The same of trades. */
export function behindTrades(): number {
  return behind(FRAME_AT, TRADES)
}
