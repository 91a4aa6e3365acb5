import { SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import {
  FRAME_AT,
  half,
  isEight,
  isSameText,
  isSeven,
  isSix,
  MISS,
  scanInteger,
  scanPlainText,
  space,
  word,
} from '../bytes.ts'
import { settleTime } from '../time.ts'
import type { Place } from './channels.ts'

/**
 * What stands around the data of every message, on the fast path:
 *
 *     {"topic":"<channel>.<symbol>","ts":1,"type":"delta","data":...}      spot, and quotes of futures
 *     {"topic":"<channel>.<symbol>","type":"delta","ts":1,"data":...}      other channels of futures
 *
 * Source: bybit-exchange/docs 2026-07-24, v5/websocket/public/orderbook, "reminder". Either order is read everywhere:
 * quotes of futures had the second one in 2023.
 */

/** Where the topic begins: behind `{"topic":"`. */
export const TOPIC_AT = FRAME_AT + 10

const { view } = space
const QUOTE = 34
const BRACE = 125
const TOPIC_1 = word('{"to')
const TOPIC_2 = word('pic"')
const TEXT = half(':"')

/** Whether the frame begins with a topic. */
export function isTopic(): boolean {
  return isEight(FRAME_AT, TOPIC_1, TOPIC_2) && view.getUint16(FRAME_AT + 8, true) === TEXT
}

/** The offset of the quote behind the symbol that begins at `at`. */
export function scanTopicSymbol(at: number): number {
  return scanPlainText(at, SYMBOL_BYTES_MAX)
}

/** What the head of the frame at hand said: its send time, as sent and then as microseconds, and its type. */
export const head = { sentUs: new Float64Array(1), isSnapshot: false }

const TIME_KEY = word('","t')
const TIME_KEY_TAIL = word('ts":')
const TYPE_KEY = word(',"ty')
const TYPE_KEY_REST = word('pe":')
const EARLY_TYPE_KEY = word('","t')
const EARLY_TYPE_KEY_REST = word('ype"')
const LATE_TIME_KEY = word(',"ts')
const NUMBER = half('":')
const DATA_KEY = word(',"da')
const DATA_KEY_REST = word('ta":')

/** Reads the rest of the head, from the quote behind the topic on, into `head`; answers where the data begin. */
export function scanHead(at: number): number {
  if (isSeven(at, TIME_KEY, TIME_KEY_TAIL)) {
    at = scanInteger(at + 7, head.sentUs, 0)
    if (!isEight(at, TYPE_KEY, TYPE_KEY_REST) || view.getUint8(at + 8) !== QUOTE) return MISS
    at = scanType(at + 9)
  } else {
    const isType = isEight(at, EARLY_TYPE_KEY, EARLY_TYPE_KEY_REST) && view.getUint16(at + 8, true) === TEXT
    at = isType ? scanType(at + 10) : MISS
    if (!isSix(at, LATE_TIME_KEY, NUMBER)) return MISS
    at = scanInteger(at + 6, head.sentUs, 0)
  }
  return isEight(at, DATA_KEY, DATA_KEY_REST) && settleTime(head.sentUs, 0) ? at + 8 : MISS
}

const SNAPSHOT = word('snap')
const SNAPSHOT_REST = word('shot')
const DELTA = word('delt')
const DELTA_END = half('a"')

/** Reads `snapshot"` or `delta"`. */
function scanType(at: number): number {
  if (isEight(at, SNAPSHOT, SNAPSHOT_REST) && view.getUint8(at + 8) === QUOTE) {
    head.isSnapshot = true
    return at + 9
  }
  head.isSnapshot = false
  return isSix(at, DELTA, DELTA_END) ? at + 6 : MISS
}

/**
 * The offset of the quote behind the symbol at `at`, which must be the topic's. A frame that is cut in it differs: zeros
 * stand behind it, and in no symbol.
 */
export function scanSameSymbol(at: number, { symbolAt, symbolBytes }: Place): number {
  if (!isSameText(at, symbolAt, symbolBytes)) return MISS
  return view.getUint8(at + symbolBytes) === QUOTE ? at + symbolBytes : MISS
}

/** Whether the frame's last brace stands at `at`. */
export function isLastBrace(at: number): boolean {
  return at + 1 === space.end && view.getUint8(at) === BRACE
}
