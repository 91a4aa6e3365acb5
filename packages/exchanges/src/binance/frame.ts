import type { DecodeOutcome, EventBatch } from '@cryptoflow/model'
import { load } from '../bytes.ts'
import { EVENTS } from '../outcomes.ts'
import { readTemplate, takeEvent, templateOf } from '../template-reader.ts'
import { channelIds, type Wire, type WireTemplate } from './channels.ts'
import { isWide } from './envelope.ts'
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
  const found = readTemplate(wire.program, out)
  if (found < 0) return false
  const { channel, take, isBare } = wire.templates[templateOf(found)] as WireTemplate
  if (!isBare && isWide()) return false
  return takeEvent(found, out) && take(channelIds(wire, out.names)[channel] as number, isBare, out)
}
