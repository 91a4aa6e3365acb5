import { assert } from '@cryptoflow/model'

/**
 * An epoch as its writer sees it: `exactly-once.md` section 3.1.
 *
 *   open <-> cutting -> sealed <-> accepted -> committed -> released
 *                         |
 *                         +-> fenced
 *
 * `open` and `cutting` live in memory only; `sealed`, `accepted`, `released` and `fenced` are what the
 * control log says; `committed` is what the ledger's marks say and is asked again after a restart.
 */
export type EpochState = 'open' | 'cutting' | 'sealed' | 'accepted' | 'committed' | 'released' | 'fenced'

/**
 * barrier        the record after which the epoch ends is chosen
 * cut-failed     crash, full disk or failed upload before the seal
 * files-durable  all files and the state image are durable
 * stored         the slot holds our request, by this put or an earlier one
 * unknown        the ledger did not answer, or not for certain
 * taken          the slot of a sealed epoch holds another request or the end of this writer (R12)
 * vanished       an accepted slot is empty again
 * decided        every table named in the request is marked done for our hash (R11)
 * turn           every earlier epoch is released
 */
export type EpochEvent =
  | 'barrier'
  | 'cut-failed'
  | 'files-durable'
  | 'stored'
  | 'unknown'
  | 'taken'
  | 'vanished'
  | 'decided'
  | 'turn'

/** `append-*` are records of the control log: durable before the next state counts. */
export type EpochAction =
  | 'cut'
  | 'forget'
  | 'put'
  | 'append-seal'
  | 'append-accepted'
  | 'append-released'
  | 'append-fenced'

export interface EpochStep {
  readonly state: EpochState
  /** In order; a crash between them leaves the state that the control log shows. */
  readonly actions: readonly EpochAction[]
}

/** Events that the table does not name for a state cannot happen there. */
export const epochTable: Readonly<Record<EpochState, Readonly<Partial<Record<EpochEvent, EpochStep>>>>> = {
  open: {
    barrier: { state: 'cutting', actions: ['cut'] },
  },
  cutting: {
    'cut-failed': { state: 'open', actions: ['forget'] },
    'files-durable': { state: 'sealed', actions: ['append-seal', 'put'] },
  },
  sealed: {
    stored: { state: 'accepted', actions: ['append-accepted'] },
    unknown: { state: 'sealed', actions: ['put'] },
    taken: { state: 'fenced', actions: ['append-fenced'] },
  },
  accepted: {
    unknown: { state: 'accepted', actions: [] },
    vanished: { state: 'sealed', actions: ['put'] },
    decided: { state: 'committed', actions: [] },
  },
  committed: {
    turn: { state: 'released', actions: ['append-released'] },
  },
  released: {},
  fenced: {},
}

/** The next state and what to do on the way. An event that cannot happen in the state is a bug. */
export function applyEpoch(state: EpochState, event: EpochEvent): EpochStep {
  const step = epochTable[state][event]
  assert(step !== undefined, `an epoch that is ${state} meets no ${event}`)
  return step
}
