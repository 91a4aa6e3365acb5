import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isFileLocked, lockFile, shareFile } from '@cryptoflow/journal'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { Warehouse } from './warehouse.ts'

/** Directories of the journals of collecting processes: the one without a name first. */
export function journalHomes({ journalDirectory, journalOf }: Warehouse): string[] {
  return [journalDirectory, ...directoriesIn(dirname(journalOf('any')))].filter(isDirectory)
}

/** Directories with a control log of their own: the collectors' journals, and the replays. */
export function writerHomes(warehouse: Warehouse): string[] {
  return [...journalHomes(warehouse), ...directoriesIn(dirname(warehouse.replayDirectory('any')))]
}

/**
 * Holds the locks of everybody who writes these warehouses until the answer is called: collectors, replays, committers
 * and whoever looks after the tables. Throws `usage` while one of them runs.
 */
export function lockWarehouses(...warehouses: readonly Warehouse[]): () => void {
  const held: (() => void)[] = []
  const release = (): void => {
    for (const unlock of held) unlock()
  }
  try {
    for (const warehouse of warehouses) {
      for (const home of writerHomes(warehouse)) held.push(lockFile(join(home, 'lock.db')))
      for (const lock of [warehouse.committersLock, warehouse.maintenanceLock]) {
        // Where there is no such directory, nobody has ever taken them.
        if (isDirectory(dirname(lock))) held.push(lockFile(lock))
      }
    }
    return release
  } catch (error) {
    release()
    throw error
  }
}

/** Keeps the warehouse from being moved or deleted while a committer is at work on it. */
export function shareWarehouse({ committersLock }: Warehouse): () => void {
  mkdirSync(dirname(committersLock), { recursive: true })
  return shareFile(committersLock)
}

/** Keeps others from looking after the tables at the same time. Throws `usage` while somebody does. */
export function lockMaintenance(warehouse: Warehouse): () => void {
  const { directory, maintenanceLock } = warehouse
  if (isMaintained(warehouse)) {
    throw new CryptoFlowError('looking after the tables: another process does it at this moment', {
      kind: 'usage',
      reaction: 'stop',
      context: { warehouse: directory },
    })
  }
  mkdirSync(dirname(maintenanceLock), { recursive: true })
  return lockFile(maintenanceLock)
}

/** Whether somebody looks after the tables at this moment. */
export function isMaintained({ maintenanceLock }: Warehouse): boolean {
  return isFileLocked(maintenanceLock)
}

function directoriesIn(parent: string): string[] {
  const names = isDirectory(parent) ? readdirSync(parent) : []
  return names.map((name) => join(parent, name)).filter(isDirectory)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
