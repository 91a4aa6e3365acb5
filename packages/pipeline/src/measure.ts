import type { Alarm, TableReport, VoidedEpoch } from '@cryptoflow/commit'
import type { Market, TableName } from '@cryptoflow/model'
import type { IdTally, OperatorTally } from '@cryptoflow/normalize'

/** What a collecting process measures as it happens, beside the totals that it keeps anyway. Never once per event. */
export type Measurement =
  | ({ readonly kind: 'block' } & BlockMeasures)
  | ({ readonly kind: 'cut' } & CutMeasures)
  | ({ readonly kind: 'round' } & RoundMeasures)
  | { readonly kind: 'synced'; readonly seconds: number }
  /** A round of looking after the tables. */
  | { readonly kind: 'maintenance'; readonly seconds: number; readonly reports: readonly TableReport[] }
  /** An order book asks for a snapshot. */
  | { readonly kind: 'resync'; readonly stream: StreamLabel }

/** A stream of a symbol. */
export interface StreamLabel {
  readonly exchange: string
  readonly market: Market
  readonly stream: string
  readonly symbol: string
}

/** A stretch of journal, read by the lane. */
export interface BlockMeasures {
  /** Time of the lane for it. */
  readonly seconds: number
  /** Within it: `normalize`, `images` and `aggregate`, where they had work. */
  readonly operators: readonly { readonly operator: string; readonly seconds: number }[]
  readonly streams: readonly StreamMeasure[]
}

/** What came of a stream of a symbol in a stretch of journal. */
export interface StreamMeasure extends StreamLabel {
  /** Messages that could be read. */
  readonly messages: number
  /** From the exchange's time of the last of them to its arrival; null where messages bear no time. */
  readonly latencyMs: number | null
}

/** What lies between two barriers. */
export interface CutMeasures {
  readonly files: readonly FileMeasure[]
  readonly keys: readonly KeyMeasure[]
  /** As they stand now. */
  readonly books: readonly BookMeasure[]
  readonly gaps: readonly GapMeasure[]
  readonly deadLetters: readonly DeadLetterMeasure[]
  /** What operators did since the barrier before. */
  readonly operators: readonly OperatorTally[]
  /** As they stand now. */
  readonly ids: readonly IdTally[]
}

/** A sealed data file. */
export interface FileMeasure {
  readonly table: string
  readonly rows: number
  readonly bytes: number
  /** To sort, encode and store it. */
  readonly seconds: number
}

/** What happened to a symbol since the barrier before. */
export interface KeyMeasure {
  readonly exchange: string
  readonly market: Market
  readonly symbol: string
  readonly gaps: number
  readonly duplicates: number
  readonly late: number
}

/** Order books of a market that has any. */
export interface BookMeasure {
  readonly exchange: string
  readonly market: Market
  readonly live: number
  readonly waiting: number
}

/** Rows of the table of gaps for one table. */
export interface GapMeasure {
  readonly exchange: string
  readonly market: string
  readonly table: string
  readonly rows: number
  /** Of the first thousand of them that know it: how many numbers are missing. */
  readonly sizes: readonly number[]
}

/** Messages that could not be read, by why. */
export interface DeadLetterMeasure {
  readonly exchange: string
  readonly market: string
  readonly reason: string
  readonly count: number
}

/** A round of the committer. */
export interface RoundMeasures {
  readonly tables: readonly { readonly table: string; readonly outcome: string }[]
  /** Swaps of the catalog, by what they came to. */
  readonly commits: readonly { readonly table: string; readonly outcome: string; readonly seconds: number }[]
  /** Writes to ledger and catalog; `error` is null for those that succeeded. */
  readonly writes: readonly {
    readonly operation: string
    readonly seconds: number
    readonly error: string | null
  }[]
  /** Epochs that tables have passed over in this round, and why. */
  readonly voided: readonly (VoidedEpoch & { readonly table: TableName })[]
  /** Epochs that are sealed and not in all their tables. */
  readonly pending: number
  /** What a person must know of requests that wait; null where the ledger did not answer. */
  readonly alarms: readonly Alarm[] | null
}
