import { FRAME_AT, half, MISS, scanInteger, space } from '../bytes.ts'
import { scanRfcTime } from '../rfc-time.ts'
import { behind, spelled } from '../spelled.ts'

/**
 * The envelope of the Advanced socket,
 * `{"channel":"l2_data","client_id":"","timestamp":"...","sequence_num":0,"events":[...]}`. `client_id` is left out by some of its servers.
 */

const { view } = space
const QUOTE = 34

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
