import { type EventBatch, Side } from '@cryptoflow/model'
import { asciiText, isLower } from '../ascii.ts'
import { MISS, scanAsciiText, scanInteger, space, word } from '../bytes.ts'
import { settleTime } from '../time.ts'
import { passNumber, scanNumber } from './numbers.ts'
import { symbolEnd, symbolId } from './symbols.ts'
import { endTrade, scanId } from './trades.ts'
import { eight, isEights, isEnd, isThreeEights, spelled } from './words.ts'

/**
 * The fast path of trades in the format `DEFAULT`, which we ask for, as `scanTrade` reads those of both: the same with
 * all keys as constants in the code, since a message of eighteen fields consists of keys for the most part.
 */

/** What such a message begins with. */
export const defaultHead = spelled('{"type":"trade","code":"')
const TIMESTAMP = eight('","times')
const TIMESTAMP_TAIL = eight('estamp":')
const DATE = eight(',"trade_')
const DATE_TAIL = eight('_date":"')
const CLOCK = eight('","trade')
const CLOCK_TAIL = eight('_time":"')
const ENGINE = eight('","trade')
const ENGINE_MIDDLE = eight('_timesta')
const ENGINE_TAIL = eight('estamp":')
const PRICE = eight(',"trade_')
const PRICE_TAIL = eight('_price":')
const VOLUME = eight(',"trade_')
const VOLUME_TAIL = eight('volume":')
const ASK_BID = eight(',"ask_bi')
const ASK_BID_TAIL = eight('k_bid":"')
const CLOSING = eight('","prev_')
const CLOSING_MIDDLE = eight('closing_')
const CLOSING_TAIL = eight('_price":')
const CHANGE = eight(',"change')
const CHANGE_TAIL = eight('hange":"')
const CHANGE_PRICE = eight('","chang')
const CHANGE_PRICE_MIDDLE = eight('e_price"')
const CHANGE_PRICE_TAIL = eight('_price":')
const ID = eight(',"sequen')
const ID_MIDDLE = eight('tial_id"')
const ID_TAIL = eight('ial_id":')
const BEST_ASK = eight(',"best_a')
const BEST_ASK_MIDDLE = eight('sk_price')
const BEST_ASK_TAIL = eight('_price":')
const ASK_SIZE = eight(',"best_a')
const ASK_SIZE_MIDDLE = eight('sk_size"')
const ASK_SIZE_TAIL = eight('k_size":')
const BEST_BID = eight(',"best_b')
const BEST_BID_MIDDLE = eight('id_price')
const BEST_BID_TAIL = eight('_price":')
const BID_SIZE = eight(',"best_b')
const BID_SIZE_MIDDLE = eight('id_size"')
const BID_SIZE_TAIL = eight('d_size":')
const KIND = eight(',"stream')
const KIND_MIDDLE = eight('_type":"')
const REALTIME = eight('REALTIME')
const SNAPSHOT = eight('SNAPSHOT')
const KIND_BYTES = 24
const QUOTE = 34

const { view } = space
const BID = word('BID"')
const ASK = word('ASK"')
/** Of `2026-09-02`, of `07:46:20` and of `RISE`, `EVEN` or `FALL`. */
const DATE_BYTES = 10
const CLOCK_BYTES = 8
/** Longest date, time or word that is passed by. */
const TEXT_BYTES_MAX = 16

/** Appends the trade whose code stands at `at`; false when it is written in any other way than the usual. */
export function scanDefaultTrade(at: number, stream: number, out: EventBatch): boolean {
  const codeEnd = symbolEnd(at)
  const symbol = symbolId(at, codeEnd, out.names)
  if (symbol < 0) return false
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  at = codeEnd
  if (!isEights(at, TIMESTAMP, 6, TIMESTAMP_TAIL)) return false
  at = scanInteger(at + 14, out.sentUs, event)
  if (!isEights(at, DATE, 7, DATE_TAIL)) return false
  at = passText(at + 15, DATE_BYTES)
  if (!isEights(at, CLOCK, 8, CLOCK_TAIL)) return false
  at = passText(at + 16, CLOCK_BYTES)
  if (!isThreeEights(at, ENGINE, ENGINE_MIDDLE, 12, ENGINE_TAIL)) return false
  at = scanInteger(at + 20, out.engineUs, event)
  if (!isEights(at, PRICE, 7, PRICE_TAIL)) return false
  at = scanNumber(at + 15, out.price, entry)
  if (!isEights(at, VOLUME, 8, VOLUME_TAIL)) return false
  at = scanNumber(at + 16, out.quantity, entry)
  if (!isEights(at, ASK_BID, 4, ASK_BID_TAIL)) return false
  at += 12
  const side = view.getInt32(at, true)
  if (side !== BID && side !== ASK) return false
  at += 3
  if (!isThreeEights(at, CLOSING, CLOSING_MIDDLE, 15, CLOSING_TAIL)) return false
  at = passNumber(at + 23)
  if (!isEights(at, CHANGE, 3, CHANGE_TAIL)) return false
  at = scanAsciiText(at + 11, TEXT_BYTES_MAX)
  if (!isThreeEights(at, CHANGE_PRICE, CHANGE_PRICE_MIDDLE, 9, CHANGE_PRICE_TAIL)) return false
  at = passNumber(at + 17)
  if (!isThreeEights(at, ID, ID_MIDDLE, 9, ID_TAIL)) return false
  const idAt = at + 17
  const idEnd = scanId(idAt)
  if (!isKind(behindBest(idEnd))) return false
  if (!settleTime(out.sentUs, event) || !settleTime(out.engineUs, event)) return false
  const id = asciiText(idAt, idEnd)
  endTrade(out, { id, side: side === BID ? Side.buy : Side.sell, stream, symbol })
  return true
}

/** The offset of the quote behind a text of digits, hyphens and colons that mostly has so many bytes. */
function passText(at: number, bytes: number): number {
  return isLower(at, bytes) ? at + bytes : scanAsciiText(at, TEXT_BYTES_MAX)
}

/** Passes by the best ask and bid, all four numbers or none. */
function behindBest(at: number): number {
  if (!isThreeEights(at, BEST_ASK, BEST_ASK_MIDDLE, 10, BEST_ASK_TAIL)) return at
  at = passNumber(at + 18)
  if (!isThreeEights(at, ASK_SIZE, ASK_SIZE_MIDDLE, 9, ASK_SIZE_TAIL)) return MISS
  at = passNumber(at + 17)
  if (!isThreeEights(at, BEST_BID, BEST_BID_MIDDLE, 10, BEST_BID_TAIL)) return MISS
  at = passNumber(at + 18)
  return isThreeEights(at, BID_SIZE, BID_SIZE_MIDDLE, 9, BID_SIZE_TAIL) ? passNumber(at + 17) : MISS
}

/** Whether `,"stream_type":"REALTIME"` or `"SNAPSHOT"` stands there and ends the message. */
function isKind(at: number): boolean {
  const kind = view.getFloat64(at + 16, true)
  if (kind !== REALTIME && kind !== SNAPSHOT) return false
  if (!isEights(at, KIND, 8, KIND_MIDDLE)) return false
  return view.getUint8(at + KIND_BYTES) === QUOTE && isEnd(at + KIND_BYTES + 1)
}
