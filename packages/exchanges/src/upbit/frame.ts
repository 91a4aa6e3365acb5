import type { DecodeOutcome, EventBatch, StringTable } from '@cryptoflow/model'
import { FRAME_AT, load, MISS } from '../bytes.ts'
import { EVENTS } from '../outcomes.ts'
import { decodeExact } from './exact.ts'
import { defaultImage, scanImage, simpleImage } from './orderbook.ts'
import { defaultTrade, scanTrade, simpleTrade } from './trades.ts'
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
  for (const words of trades) {
    const at = behind(FRAME_AT, words.head)
    if (at !== MISS) return trade >= 0 && scanTrade(at, words, trade, out)
  }
  return false
}

const images = [defaultImage, simpleImage]
const trades = [defaultTrade, simpleTrade]

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
