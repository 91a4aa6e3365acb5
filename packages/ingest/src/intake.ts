import type { ConnectNote, RecordKind } from '@cryptoflow/model'

/**
 * Where ingest puts what it hears: the journal, as far as ingest needs it.
 *
 * `append` is synchronous and answers the record's number; what it took becomes durable soon after.
 */
export interface Intake {
  append(kind: RecordKind, connection: number, receivedUs: number, payload: Uint8Array): number
  /** True while the disk is behind by more than the journal's bound; reading sockets must pause. */
  readonly isCongested: boolean
}

/** What happens around the sessions, for logs and the progress line. */
export type IngestNotice =
  | { readonly kind: 'connected'; readonly connection: number; readonly streams: number }
  | {
      readonly kind: 'disconnected'
      readonly connection: number
      readonly code: number
      readonly reason: string
    }
  | { readonly kind: 'waiting'; readonly reason: string; readonly delayMs: number }
  | { readonly kind: 'refused'; readonly detail: string }
  | {
      readonly kind: 'snapshot-failed'
      readonly symbol: string
      readonly reason: string
      readonly delayMs: number
    }

/** What ingest has done so far. */
export interface IngestCounters {
  frames: number
  bytes: number
  connects: number
  disconnects: number
  snapshots: number
  snapshotFailures: number
  pauses: number
}

/** The streams of one connection. */
export type ConnectionPlan = ConnectNote
