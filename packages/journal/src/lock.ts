import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CryptoFlowError } from '@cryptoflow/runtime'

/** SQLite's primary result code for a database that another connection holds. */
const SQLITE_BUSY = 5

/**
 * Holds a lock file until the answer is called or the process ends, however it ends.
 *
 * An exclusive transaction in an empty SQLite database: the kernel frees it at death, so no stale lock can stand,
 * as a file with a process number in it can. Throws a CryptoFlowError that names the directory when another
 * holder lives, in this process or another.
 */
export function lockFile(path: string): () => void {
  const database = openDatabase(path)
  try {
    // Nothing is ever written, so no rollback journal is wanted beside it.
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw lockError(path, error)
  }
  let held = true
  return () => {
    if (!held) return
    held = false
    database.close()
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 })
  } catch (error) {
    throw lockError(path, error)
  }
}

function lockError(path: string, cause: unknown): CryptoFlowError {
  const directory = dirname(path)
  const isBusy = cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY
  return isBusy
    ? new CryptoFlowError(
        `locking ${directory} found another process on it, expected none: one process writes a directory`,
        { kind: 'usage', reaction: 'stop', context: { directory }, cause },
      )
    : new CryptoFlowError(`locking ${directory} failed`, {
        kind: 'disk',
        reaction: 'stop',
        context: { directory },
        cause,
      })
}
