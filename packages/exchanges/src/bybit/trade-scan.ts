import { type EventBatch, Side } from '@cryptoflow/model'
import { asciiText, isLower } from '../ascii.ts'
import {
  half,
  isEight,
  isFive,
  isSix,
  MISS,
  scanAsciiText,
  scanInteger,
  scanShortDecimal,
  space,
  word,
} from '../bytes.ts'
import { settleTime } from '../time.ts'
import type { Place } from './channels.ts'
import { head, isLastBrace, scanHead, scanSameSymbol } from './envelope.ts'
import { symbolId } from './symbols.ts'
import { endTrade, ID_BYTES_MAX, rpiId } from './trades.ts'

/**
 * The fast path of trades, whose fields stand in another order on spot than on futures:
 *
 *     {"T":1,"s":"B","S":"Buy","v":"1","p":"1","L":"PlusTick","i":"...","BT":false,"RPI":false,"seq":1}
 *     {"i":"1","T":1,"p":"1","v":"1","S":"Buy","seq":1,"s":"B","BT":false,"RPI":false}
 *
 * Any order is read, since none is documented; a field that is unknown or comes twice is for the exact path.
 */

const { view } = space
const QUOTE = 34
const COMMA = 44
const COLON = 58
const OBJECT_START = 123
const OBJECT_END = 125
const LIST_START = 91
const LIST_END = 93

/** Appends the trades of the message that `place` leads to. */
export function scanTrades(place: Place, out: EventBatch): boolean {
  const first = out.count
  let at = scanHead(place.at)
  if (view.getUint8(at) !== LIST_START) return false
  do {
    at = scanTrade(at + 1, place, out)
  } while (view.getUint8(at) === COMMA)
  if (view.getUint8(at) !== LIST_END || !isLastBrace(at + 1)) return false

  const symbol = symbolId(place.symbolAt, place.symbolBytes, out.names)
  if (symbol < 0 || place.stream < 0) return false
  const sentUs = head.sentUs[0] as number
  for (let event = first; event < out.count; event++) {
    out.symbol[event] = symbol
    out.stream[event] = place.stream
    out.sentUs[event] = sentUs
  }
  return true
}

const TIME = word('"T":')
const SYMBOL = word('"s":')
const SIDE = word('"S":')
const QUANTITY = word('"v":')
const PRICE = word('"p":')
const TICK = word('"L":')
const ID = word('"i":')
const BLOCK = word('"BT"')
const PROGRAM = word('"RPI')
const SEQUENCE = word('"seq')
/** The fields `T`, `s`, `S`, `v`, `p`, `i` and `BT`, a bit for each. */
const REQUIRED = 127
/** Length of `true`, and of `"Buy"`. */
const TRUE_BYTES = 4
const BUY_BYTES = 5

/** Numbers that are passed by. */
const unused = new Float64Array(1)

/** Reads `{...}` and appends the trade; answers the offset behind the brace. */
function scanTrade(at: number, place: Place, out: EventBatch): number {
  if (view.getUint8(at) !== OBJECT_START) return MISS
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  let seen = 0
  let bit = 0
  let side = 0
  let isBlock = false
  let isRpi = false
  let idAt = 0
  let idEnd = 0
  do {
    at += 1
    const key = view.getInt32(at, true)
    const valueAt = at + 4
    switch (key) {
      case TIME:
        bit = 1
        at = scanInteger(valueAt, out.engineUs, event)
        break
      case SYMBOL:
        bit = 2
        at = behind(scanSameSymbol(textAt(valueAt), place))
        break
      case SIDE:
        bit = 4
        at = scanSide(valueAt)
        side = at === valueAt + BUY_BYTES ? Side.buy : Side.sell
        break
      case QUANTITY:
        bit = 8
        at = behind(scanShortDecimal(textAt(valueAt), out.quantity, entry))
        break
      case PRICE:
        bit = 16
        at = behind(scanShortDecimal(textAt(valueAt), out.price, entry))
        break
      case ID:
        bit = 32
        idAt = textAt(valueAt)
        idEnd = scanId(idAt)
        at = behind(idEnd)
        break
      case BLOCK:
        bit = 64
        at = view.getUint8(valueAt) === COLON ? scanFlag(valueAt + 1) : MISS
        isBlock = at === valueAt + 1 + TRUE_BYTES
        break
      case TICK:
        bit = 128
        at = behind(scanTick(textAt(valueAt)))
        break
      case PROGRAM:
        bit = 256
        at = scanFlag(longKeyEnd(valueAt))
        isRpi = at === valueAt + 2 + TRUE_BYTES
        break
      case SEQUENCE:
        bit = 512
        at = scanInteger(longKeyEnd(valueAt), unused, 0)
        break
      default:
        return MISS
    }
    if ((seen & bit) !== 0) return MISS
    seen |= bit
  } while (view.getUint8(at) === COMMA)
  const isWhole = view.getUint8(at) === OBJECT_END && (seen & REQUIRED) === REQUIRED
  if (!isWhole || !settleTime(out.engineUs, event)) return MISS
  const type = isRpi ? rpiId(out.names) : -1
  if (isRpi && type < 0) return MISS
  endTrade(out, isBlock, side, type, asciiText(idAt, idEnd))
  return at + 1
}

/** The offset behind the quote that opens a text at `at`. */
function textAt(at: number): number {
  return view.getUint8(at) === QUOTE ? at + 1 : MISS
}

const KEY_END = half('":')

/** The offset behind a key of three letters, of which the quote and the colon stand at `at`. */
function longKeyEnd(at: number): number {
  return view.getUint16(at, true) === KEY_END ? at + 2 : MISS
}

/** The offset behind a quote that was found. */
function behind(quote: number): number {
  return quote === MISS ? MISS : quote + 1
}

const BUY = word('"Buy')
const BUY_TAIL = word('Buy"')
const SELL = word('"Sel')
const SELL_END = half('l"')

/** Reads `"Buy"` or `"Sell"`, whose length tells which it was. */
function scanSide(at: number): number {
  if (isFive(at, BUY, BUY_TAIL)) return at + BUY_BYTES
  return isSix(at, SELL, SELL_END) ? at + 6 : MISS
}

const TRUE = word('true')
const FALSE = word('fals')
const FALSE_TAIL = word('alse')

/** Reads `true` or `false`, whose length tells which it was. */
function scanFlag(at: number): number {
  if (view.getInt32(at, true) === TRUE) return at + TRUE_BYTES
  return isFive(at, FALSE, FALSE_TAIL) ? at + 5 : MISS
}

const UUID_BYTES = 36
const SPOT_ID_BYTES = 19

/** The offset of the quote behind an id. */
function scanId(at: number): number {
  if (isLower(at, UUID_BYTES)) return at + UUID_BYTES
  return isLower(at, SPOT_ID_BYTES) ? at + SPOT_ID_BYTES : scanAsciiText(at, ID_BYTES_MAX)
}

const ZERO = word('Zero')
const PLUS = word('Plus')
const MINUS = word('Minu')
const MINUS_TAIL = word('inus')
const TICK_WORD = word('Tick')

/** Passes the direction of the price by: the quote behind `ZeroPlusTick` and its like. */
function scanTick(at: number): number {
  const from = view.getInt32(at, true) === ZERO ? at + 4 : at
  const isMinus = view.getInt32(from, true) === MINUS && isEight(from + 1, MINUS_TAIL, TICK_WORD)
  const end = isMinus ? from + 9 : isEight(from, PLUS, TICK_WORD) ? from + 8 : MISS
  return view.getUint8(end) === QUOTE ? end : scanAsciiText(at, ID_BYTES_MAX)
}
