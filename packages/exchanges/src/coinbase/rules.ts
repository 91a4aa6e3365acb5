import type { Continuity, StreamBookRule } from '@cryptoflow/model'

/**
 * When one message follows another. Books have no sequence of their own: the Advanced socket counts all frames of the
 * connection, the Exchange socket counts nothing that its open channels show.
 */

/**
 * Trade ids grow by one per product, on both sockets the same ids: compared id by id on 2026-09-27, and without a hole
 * in the capture of 2021-04-17. An absent number (NaN) is a gap.
 */
export function followsId(lastId: number, id: number): Continuity {
  if (id === lastId + 1) return 'next'
  return id <= lastId ? 'stale' : 'gap'
}

/** A snapshot of the whole book, then absolute quantities; the exchange removes every level itself. */
export const bookRule: StreamBookRule = { origin: 'stream', follows: null, depths: null, checksum: null }
