import { type DecodeOutcome, type EventBatch, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { load, MISS, scanPlainText } from '../bytes.ts'
import { EVENTS } from '../outcomes.ts'
import { type Channel, channelAt, channelIds, type Wire } from './channels.ts'
import { CHANNEL_AT, isMessage } from './envelope.ts'
import { decodeExact } from './exact.ts'
import { symbolId } from './symbols.ts'

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
  const index = isMessage() ? channelAt(wire, CHANNEL_AT) : -1
  if (index < 0) return false
  const { scan, bytes } = wire.channels[index] as Channel
  const stream = channelIds(wire, out.names)[index] as number
  if (scan === null || stream < 0) return false
  const symbolAt = CHANNEL_AT + bytes
  const symbolEnd = scanPlainText(symbolAt, SYMBOL_BYTES_MAX)
  if (symbolEnd === MISS) return false
  const symbol = symbolId(symbolAt, symbolEnd, wire.market, out.names)
  return symbol >= 0 && scan(symbolAt, symbolEnd, stream, symbol, out)
}
