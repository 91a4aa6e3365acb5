import type { ChannelReading } from '@cryptoflow/channels'
import type { Alarm } from '@cryptoflow/commit'
import type { MarketOptions } from '@cryptoflow/exchanges'
import type { IngestLimits, IngestNotice } from '@cryptoflow/ingest'
import type { JournalOptions, RetentionPolicy } from '@cryptoflow/journal'
import type { ImageOptions, Market, MarketOperators, TableName } from '@cryptoflow/model'
import type { Backoff, BreakerChange, Chance, Clock, TimeSources } from '@cryptoflow/runtime'
import type { FileBounds } from '@cryptoflow/sink'
import type { CrashDrill } from './drill.ts'
import type { MaintenanceSettings, MaintenanceTotals } from './maintenance.ts'
import type { Measurement } from './measure.ts'
import type { CommitRole } from './publisher.ts'
import type { Moved } from './quarantine.ts'
import type { ChannelSettings } from './raw-bounds.ts'

/** What happens around a collecting process, for logs and the progress line. */
export type CollectNotice =
  | IngestNotice
  | JournalNotice
  | TimeNotice
  | ChannelNotice
  | BreakerNotice
  | MaintenanceNotice
  | CommitNotice

/** A channel has been fuller than 80 % for a second, or is so no more. */
export interface ChannelNotice {
  readonly kind: 'channel-filling' | 'channel-calm'
  readonly reading: ChannelReading
}

/** A dependency that failed again and again is left alone (`open`), tried (`half_open`), or well again (`closed`). */
export interface BreakerNotice extends BreakerChange {
  readonly kind: 'breaker'
}

/** Time did not pass as it should; the connections are opened anew and what was missed is in `gaps`. */
export interface TimeNotice {
  readonly kind: 'time-jump'
  readonly what: 'suspended' | 'clock_step'
  readonly seconds: number
}

/** A round of looking after the tables that has changed something, or could not. */
export type MaintenanceNotice =
  | ({ readonly kind: 'maintained'; readonly seconds: number } & MaintenanceTotals)
  /** The tables are as they were, or partly looked after; the next round comes. */
  | { readonly kind: 'maintenance-failed'; readonly reason: string }

/** What happens to requests on their way into the tables. */
export type CommitNotice =
  /** Requests wait for too long, or for ever if nobody does something; told again while it lasts. */
  | { readonly kind: 'alarm'; readonly alarm: Alarm }
  | { readonly kind: 'alarm-over'; readonly alarm: Alarm }
  /** A round left these tables to the next one. */
  | { readonly kind: 'commit-failed'; readonly tables: readonly TableName[]; readonly reason: string }
  /** The ledger took no request, or told of none; what is sealed is kept, and offered again in the next round. */
  | { readonly kind: 'ledger-away'; readonly reason: string }
  /** A table needs a person (`cryptoflow repair`); its requests wait, and the other tables go on. */
  | { readonly kind: 'halted'; readonly table: TableName; readonly reason: string }
  | { readonly kind: 'unhalted'; readonly table: TableName }
  /** A table has passed over an epoch without its rows; its writer makes them again and sends them later (R16). */
  | {
      readonly kind: 'voided'
      readonly table: TableName
      readonly writer: string
      readonly epoch: number
      readonly reason: string
    }
  /** Rows that tables have passed over were made again from the journal, and go out with the next seal. */
  | { readonly kind: 'recut'; readonly epochs: number; readonly rows: number }
  /** They could not be; the journal keeps the records, and it is tried again. */
  | { readonly kind: 'recut-failed'; readonly reason: string }

/** What happens to the disk. */
export type JournalNotice =
  /** Machine, boot or directory are others than at the last start; the ledger knows of no other use of the id. */
  | ({ readonly kind: 'moved'; readonly directory: string } & Moved)
  /** The disk is nearly full: images of our own books are not made until there is more room; `gaps` says so. */
  | { readonly kind: 'disk-low'; readonly freeBytes: number }
  /** Images are made again. */
  | { readonly kind: 'disk-eased'; readonly freeBytes: number }
  /** No room is left: sockets are closed, what was received is sealed and committed, and space is waited for. */
  | { readonly kind: 'disk-full'; readonly directory: string }
  /**
   * Not even the reserve had room for what was to be sealed (`seal`) or committed (`commit`): it is tried again, a seal
   * with `rows` rows at most.
   */
  | { readonly kind: 'no-room'; readonly what: 'seal' | 'commit'; readonly rows: number }
  /** Room is back; what could not be received between is in `gaps`. */
  | { readonly kind: 'disk-resumed'; readonly refused: number; readonly seconds: number }
  /** Less could be kept back for a full disk than was asked for. */
  | { readonly kind: 'reserve-short'; readonly bytes: number; readonly wantedBytes: number }
  | { readonly kind: 'retired'; readonly segments: number; readonly bytes: number }
  | { readonly kind: 'retention-failed'; readonly reason: string }

