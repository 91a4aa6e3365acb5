import {
  type Anchor,
  listAnchors,
  openJournalReader,
  readAnchor,
  readEpochStanding,
  readRecords,
} from '@cryptoflow/journal'
import {
  decodeNote,
  type ImageOptions,
  type JournalBlock,
  RecordKind,
  type StartNote,
  type TableName,
  tables,
} from '@cryptoflow/model'
import { type Clock, CryptoFlowError } from '@cryptoflow/runtime'
import { diskStore, filePath } from '@cryptoflow/stores'
import { createLane } from './lane.ts'
import type { OpenPartition } from './partitions.ts'

/** Days since 1970, UTC. */
type Day = number

export interface DeriveOptions {
  readonly journalDirectory: string
  readonly day: Day
  /** Where the journal does not say how images were made. */
  readonly images: ImageOptions
  /** An empty directory for the files; the caller removes it. */
  readonly into: string
  readonly clock: Clock
  readonly onProgress?: (progress: { readonly record: number; readonly to: number }) => void
}

/** The rows that a journal gives for one day, made again. */
export interface Derivation {
  /** Journal id. */
  readonly writer: string
  /** First record that the journal still has. */
  readonly first: number
  /** Records that rows were made of, from the first behind the state that it began with to the last released. */
  readonly from: number
  readonly to: number
  /** Parquet files of the day, and of days around it where a table has no partitions. */
  readonly files: ReadonlyMap<TableName, readonly string[]>
  /** Versions of the processes that began to write these records. */
  readonly versions: readonly string[]
}

/** Rows that are held before they become files. */
const ROWS_MAX = 250_000
const HOURS = 24

/**
 * Reads a journal again from the last state before a day to its last released record, into Parquet files of that day.
 * May run beside the journal's writer.
 *
 * Throws a CryptoFlowError: `data` when nothing that is left can be read with a known state, `disk` for damage.
 */
export async function deriveDay(options: DeriveOptions): Promise<Derivation> {
  const { journalDirectory, day, into, clock, onProgress = () => {} } = options
  const reader = await openJournalReader(journalDirectory)
  const { releasedTo } = await readEpochStanding(journalDirectory)
  const anchors = await listAnchors(journalDirectory)
  const anchor = beginningOf(anchors, reader.first, day)
  const from = (anchor?.to ?? 0) + 1
  const to = Math.min(releasedTo, reader.last)
  const store = diskStore({ directory: into, step: 'file-write' })
  const lane = createLane({
    writer: reader.id,
    namespace: 'derived',
    store,
    discard: store.discard,
    imageDirectory: null,
    image: anchor === null ? null : await readAnchor(journalDirectory, anchor),
    images: options.images,
    compression: 'snappy',
    isImport: false,
    nowUs: clock.nowUs,
    keeps: (partition) => isOfDay(partition, day),
  })
  const files = new Map<TableName, string[]>(Object.keys(tables).map((name) => [name as TableName, []]))
  const versions = new Set<string>()
  let epoch = 1
  const cut = async (): Promise<void> => {
    const { tables: offers } = await lane.cut(epoch)
    epoch += 1
    for (const [table, made] of Object.entries(offers))
      files.get(table as TableName)?.push(...made.map(({ location }) => filePath(location)))
  }
  if (from <= to) {
    for await (const block of reader.blocks(from, to)) {
      for (const version of versionsIn(block)) versions.add(version)
      const { rowsWaiting, lastRecord } = lane.accept(block)
      onProgress({ record: lastRecord, to })
      if (rowsWaiting >= ROWS_MAX) await cut()
    }
    await cut()
  }
  return { writer: reader.id, first: reader.first, from, to, files, versions: [...versions] }
}

/** The state before the day, or the earliest there is; null: the journal's own beginning, which is still there. */
function beginningOf(anchors: readonly Anchor[], first: number, day: Day): Anchor | null {
  const usable = anchors.filter(({ to }) => to + 1 >= first)
  const before = usable.filter((anchor) => anchor.day <= day).at(-1)
  if (before !== undefined) return before
  if (first === 1) return null
  const [earliest] = usable
  if (earliest !== undefined) return earliest
  throw new CryptoFlowError(
    'deriving a day again found that retention took the beginning of the journal, and no state is kept of a later ' +
      'midnight: nothing can be checked before one has passed',
    { kind: 'data', reaction: 'stop', context: { first } },
  )
}

/** Times of partitions are hours or days since 1970; a table without any is kept whole. */
function isOfDay({ table, values }: Pick<OpenPartition, 'table' | 'values'>, day: Day): boolean {
  const { partition } = tables[table]
  if (partition === null) return true
  const time = values[0] as number
  return (partition.time === 'day' ? time : Math.floor(time / HOURS)) === day
}

function versionsIn(block: JournalBlock): string[] {
  const versions: string[] = []
  for (const record of readRecords(block)) {
    if (record.kind === RecordKind.start) versions.push(decodeNote<StartNote>(record.payload).version)
  }
  return versions
}
