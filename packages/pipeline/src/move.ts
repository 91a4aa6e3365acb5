import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { IcebergError, relocateCatalog } from '@cryptoflow/iceberg'
import { isJournal, openJournalReader, readEpochStanding } from '@cryptoflow/journal'
import { type Clock, CryptoFlowError, uuid } from '@cryptoflow/runtime'
import { diskFileIO, fileLocation, filePath } from '@cryptoflow/stores'
import { openBoard } from './board.ts'
import { openPublisher, settle } from './publisher.ts'
import { CATALOG, type Warehouse, warehouseAt } from './warehouse.ts'
import { lockWarehouses, writerHomes } from './warehouse-lock.ts'

export interface MoveOptions {
  /** Where the tables say they are. */
  readonly from: string
  /** Where the warehouse shall be, or is already. */
  readonly to: string
  readonly clock: Clock
  /** Told of each step, and after each metadata file that was looked after. */
  readonly onProgress: (step: string) => void
}

/** What became of a move. */
export interface MoveReport {
  /** The directory was renamed now; false: it was there, moved or copied by somebody. */
  readonly wasRenamed: boolean
  /** Tables that are read in the new place since now. */
  readonly tables: readonly string[]
  /** Metadata files that show it. */
  readonly files: number
}

/**
 * Moves a warehouse, or ends the move of one that somebody moved or copied: locations in Iceberg's metadata are
 * absolute. What is sealed and not committed names files as well, so it is committed first, in the old place.
 *
 * A call that was cut is made again and goes on: the directory is renamed in one step, and the catalog shows all of the
 * new place or nothing of it. Throws `usage` while a process writes either place, and when a place is not what it
 * should be.
 */
export async function moveWarehouse({ from, to, clock, onProgress }: MoveOptions): Promise<MoveReport> {
  const source = warehouseAt(from)
  const target = warehouseAt(to)
  // A place that readers would understand differently is refused before anything is touched.
  const place = { from: fileLocation(source.directory), to: fileLocation(target.directory) }
  refuseNested(source, target)
  const isThere = existsSync(target.catalogFile)
  if (!isThere) await rename(source, target, onProgress)
  const unlock = lockWarehouses(source, target)
  try {
    await refusePending(source, target)
    let files = 0
    const tables = await relocateCatalog(
      { file: target.catalogFile, name: CATALOG },
      {
        ...place,
        io: diskFileIO(),
        exists: async (location) => existsSync(filePath(location)),
        nowMs: () => Math.floor(clock.nowUs() / 1000),
        uuid,
        onFile(count) {
          files = count
          onProgress(`rewriting metadata: ${count} files`)
        },
      },
    ).catch((error: unknown) => {
      if (error instanceof IcebergError && error.code === 'refused')
        throw refused(error.message, error.context)
      throw error
    })
    return { wasRenamed: !isThere, tables: tables.map(({ name }) => name), files }
  } finally {
    unlock()
  }
}

function refuseNested({ directory: from }: Warehouse, { directory: to }: Warehouse): void {
  const isInside = (way: string): boolean => way === '' || !way.startsWith('..')
  if (!isInside(relative(from, to)) && !isInside(relative(to, from))) return
  throw refused('the two places are one, or one lies inside of the other', { from, to })
}

/** Commits what is sealed, and gives the directory its new name. */
async function rename(
  source: Warehouse,
  target: Warehouse,
  onProgress: MoveOptions['onProgress'],
): Promise<void> {
  const place = { from: source.directory, to: target.directory }
  if (!existsSync(source.catalogFile)) {
    throw refused('there is none in either place, expected a catalog.db in one of them', place)
  }
  if (existsSync(target.directory) && readdirSync(target.directory).length > 0) {
    throw refused('the new place is in use, expected none or an empty directory', place)
  }
  const unlock = lockWarehouses(source)
  try {
    for (const home of writerHomes(source)) {
      onProgress('committing what is sealed')
      await commitPending(source, home)
    }
    renameSync(place.from, place.to)
    syncDirectory(dirname(place.to))
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause
    const found =
      cause.code === 'EXDEV'
        ? 'the new place is on another disk: copy it (cp -a), then run this again'
        : cause.message
    throw refused(found, place)
  } finally {
    unlock()
  }
}

/** Brings what a writer sealed into the tables, as its next start would. */
async function commitPending(warehouse: Warehouse, home: string): Promise<void> {
  if ((await readEpochStanding(home)).pending === 0) return
  const writer = isJournal(home) ? (await openJournalReader(home)).id : basename(home)
  const publisher = await openPublisher(
    {
      writer,
      name: 'move',
      warehouseDirectory: warehouse.directory,
      controlDirectory: home,
      board: openBoard().shared,
      drill: null,
    },
    0,
  )
  try {
    await publisher.resume(null)
    await settle(publisher)
  } finally {
    await publisher.close()
  }
}

/** A request that is sealed can not be changed, and it names files of the old place. */
async function refusePending({ directory: from }: Warehouse, target: Warehouse): Promise<void> {
  const standings = await Promise.all(writerHomes(target).map((home) => readEpochStanding(home)))
  const pending = standings.reduce((total, standing) => total + standing.pending, 0)
  if (pending === 0) return
  const { directory: to } = target
  throw refused(
    'it was moved or copied with epochs that are sealed and not committed, which name files of the old place; ' +
      'put the directory back there, and let this command move it',
    { from, to, pending },
  )
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function refused(found: string, context: Readonly<Record<string, unknown>>): CryptoFlowError {
  return new CryptoFlowError(`moving a warehouse: ${found}`, { kind: 'usage', reaction: 'stop', context })
}
