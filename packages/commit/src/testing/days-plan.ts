/** What may happen in the days of a schedule, beside the turns of its actors. */
export type DayAct =
  /** A fifth of the age at which the catalog deletes passes at once. */
  | 'hours'
  /** More than that age passes at once, for everybody who is on the way. */
  | 'days'
  /** The catalog deletes what is old and in no snapshot, as it is told to. */
  | 'clean'
  /** It refuses every commit with this request's file. */
  | 'refuse'
  | 'lose-file'
  | 'post-fault'
  | 'mark-fault'
  | 'crash-committer'

/** A rule that is left out. */
export type DayMutation =
  | 'R16 requests grow old'
  | 'R16 files are looked for'
  | 'R16 voids are listed'
  | 'R17 what is sealed or in the ledger is protected'

export interface DaysPlan {
  readonly epochs: number
  readonly committers: number
  /** How often each act may happen. */
  readonly acts: Partial<Record<DayAct, number>>
  readonly mutation?: DayMutation
}

export interface DaysVerdict {
  /** Null: every promise held. */
  readonly violation: string | null
  readonly taken: ReadonlyMap<DayAct, number>
  /** Epochs that were passed over, and files deleted by the search for orphans and by the catalog. */
  readonly done: { readonly voided: number; readonly orphans: number; readonly cleaned: number }
}

export const DAY_MS = 86_400_000
/** Age at which the catalog deletes what no snapshot shows: the U of the protocol. */
export const CLEAN_AGE_MS = 3 * DAY_MS
