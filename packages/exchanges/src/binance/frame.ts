import type { DecodeOutcome, EventBatch } from '@cryptoflow/model'
import { FRAME_AT, load } from '../bytes.ts'
import { EVENTS } from '../outcomes.ts'
import { type Channel, channelAt, channelIds, type Wire } from './channels.ts'
import { isEnvelope, STREAM_AT, scanStreamSymbol } from './envelope.ts'
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

function scanFrame(wire: Wire, out: EventBatch): boolean {
  if (!isEnvelope()) return scanBare(wire, out)
  const at = scanStreamSymbol()
  const index = channelAt(wire, at)
  if (index < 0) return false
  const { scan, text } = wire.channels[index] as Channel
  if (scan === null) return false
  return scan(at + text.bytes, at - STREAM_AT, channelIds(wire, out.names)[index] as number, out)
}

/** Without an envelope the payload tells what it is by its beginning. */
function scanBare(wire: Wire, out: EventBatch): boolean {
  const ids = channelIds(wire, out.names)
  for (const channel of wire.byType.values()) {
    const stream = ids[wire.channels.indexOf(channel)] as number
    if (channel.scan?.(FRAME_AT, 0, stream, out)) return true
  }
  return false
}