/** What is collected of one market. */
export interface MarketCollection {
  readonly exchange: string
  readonly market: Market
  /** What the adapter is told: addresses other than the exchange's own, and how deep books are subscribed. */
  readonly urls?: MarketOptions
  readonly symbols: readonly string[]
  /** Distance of two questions by polled stream, milliseconds, where it is not the stream's own. */
  readonly pollEveryMs?: Readonly<Record<string, number>>
  /** By stream: when a silent subscription is told as mute, milliseconds; null: never. */
  readonly expectWithinMs?: Readonly<Record<string, number | null>>
  /** Tables (`ticks`, `spot_delta`) or the exchange's own channels (`depth@500ms`); default all tables it can fill. */
  readonly streams?: readonly string[]
  /** Books are asked for by REST instead of being heard in their streams. */
  readonly bookPoll?: BookPoll
  /** What is done with messages on their way to rows. */
  readonly operators?: MarketOperators
}

/** How books are polled. */
export interface BookPoll {
  /** Distance of two questions for one symbol, milliseconds. */
  readonly everyMs: number
  /** Levels a side; the exchange may give a few more. */
  readonly depth: number
  /** A wider spread makes an image a dead letter, percent of the middle between the best prices. */
  readonly spreadMaxPercent: number
}

/** How frames are kept on disk. What is absent is the journal's own default. */
export interface JournalSettings
  extends Pick<
    JournalOptions,
    'compression' | 'flushEveryMs' | 'flushBytes' | 'segmentBytes' | 'reserveBytes'
  > {
  /** Segments whose rows are all committed are deleted at the first of these bounds; default 7 days or 20 GB. */
  readonly retention?: RetentionPolicy
}

/** What one collecting process is told. */
export interface CollectOptions {
  /** One or more, each market once; they share the journal, and the exchange's limits where it counts them together. */
  readonly collections: readonly MarketCollection[]
  readonly warehouseDirectory: string
  /** Name of this process among those that share the warehouse: each has a journal of its own. Null: without one. */
  readonly journalName?: string | null
  readonly images: ImageOptions
  readonly compression: 'zstd' | 'snappy'
  /** How large row groups and data files become; default: the sink's own. */
  readonly fileBounds?: FileBounds | undefined
  /** A barrier at the latest after this many milliseconds, rows, or bytes of journal; bytes by default without end. */
  readonly sealEveryMs: number
  readonly sealRows: number
  readonly commit: CommitRole
  readonly sealBytes?: number
  /** 1: lane and publisher in threads of their own; 0: everything inline. */
  readonly threads: 0 | 1
  readonly journal?: JournalSettings
  /** How much waits in memory to be decoded; without it a feed's own bounds. */
  readonly channels?: ChannelSettings
  /** How the tables are looked after, and how often; without it nobody does. */
  readonly maintenance?: MaintenanceSettings & { readonly everyMs: number }
  /** Distance of two audits of one book, milliseconds; absent or null: none is audited. */
  readonly auditEveryMs?: number | null
  readonly backoff?: Backoff
  /** The address that connections to exchanges go out from; null, and by default, the system chooses. */
  readonly localAddress?: string | null
  /** Bounds of conversations that are ours and not the exchange's. */
  readonly ingestLimits?: Partial<IngestLimits>
  readonly clock: Clock
  /** What jumps of time are found by; default: the machine's own. */
  readonly timeSources?: TimeSources
  readonly chance: Chance
  readonly drill: CrashDrill | null
  readonly notice: (notice: CollectNotice) => void
  /** Told what is measured; default: nobody asks. */
  readonly measure?: (measurement: Measurement) => void
}
