import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lockFile } from '@cryptoflow/journal'
import type { Warehouse } from './warehouse.ts'

/** Directories with a control log of their own: the collector's journal, and the replays. */
export function writerHomes({ journalDirectory, replayDirectory }: Warehouse): string[] {
  const replays = dirname(replayDirectory('any'))
  const writers = isDirectory(replays) ? readdirSync(replays).map((writer) => join(replays, writer)) : []
  return [journalDirectory, ...writers].filter(isDirectory)
}

/**
 * Holds the locks of everybody who writes these warehouses until the answer is called: collectors and replays. Throws
 * `usage` while one of them runs.
 */
export function lockWarehouses(...warehouses: readonly Warehouse[]): () => void {
  const held: (() => void)[] = []
  const release = (): void => {
    for (const unlock of held) unlock()
  }
  try {
    for (const home of warehouses.flatMap(writerHomes)) held.push(lockFile(join(home, 'lock.db')))
    return release
  } catch (error) {
    release()
    throw error
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
