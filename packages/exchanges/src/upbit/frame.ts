import type { DecodeOutcome, EventBatch, StringTable } from '@cryptoflow/model'
import { FRAME_AT, load, MISS } from '../bytes.ts'
import { EVENTS } from '../outcomes.ts'
import { defaultHead, scanDefaultTrade } from './default-trade.ts'
import { decodeExact } from './exact.ts'
import { defaultImage, scanImage, simpleImage } from './orderbook.ts'
import { scanTrade, simpleTrade } from './trades.ts'
import { behind } from './words.ts'

/**
 * A frame is read by its bytes when it is written exactly as the exchange writes it (the fast path), and as JSON
 * otherwise (the exact path). The fast path answers only "done" or "not me": all that is refused is refused by the
 * exact path, in one place.
 */

/** Reads one websocket frame. Never throws; on anything but `events` the batch is as before. */
export function decodeFrame(bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  return decodeFast(bytes, out) ? EVENTS : decodeExact(bytes, out)
}

/** Appends the frame's event and answers true, or leaves the batch as it was and answers false. */
export function decodeFast(bytes: Uint8Array, out: EventBatch): boolean {
  const { count } = out
  if (load(bytes) && scan(out)) return true
  out.rollback(count)
  return false
}

/** The two formats of the two types, most frequent first. */
function scan(out: EventBatch): boolean {
  learnStreams(out.names)
  for (const words of images) {
    const at = behind(FRAME_AT, words.head)
    if (at !== MISS) return orderbook >= 0 && scanImage(at, words, orderbook, out)
  }
  const defaultAt = behind(FRAME_AT, defaultHead)
  if (defaultAt !== MISS) return trade >= 0 && scanDefaultTrade(defaultAt, trade, out)
  const simpleAt = behind(FRAME_AT, simpleTrade.head)
  return simpleAt !== MISS && trade >= 0 && scanTrade(simpleAt, simpleTrade, trade, out)
}

const images = [defaultImage, simpleImage]

let owner: StringTable | null = null
/** Ids of the streams' names, for as long as the same table is asked for; -1 where it is full. */
let orderbook = -1
let trade = -1

function learnStreams(names: StringTable): void {
  if (owner === names && orderbook >= 0 && trade >= 0) return
  owner = names
  orderbook = names.idOf('orderbook')
  trade = names.idOf('trade')
}
