import { crc32 } from 'node:zlib'
import {
  type BookChecksum,
  type BookTop,
  type Continuity,
  decimalText,
  type StreamBookRule,
  type TopSide,
} from '@cryptoflow/model'

/**
 * When one message follows another, and what proves a book. Absent numbers (NaN) are gaps.
 * Sources: okx.com/docs-v5, "WS / Order book channel", as of 2026-07-07, and "WS / Trades channel", as of 2026-02-23.
 */

/**
 * A book's updates name their predecessor, and only that decides: an id may repeat (the keepalive of a quiet book,
 * `prevSeqId` = `seqId`) and may fall (the exchange's maintenance: 10 -> 15, 15 -> 3, 3 -> 5 is unbroken).
 *
 * What names an earlier predecessor and ends no later than we are was heard before, over another connection. What
 * names a later one is behind a hole, also where its own id is smaller. A fall that is itself missing cannot be told
 * from an old message: that takes a frame lost inside a connection, and lasts until its next snapshot.
 */
export function followsBook(
  lastSeq: number,
  _firstSeq: number,
  nextLastSeq: number,
  prevSeq: number,
): Continuity {
  if (prevSeq === lastSeq && !Number.isNaN(nextLastSeq)) return 'next'
  return nextLastSeq <= lastSeq && prevSeq < lastSeq ? 'stale' : 'gap'
}

/**
 * A snapshot of another connection: ids are the same for all who subscribe one channel ("the set of sequence ID received
 * by users is the same", chapter "Sequence ID"), so one of our updates ends where the snapshot stands, and the next one
 * names it. Where ids fell in between nothing joins.
 */
export function joinsBook(
  snapshotSeq: number,
  _firstSeq: number,
  lastSeq: number,
  prevSeq: number,
): Continuity {
  if (prevSeq === snapshotSeq && !Number.isNaN(lastSeq)) return 'next'
  return lastSeq <= snapshotSeq ? 'stale' : 'gap'
}

/**
 * Ids count an instrument's trades one by one; a message holds `firstSeq ... nextLastSeq`. The documents imply it by
 * how they count aggregates, and promise it nowhere. A message that overlaps the last one (seen by nobody) leaves no
 * hole.
 */
export function followsTrades(lastSeq: number, firstSeq: number, nextLastSeq: number): Continuity {
  if (firstSeq <= lastSeq + 1 && nextLastSeq > lastSeq) return 'next'
  return nextLastSeq <= lastSeq ? 'stale' : 'gap'
}

/** Levels a side that the checksum covers. */
const CHECKSUM_DEPTH = 25

/**
 * CRC-32 of the best 25 levels of both sides, alternating, bid first, as `price:quantity` joined by `:`, the digits as
 * they were sent; as a signed 32-bit number. A side that has run out of levels is skipped.
 *
 * Source: okx.com/docs-v5, "Checksum", as of 2026-02-23. The exchange has sent 0, which is no checksum, since
 * 2026-06-23 (notice of 2026-05-21): this is for recordings made before.
 */
export const bookChecksum: BookChecksum = { depth: CHECKSUM_DEPTH, of: checksumOf }

function checksumOf({ bids, asks }: BookTop): number {
  const parts: string[] = []
  for (let level = 0; level < CHECKSUM_DEPTH; level++) {
    pushLevel(parts, bids, level)
    pushLevel(parts, asks, level)
  }
  return crc32(parts.join(':')) | 0
}

function pushLevel(parts: string[], { count, price, quantity }: TopSide, level: number): void {
  if (level >= count) return
  parts.push(decimalText(price.mantissa(level) ?? 0n, price.scales[level] as number))
  parts.push(decimalText(quantity.mantissa(level) ?? 0n, quantity.scales[level] as number))
}

/**
 * A book that begins with a snapshot in its stream and holds `depth` levels a side. The exchange removes levels that
 * fall out by itself (measured, 2026-09-08); to cut behind it costs nothing and keeps the promise if it forgets one.
 */
export function bookRule(depth: number): StreamBookRule {
  return { origin: 'stream', follows: followsBook, depths: [depth], checksum: bookChecksum, joins: joinsBook }
}
