import type { StreamBookState } from './stream-transitions.ts'

/**
 * The states of a book that begins with a fetched snapshot, and every move between them.
 *
 *                 snapshotAhead                  deltaNext
 *    waiting ----------------> waitingLoaded ----------------+
 *       |  ^                        |                        v
 *       |  +------ deltaGap --------+                      live
 *       +---------------- snapshotJoins -------------------> | |
 *                                                            | | deltaGap, crossed
 *    resync  <-----------------------------------------------+-+
 *       |  as waiting, with resyncLoaded, back to live
 *
 * `waiting` before the book was ever live, `resync` after it was lost; `...Loaded`: a snapshot is in the book and
 * newer than every delta heard, so the next delta decides. Only records move the machine.
 */
export const bookStates = ['waiting', 'waitingLoaded', 'live', 'resync', 'resyncLoaded'] as const
export type BookState = (typeof bookStates)[number]

/**
 * What can happen to a book. The rules of the exchange decide which delta or snapshot input it is:
 *
 * - `subscribed`: a connection names the stream for the first time.
 * - `snapshotJoins`, `snapshotAhead`, `snapshotTooOld`: an answer with the current resync number came and stands so
 *   to the held deltas; `snapshotMissing`: it came without a readable snapshot.
 * - `deltaNext`, `deltaGap`, `deltaStale`: against the stream's sequence while no snapshot is loaded, against the
 *   snapshot (`joins`) while one is, against the book (`follows`) while it is live.
 * - `crossed`: after a delta the best bid was not below the best ask.
 */
export const bookInputs = [
  'subscribed',
  'snapshotJoins',
  'snapshotAhead',
  'snapshotTooOld',
  'snapshotMissing',
  'deltaNext',
  'deltaGap',
  'deltaStale',
  'crossed',
] as const
export type BookInput = (typeof bookInputs)[number]

/**
 * `ask`: the next resync number, and a snapshot for it. `load`: the snapshot becomes the book. `drain`: the held
 * deltas that the snapshot does not contain are applied. `apply`: the delta is. `hold`: it is kept for a snapshot.
 * `restart`: forget held deltas, something is missing after them. `discard`: forget the book.
 */
export type BookAction = 'ask' | 'load' | 'drain' | 'apply' | 'hold' | 'restart' | 'discard'

export interface BookTransition {
  readonly to: BookState
  readonly actions: readonly BookAction[]
}

const to = (state: BookState, ...actions: BookAction[]): BookTransition => ({ to: state, actions })

/** Moves of a state without a snapshot. */
const empty = (own: 'waiting' | 'resync'): Record<BookInput, BookTransition> => ({
  subscribed: to(own, 'ask'),
  snapshotJoins: to('live', 'load', 'drain'),
  snapshotAhead: to(`${own}Loaded`, 'load', 'restart'),
  snapshotTooOld: to(own, 'ask'),
  snapshotMissing: to(own, 'ask'),
  deltaNext: to(own, 'hold'),
  deltaGap: to(own, 'restart', 'hold'),
  deltaStale: to(own),
  crossed: to(own),
})

/** Moves of a state whose snapshot waits for a delta. A second answer to one question says nothing new. */
const loaded = (own: 'waiting' | 'resync'): Record<BookInput, BookTransition> => ({
  subscribed: to(`${own}Loaded`),
  snapshotJoins: to(`${own}Loaded`),
  snapshotAhead: to(`${own}Loaded`),
  snapshotTooOld: to(`${own}Loaded`),
  snapshotMissing: to(`${own}Loaded`),
  deltaNext: to('live', 'apply'),
  deltaGap: to(own, 'discard', 'hold', 'ask'),
  deltaStale: to(`${own}Loaded`),
  crossed: to(own, 'discard', 'hold', 'ask'),
})

/** Every state and every input: the type leaves none out. */
export const bookTransitions: Record<BookState, Record<BookInput, BookTransition>> = {
  waiting: empty('waiting'),
  waitingLoaded: loaded('waiting'),
  live: {
    subscribed: to('live'),
    snapshotJoins: to('live'),
    snapshotAhead: to('live'),
    snapshotTooOld: to('live'),
    snapshotMissing: to('live'),
    deltaNext: to('live', 'apply'),
    deltaGap: to('resync', 'discard', 'hold', 'ask'),
    deltaStale: to('live'),
    crossed: to('resync', 'discard', 'hold', 'ask'),
  },
  resync: empty('resync'),
  resyncLoaded: loaded('resync'),
}

/** The word that rows of an update carry, wherever the book begins. */
export function bookLabel(state: BookState | StreamBookState): 'waiting' | 'live' | 'resync' {
  switch (state) {
    case 'waiting':
    case 'waitingLoaded':
      return 'waiting'
    case 'live':
      return 'live'
    case 'resync':
    case 'resyncLoaded':
    case 'cut':
      return 'resync'
  }
}
