/**
 * The states of a book whose snapshots come in its stream, and every move between them.
 *
 *                snapshot                 deltaGap, crossed, mismatch, damaged, snapshotWrong: ask
 *    waiting ----------------> live ----------------------------------------------------------> resync
 *       |                      ^  ^ |                                                           |  |
 *       |                      |  | +---- cut ----> cut ---- snapshotWrong: ask ----------------^  |
 *       |                      |  +--- snapshot ---+  ^                                            |
 *       |                      |                      +------------------- cut --------------------+
 *       |                      +-------------------------------------- snapshot -------------------+
 *       +--------- snapshotWrong: ask ------------------------------------------------------------> resync
 *
 * `waiting` before the first snapshot. `resync`: a snapshot was asked for and is the next one in the stream. `cut`:
 * no connection carries the stream, nothing is asked for, the next connection begins with a snapshot. Only records
 * move the machine, and between two questions stands a snapshot, a cut, or a time in which deltas came and the
 * snapshot before them did not (`overdue`, from all states without a book to `resync`): its frame was perhaps one that
 * could not be read.
 */
export const streamBookStates = ['waiting', 'live', 'resync', 'cut'] as const
export type StreamBookState = (typeof streamBookStates)[number]

/**
 * What can happen to such a book:
 *
 * - `snapshot`, `snapshotWrong`: a snapshot came; wrong when it is crossed, fails its checksum or could not be stored.
 * - `deltaNext`, `deltaGap`: against the stream's sequence; without one, every delta is next.
 * - `crossed`, `mismatch`: after a delta the best bid was not below the best ask, or the checksum was another.
 * - `damaged`: a message of the stream could not be stored, and no sequence will tell.
 * - `overdue`: deltas have come for a while, and no snapshot did.
 * - `cut`: the stream's last connection ended or is not to be trusted any more; it will be replaced.
 */
export const streamBookInputs = [
  'snapshot',
  'snapshotWrong',
  'deltaNext',
  'deltaGap',
  'crossed',
  'mismatch',
  'damaged',
  'overdue',
  'cut',
] as const
export type StreamBookInput = (typeof streamBookInputs)[number]

/**
 * `load`: the snapshot becomes the book. `apply`: the delta is. `discard`: forget the book. `ask`: the next resync
 * number, and a snapshot for it.
 */
export type StreamBookAction = 'load' | 'apply' | 'discard' | 'ask'

export interface StreamBookTransition {
  readonly to: StreamBookState
  readonly actions: readonly StreamBookAction[]
}

const to = (state: StreamBookState, ...actions: StreamBookAction[]): StreamBookTransition => ({
  to: state,
  actions,
})

/** Moves of a state without a book: nothing but a snapshot helps, and it comes by itself or was asked for. */
const empty = (
  own: 'waiting' | 'resync' | 'cut',
  cut: 'waiting' | 'cut',
): Record<StreamBookInput, StreamBookTransition> => ({
  snapshot: to('live', 'load'),
  snapshotWrong: to('resync', 'ask'),
  deltaNext: to(own),
  deltaGap: to(own),
  crossed: to(own),
  mismatch: to(own),
  damaged: to(own),
  overdue: to('resync', 'ask'),
  cut: to(cut),
})

/** Every state and every input: the type leaves none out. */
export const streamBookTransitions: Record<StreamBookState, Record<StreamBookInput, StreamBookTransition>> = {
  waiting: empty('waiting', 'waiting'),
  live: {
    snapshot: to('live', 'load'),
    snapshotWrong: to('resync', 'discard', 'ask'),
    deltaNext: to('live', 'apply'),
    deltaGap: to('resync', 'discard', 'ask'),
    crossed: to('resync', 'discard', 'ask'),
    mismatch: to('resync', 'discard', 'ask'),
    damaged: to('resync', 'discard', 'ask'),
    overdue: to('live'),
    cut: to('cut', 'discard'),
  },
  resync: empty('resync', 'cut'),
  cut: empty('cut', 'cut'),
}
