import {
  type Catalog,
  type CompactionGroup,
  type DataFile,
  type FileIO,
  type ListedFile,
  type LoadedTable,
  liveDataFiles,
  type TableDefinition,
  type TableMetadata,
} from '@cryptoflow/iceberg'
import type { TableName } from '@cryptoflow/model'
import type { Chance, Clock } from '@cryptoflow/runtime'
import { misfit } from './definition.ts'
import type { CommitLedger } from './ledger.ts'
import { type DecidedMap, readMap } from './map.ts'

/** What looks after tables beside any number of committers: `compact.ts`, `expire.ts`, `sweep.ts`. */
export interface MaintenanceOptions {
  readonly catalog: Catalog
  readonly ledger: CommitLedger
  readonly io: FileIO
  readonly tables: Readonly<Partial<Record<TableName, TableDefinition>>>
  readonly namespace: string
  readonly clock: Clock
  /** Draws snapshot ids, too: whoever looks after one table beside us needs another seed. */
  readonly chance: Chance
  uuid(): string
  exists(location: string): Promise<boolean>
  /** Writes the rows of a group's files into new ones, durable and read again. */
  rewrite(table: TableName, group: CompactionGroup): Promise<Rewritten>
  /** Every file below a table's location. */
  list(location: string): Promise<readonly SizedFile[]>
  /** What the control logs tell that can be read from here. Throws when one of them is damaged. */
  sealed(): Promise<Sealed>
  /** Asked between two pieces of work: whether to leave the rest to another time. */
  isStopped(): boolean
}

/** What writers have sealed, as far as their control logs are on this disk. */
export interface Sealed {
  /** Files of requests that are sealed and not released. */
  readonly files: ReadonlySet<string>
  /** The epoch that a file was made for, where its writer's control log is not here; null: it is, or nobody's is. */
  elsewhere(location: string): { readonly writer: string; readonly epoch: number } | null
}

export interface SizedFile extends ListedFile {
  readonly bytes: number
}

/** The same rows in other files. */
export interface Rewritten {
  readonly added: readonly DataFile[]
  /** By location, files whose rows are not in the new ones, and why. */
  readonly refused: ReadonlyMap<string, string>
}

/** A table's size as its head shows it, and what its metadata takes. */
export interface TableSize {
  readonly files: number
  readonly bytes: number
  readonly snapshots: number
}

/** Whether a table may be looked after; `why` otherwise, and then nothing of it is touched. */
export type Standing =
  | { readonly kind: 'fit'; readonly table: LoadedTable; readonly map: DecidedMap }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly why: string }

/**
 * Loads a table and judges it as a committer does: what cannot be explained is left as it is, down to the last file
 * (I8). A table that nobody has committed to yet has nothing to look after.
 */
export async function standingOf(
  { catalog, ledger, tables, namespace }: MaintenanceOptions,
  name: TableName,
): Promise<Standing> {
  const table = await catalog.load({ namespace, name })
  const definition = tables[name]
  if (table === null || definition === undefined) return { kind: 'absent' }
  const wrong = misfit(table.metadata, definition)
  if (wrong !== null) return { kind: 'refused', why: wrong }
  const reading = readMap(table.metadata, await ledger.hasMarks(name))
  if (reading.kind === 'halt') return { kind: 'refused', why: reading.why }
  return reading.kind === 'genesis' ? { kind: 'absent' } : { kind: 'fit', table, map: reading.map }
}

export async function sizeOf(io: FileIO, metadata: TableMetadata): Promise<TableSize> {
  const files = await liveDataFiles(io, metadata)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return { files: files.length, bytes, snapshots: metadata.snapshots.length }
}

export function nowMsOf({ clock }: MaintenanceOptions): number {
  return Math.floor(clock.nowUs() / 1000)
}
