import type { ImageOptions, Operators, Probe, StoredTables } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import { type Disk, nodeDisk } from './disk.ts'
import type { JournalCompression } from './segment-writer.ts'

export interface JournalOptions {
  /** Made when it is not there. */
  readonly directory: string
  readonly clock: Clock
  /** Version of the product, for the start record. */
  readonly version: string
  /** Which tables are stored of what is journaled, for the start record; default every one. */
  readonly stored?: StoredTables
  /** What is done with messages on their way to rows, for the start record; default nothing. */
  readonly operators?: Operators
  /** How images of books are made, for the start record; default whoever reads it says. */
  readonly images?: ImageOptions
  readonly probe?: Probe
  /** Longest time a record waits before its write begins; default 40 ms. */
  readonly flushEveryMs?: number
  /** Bytes that begin a write at once; default 256 KiB. */
  readonly flushBytes?: number
  /** A segment is full when the next group would make it larger; default 64 MiB. */
  readonly segmentBytes?: number
  /** Bytes not yet durable above which the journal calls itself congested; default 64 MiB. */
  readonly congestedBytes?: number
  /** Segments with records from here on are verified at opening; default: the last one. */
  readonly verifyFrom?: number
  /** How new segments are written; default `none`. Old segments are read whatever they are. */
  readonly compression?: JournalCompression
  /** Bytes kept back for the day the disk is full (K7), at most an eighth of what is free; default 64 MiB. */
  readonly reserveBytes?: number
  /** Bytes that must be free beside the reserve before a full journal takes records again; default 64 MiB. */
  readonly resumeBytes?: number
  /**
   * Called at once when the disk is found full: close the sockets, go on sealing and committing, tryResume() now and
   * then. Without it a full disk ends the journal as any failed write does: records must not be refused unnoticed.
   */
  readonly onFull?: () => void
  /** The disk; default: the machine's. */
  readonly disk?: Disk
}

/** What happened since opening. Rare branches are counted so that tests and metrics can see them. */
export interface JournalCounters {
  records: number
  /** Bytes written to the disk, compressed, marks included. */
  bytes: number
  /** Writes with their sync. */
  flushes: number
  /** Records whose time was behind the record before, and was raised to it. */
  raisedTimes: number
  /** Records appended while the journal was congested. */
  congestedRecords: number
  /** Times the disk was found full. */
  fullDisks: number
  /** Records refused because it was. */
  refusedRecords: number
  /** Records that were taken and never became durable, because the journal was closed on a full disk. */
  lostRecords: number
}

/** What is not asked for. */
export const journalDefaults = {
  flushEveryMs: 40,
  flushBytes: 256 * 1024,
  segmentBytes: 64 * 1024 * 1024,
  congestedBytes: 64 * 1024 * 1024,
  verifyFrom: Number.POSITIVE_INFINITY,
  compression: 'none' as JournalCompression,
  reserveBytes: 64 * 1024 * 1024,
  resumeBytes: 64 * 1024 * 1024,
  disk: nodeDisk,
}

/** Options with their defaults. */
export type JournalSettings = typeof journalDefaults & JournalOptions
