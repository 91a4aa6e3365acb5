/** How a delta stands to a position in its sequence. */
export type Continuity = 'next' | 'stale' | 'gap'

/** How a stream's messages follow one another. Pure, on the exchange's own numbers (NaN = absent). */
export interface Follows {
  (lastSeq: number, firstSeq: number, nextLastSeq: number, prevSeq: number): Continuity
  /** By what nearly all messages are seen to be next, without a call. Absent: each is asked for. */
  readonly usual?: UsualNext
}

/**
 * A message is next that
 * `grows`: ends at any number above the last;
 * `counts`: begins with the number behind the last, and ends there or above;
 * `names`: names the last one as its predecessor.
 */
export type UsualNext = 'grows' | 'counts' | 'names'

/** Whether a message is next by what its rule says of nearly all. NaN = absent. */
export function isUsualNext(
  usual: UsualNext,
  lastSeq: number,
  firstSeq: number,
  nextLastSeq: number,
  prevSeq: number,
): boolean {
  if (usual === 'names') return prevSeq === lastSeq
  if (usual === 'counts') return firstSeq === lastSeq + 1 && nextLastSeq >= firstSeq
  return nextLastSeq > lastSeq
}
