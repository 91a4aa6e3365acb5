import type { Follows, RestBookRule, UsualNext } from '@cryptoflow/model'

/**
 * When one message follows another, and when a diff joins the REST snapshot. Absent numbers (NaN) are gaps.
 * Sources: binance-spot-api-docs a5e0bc3 of 2026-07-21, web-socket-streams.md, "How to manage a local order book
 * correctly", as corrected 2025-11-12; for futures developers.binance.com, "How to manage a local order book
 * correctly", read 2026-05-28.
 */

function rule(usual: UsualNext, follows: Follows): Follows {
  return Object.assign(follows, { usual })
}

/** Ids grow by one per symbol: so in every capture; of spot trades the documents promise only that they differ. */
export const followsId = rule('counts', (lastId, id) => {
  if (id === lastId + 1) return 'next'
  return id <= lastId ? 'stale' : 'gap'
})

/** Update ids of whole pictures grow and skip: a larger one is newer, the same one is the same book. */
export const followsGrowing = rule('grows', (lastSeq, _firstSeq, nextLastSeq) => {
  if (nextLastSeq > lastSeq) return 'next'
  return nextLastSeq <= lastSeq ? 'stale' : 'gap'
})

/**
 * Spot: a diff joins when it holds the update after the snapshot, and follows when it begins right behind the last.
 * One that begins earlier but ends later (seen by nobody; possible across connections) leaves no hole, and its
 * quantities are absolute: the documents have it applied, so it is `next` too.
 */
const linked = rule('counts', (position, firstSeq, lastSeq) => {
  if (lastSeq <= position) return 'stale'
  return firstSeq <= position + 1 && lastSeq > position ? 'next' : 'gap'
})
export const spotBookRule: RestBookRule = { origin: 'rest', joins: linked, follows: linked }

/**
 * Futures: ids skip, and a diff names the last id of the diff before it on the same stream.
 *
 * The first diff holds the snapshot's id, its last one included; or, observed on quiet symbols (tardis-node
 * 2f13277, 2026-08-22), it names the snapshot as its predecessor. Diffs then follow by that name alone.
 */
export const futuresBookRule: RestBookRule = {
  origin: 'rest',
  joins(snapshotSeq, firstSeq, lastSeq, prevSeq) {
    if (prevSeq === snapshotSeq) return 'next'
    if (lastSeq < snapshotSeq) return 'stale'
    return firstSeq <= snapshotSeq && snapshotSeq <= lastSeq ? 'next' : 'gap'
  },
  follows: rule('names', (lastSeq, _firstSeq, nextLastSeq, prevSeq) => {
    if (prevSeq === lastSeq) return 'next'
    return nextLastSeq <= lastSeq ? 'stale' : 'gap'
  }),
}
