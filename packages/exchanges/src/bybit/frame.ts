import type { DecodeOutcome, EventBatch } from '@cryptoflow/model'
import { load, MISS } from '../bytes.ts'
import { EVENTS } from '../outcomes.ts'
import { type Channel, channelAt, channelIds, type Place, type Wire } from './channels.ts'
import { isTopic, scanTopicSymbol, TOPIC_AT } from './envelope.ts'
import { decodeExact } from './exact.ts'

/**
 * A frame is read by its bytes when it is written exactly as the exchange writes it (the fast path), and as
 * JSON otherwise (the exact path). The fast path answers only "done" or "not me": all that is refused is
 * refused by the exact path, in one place.
 */

/** Reads one websocket frame of the wire's market. Never throws; on anything but `events` the batch is as before. */
export function decodeFrame(wire: Wire, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  return decodeFast(wire, bytes, out) ? EVENTS : decodeExact(wire, bytes, out)
}

/** Appends the frame's events and answers true, or leaves the batch as it was and answers false. */
export function decodeFast(wire: Wire, bytes: Uint8Array, out: EventBatch): boolean {
  const { count } = out
  if (load(bytes) && scanFrame(wire, out)) return true
  out.rollback(count)
  return false
}

/** Of the frame at hand; one object for all frames. */
const place: Place = { at: 0, symbolAt: 0, symbolBytes: 0, stream: -1 }

function scanFrame(wire: Wire, out: EventBatch): boolean {
  const index = isTopic() ? channelAt(wire, TOPIC_AT) : -1
  if (index < 0) return false
  const { scan, prefix } = wire.channels[index] as Channel
  if (scan === null) return false
  place.symbolAt = TOPIC_AT + prefix.length
  place.at = scanTopicSymbol(place.symbolAt)
  place.symbolBytes = place.at - place.symbolAt
  place.stream = channelIds(wire, out.names)[index] as number
  return place.at !== MISS && scan(place, out)
}
