import type { RecordKind } from '@cryptoflow/model'

/**
 * Where ingest puts what it hears: the journal, as far as ingest needs it.
 *
 * `append` is synchronous and answers the record's number, which is above 0; what it took becomes durable soon after.
 * 0: it takes nothing, the disk is full.
 */
export interface Intake {
  append(kind: RecordKind, connection: number, receivedUs: number, payload: Uint8Array): number
  /** True while the disk is behind by more than the journal's bound; reading sockets must pause. */
  readonly isCongested: boolean
}

/**
 * Why a connection is replaced: the exchange said that it will end it; it is near the end of its life; its count of
 * frames has a hole; or a book that begins in its stream is wanted anew and cannot be had on it.
 */
export type ReplaceCause = 'closing' | 'life' | 'sequence' | 'resync'

/** What happens around the sessions, for logs and the progress line. `connection` is the number of its record. */
export type IngestNotice =
  | {
      readonly kind: 'connected'
      readonly connection: number
      readonly route: string
      readonly streams: number
    }
  | {
      readonly kind: 'disconnected'
      readonly connection: number
      readonly code: number
      readonly reason: string
    }
  /** Coming back after `delayMs`. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly delayMs: number }
  /**
   * Subscriptions were refused. With `streams`, wire names, only those, and the connection is heard on as long as one
   * is left; without, the connection is given up or replaced.
   */
  | {
      readonly kind: 'refused'
      readonly connection: number
      readonly detail: string
      readonly streams?: readonly string[]
    }
  /** A book that begins in its stream was subscribed again on a living connection. */
  | {
      readonly kind: 'resubscribed'
      readonly connection: number
      readonly symbol: string
      readonly stream: string
    }
  /** Acknowledged, and not heard within `afterMs`: a wrong route, an unknown symbol, or a very quiet one. */
  | {
      readonly kind: 'mute'
      readonly connection: number
      readonly symbol: string
      readonly stream: string
      readonly afterMs: number
    }
  /** More than half of `frames` frames could not be read; the connection is given up. */
  | {
      readonly kind: 'unreadable'
      readonly connection: number
      readonly deadLetters: number
      readonly frames: number
    }
  /** `by` has taken over from `connection`. `overlapped`: both were heard for a while, nothing fell between. */
  | {
      readonly kind: 'replaced'
      readonly connection: number
      readonly by: number
      readonly cause: ReplaceCause
      readonly overlapped: boolean
    }
  | {
      readonly kind: 'snapshot-failed'
      readonly symbol: string
      readonly reason: string
      readonly delayMs: number
    }
  /** `symbol` is empty for a stream of the whole market. */
  | {
      readonly kind: 'poll-failed'
      readonly symbol: string
      readonly stream: string
      readonly reason: string
      readonly delayMs: number
    }
  /** The exchange's budget does not hold the rate asked for; the stream is asked every `possibleMs` instead. */
  | {
      readonly kind: 'poll-slowed'
      readonly stream: string
      readonly everyMs: number
      readonly possibleMs: number
    }

/** What ingest has done so far. */
export interface IngestCounters {
  frames: number
  bytes: number
  connects: number
  disconnects: number
  snapshots: number
  snapshotFailures: number
  /** Polled answers that were journaled. */
  polls: number
  pollFailures: number
  /** Subscriptions that were expected to talk and did not. */
  mute: number
  /** Connections that a successor took over from. */
  replaced: number
  /** Connections given up because their frames could not be read. */
  unreadable: number
  /** Books that were subscribed again on a living connection. */
  resubscribes: number
  pauses: number
  /** Connections opened again after one ended. */
  reconnects: number
  /** Connections given up because nothing came. */
  timeouts: number
  /** Frames that the intake did not take. */
  dropped: number
}
