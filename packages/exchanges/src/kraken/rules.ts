import { crc32 } from 'node:zlib'
import type {
  BookChecksum,
  BookTop,
  Continuity,
  DecimalColumn,
  StreamBookRule,
  TopSide,
} from '@cryptoflow/model'

/**
 * When one message follows another, and how the spot book proves itself.
 * Sources: docs.kraken.com as copied 2026-05-27, websocket-v2/book, websocket-v2/trade, guides/spot-ws-book-v2 and
 * futures-api/websocket/book; that futures count by one is in no document: observed on 7,014 deltas of 2021-07-22 and
 * by "Depth sequence gaps and channel cadence", 2026-09-08.
 */

/** Ids and sequences grow by one per symbol: trades of both markets, and every change of a futures book. */
export function followsId(lastId: number, id: number): Continuity {
  if (id === lastId + 1) return 'next'
  return id <= lastId ? 'stale' : 'gap'
}

/** Levels a side that a spot book can be subscribed with. */
export const SPOT_DEPTHS: readonly number[] = [10, 25, 100, 500, 1000]

/** Levels a side that the checksum covers, whatever the depth of the subscription. */
const CHECKSUM_DEPTH = 10

/**
 * The checksum of a spot book: CRC-32, unsigned, over asks from low to high and then bids from high to low, of each
 * level price and quantity as digits, without the point and without leading zeros.
 */
export const spotChecksum: BookChecksum = {
  depth: CHECKSUM_DEPTH,
  of: (top) => crc32(sideText(top.asks, top) + sideText(top.bids, top)),
}

function sideText({ count, price, quantity }: TopSide, { priceScale, quantityScale }: BookTop): string {
  const levels = Math.min(count, CHECKSUM_DEPTH)
  let text = ''
  for (let level = 0; level < levels; level++) {
    text += digitsOf(price, level, priceScale) + digitsOf(quantity, level, quantityScale)
  }
  return text
}

/**
 * The digits from the first that is no zero. Numbers on the wire mostly have all digits that the instrument promises;
 * where trailing zeros are missing they are put back.
 */
function digitsOf(column: DecimalColumn, row: number, promised: number): string {
  const mantissa = column.mantissas[row] as number
  // Beyond 2^53 it is a bigint under its row.
  const digits = String(Number.isNaN(mantissa) ? (column.wide.get(row) ?? 0) : mantissa)
  const missing = promised - (column.scales[row] as number)
  return digits === '0' ? '' : digits + '0'.repeat(Math.max(missing, 0))
}

/**
 * A spot book begins with a snapshot in its stream and has no sequence: what is missing shows in the checksum alone.
 * Levels that fall out of the subscribed depth are not deleted by a message, so the book is cut after each. `depth`:
 * what is subscribed; recordings do not say theirs but by their snapshots.
 */
export function spotBookRule(depth: number): StreamBookRule {
  return {
    origin: 'stream',
    follows: null,
    depths: SPOT_DEPTHS,
    subscribed: depth,
    checksum: spotChecksum,
  }
}

/** A futures book has all levels, and every delta changes one of them. */
export const futuresBookRule: StreamBookRule = {
  origin: 'stream',
  follows: followsId,
  depths: null,
  checksum: null,
}
