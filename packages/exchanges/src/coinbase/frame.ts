import type { DecodeOutcome, EventBatch, Market, StringTable } from '@cryptoflow/model'
import { FRAME_AT, load, MISS } from '../bytes.ts'
import { EVENTS } from '../outcomes.ts'
import { behind, spelled } from '../spelled.ts'
import { scanSnapshot, scanUpdate } from './changes.ts'
import { behindBooks, behindTrades, head, POSITION, scanHead } from './envelope.ts'
import { decodeExact } from './exact.ts'
import { scanLevel2 } from './level2.ts'
import { scanMatch } from './matches.ts'
import { scanMarketTrades } from './trades.ts'

/**
 * A frame is read by its bytes when it is written exactly as the exchange writes it (the fast path), and as JSON
 * otherwise (the exact path). The fast path answers only "done" or "not me": all that is refused is refused by the
 * exact path, in one place.
 */

/** Reads one websocket frame of the market. Never throws; on anything but `events` the batch is as before. */
export function decodeFrame(market: Market, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  return decodeFast(market, bytes, out) ? EVENTS : decodeExact(market, bytes, out)
}

/** Appends the frame's events and answers true, or leaves the batch as it was and answers false. */
export function decodeFast(market: Market, bytes: Uint8Array, out: EventBatch): boolean {
  const { count } = out
  if (load(bytes) && (scanAdvanced(market, out) || (market === 'spot' && scanExchange(out)))) return true
  out.rollback(count)
  return false
}

function scanAdvanced(market: Market, out: EventBatch): boolean {
  const books = behindBooks()
  const at = books === MISS ? behindTrades() : books
  if (at === MISS) return false
  const eventsAt = scanHead(at)
  if (eventsAt === MISS) return false
  const stream = streamId(books === MISS ? 0 : 1, out.names)
  if (stream < 0) return false
  out.connectionSeq = head[POSITION] as number
  return books === MISS
    ? scanMarketTrades(eventsAt, market, stream, out)
    : scanLevel2(eventsAt, market, stream, out)
}

const UPDATE = spelled('{"type":"l2update","product_id":"')
const SNAPSHOT = spelled('{"type":"snapshot","product_id":"')
const MATCH = spelled('{"type":"match","trade_id":')
const LAST_MATCH = spelled('{"type":"last_match","trade_id":')

function scanExchange(out: EventBatch): boolean {
  out.connectionSeq = Number.NaN
  const update = behind(FRAME_AT, UPDATE)
  const snapshot = behind(FRAME_AT, SNAPSHOT)
  if (update !== MISS || snapshot !== MISS) {
    const stream = streamId(3, out.names)
    if (stream < 0) return false
    return update === MISS
      ? scanSnapshot(snapshot, 'spot', stream, out)
      : scanUpdate(update, 'spot', stream, out)
  }
  const match = behind(FRAME_AT, MATCH)
  const at = match === MISS ? behind(FRAME_AT, LAST_MATCH) : match
  const stream = streamId(2, out.names)
  return at !== MISS && stream >= 0 && scanMatch(at, 'spot', stream, out)
}

const streamNames = ['market_trades', 'level2', 'matches', 'level2_batch']
const streamIds = new Int32Array(streamNames.length).fill(-1)
let owner: StringTable | null = null

/** The id of a stream's name, looked up once for as long as the same table is asked for; -1 when it is refused. */
function streamId(index: number, names: StringTable): number {
  if (owner !== names) {
    streamIds.fill(-1)
    owner = names
  }
  if (streamIds[index] === -1) streamIds[index] = names.idOf(streamNames[index] as string)
  return streamIds[index] as number
}
