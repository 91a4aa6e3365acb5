import { FRAME_AT, half, isEight, isSeven, MISS, scanInteger, space, word } from '../bytes.ts'
import { settleTime } from '../time.ts'

/**
 * The parts that frames of several channels share:
 * `{"arg":{"channel":"<channel>","instId":"<symbol>"},"action":"update","data":[<element>, ...]}`, where `action`
 * stands in messages of incremental books only.
 *
 * In scanners `symbolAt` and `symbolEnd` are the symbol's bytes in `arg`.
 */

/** Where the channel's name begins: behind `{"arg":{"channel":"`. */
export const CHANNEL_AT = FRAME_AT + 19

const { view } = space
const HEAD_1 = word('{"ar')
const HEAD_2 = word('g":{')
const HEAD_3 = word('"cha')
const HEAD_4 = word('nnel')
const HEAD_TAIL = word('l":"')

/** Whether the frame begins with `{"arg":{"channel":"`. */
export function isMessage(): boolean {
  return (
    isEight(FRAME_AT, HEAD_1, HEAD_2) &&
    isEight(FRAME_AT + 8, HEAD_3, HEAD_4) &&
    view.getInt32(FRAME_AT + 15, true) === HEAD_TAIL
  )
}

const ARG_END = word('"},"')
const DATA = word('data')
const DATA_TAIL = word('":[{')

/** The offset of the first element's `{` behind a symbol: passes `"},"data":[` by. */
export function scanData(at: number): number {
  if (!isEight(at, ARG_END, DATA) || view.getInt32(at + 8, true) !== DATA_TAIL) return MISS
  return at + 11
}

const ACTION_1 = word('acti')
const ACTION_2 = word('on":')
const UPDATE_1 = word('"upd')
const UPDATE_2 = word('ate"')
const SNAPSHOT_1 = word('"sna')
const SNAPSHOT_2 = word('psho')
const SNAPSHOT_3 = word('t","')
const NEXT_KEY = half(',"')
/** Bytes of `"},"action":"update","`. */
const UPDATE_BYTES = 22
/** Bytes of the same with `snapshot`. */
const SNAPSHOT_BYTES = 24

/** The offset of the first element's `{` behind a symbol in the message of an update. */
export function scanUpdate(at: number): number {
  const isUpdate =
    isEight(at, ARG_END, ACTION_1) &&
    isEight(at + 8, ACTION_2, UPDATE_1) &&
    view.getInt32(at + 16, true) === UPDATE_2 &&
    view.getUint16(at + 20, true) === NEXT_KEY
  return isUpdate ? dataAt(at + UPDATE_BYTES) : MISS
}

/** The same of a snapshot. */
export function scanSnapshot(at: number): number {
  const isSnapshot =
    isEight(at, ARG_END, ACTION_1) &&
    isEight(at + 8, ACTION_2, SNAPSHOT_1) &&
    isEight(at + 16, SNAPSHOT_2, SNAPSHOT_3)
  return isSnapshot ? dataAt(at + SNAPSHOT_BYTES) : MISS
}

/** Passes `data":[` by. */
function dataAt(at: number): number {
  return isEight(at, DATA, DATA_TAIL) ? at + 7 : MISS
}

const COMMA = 44
const LIST_END = 93
const BRACE = 125
const QUOTE = 34

/** Whether another element follows behind the one that ends at `at`. */
export function isNext(at: number): boolean {
  return view.getUint8(at) === COMMA
}

/** Whether `]}` stands at `at` and ends the frame. */
export function isEnd(at: number): boolean {
  return at + 2 === space.end && view.getUint8(at) === LIST_END && view.getUint8(at + 1) === BRACE
}

/** Reads a whole number in quotes, from behind the first of them; answers the offset behind the second. */
export function scanTextInteger(at: number, column: Float64Array, row: number): number {
  at = scanInteger(at, column, row)
  return view.getUint8(at) === QUOTE ? at + 1 : MISS
}

const TIME_KEY = word('"ts"')
const TIME_KEY_TAIL = word('s":"')

/** Reads `"ts":"1597026383085"` as microseconds. */
export function scanTime(at: number, column: Float64Array, row: number): number {
  if (view.getInt32(at, true) !== TIME_KEY || view.getInt32(at + 2, true) !== TIME_KEY_TAIL) return MISS
  at = scanTextInteger(at + 6, column, row)
  return at !== MISS && settleTime(column, row) ? at : MISS
}

const SYMBOL_KEY = word('"ins')
const SYMBOL_KEY_TAIL = word('stId')
const TEXT = word('":"')

/** Passes `"instId":"` by. */
export function scanSymbolKey(at: number): number {
  if (!isSeven(at, SYMBOL_KEY, SYMBOL_KEY_TAIL)) return MISS
  return (view.getInt32(at + 7, true) & 0xffffff) === TEXT ? at + 10 : MISS
}
