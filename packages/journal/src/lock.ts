import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CryptoFlowError } from '@cryptoflow/runtime'

/** SQLite's primary result code for a database that another connection holds. */
const SQLITE_BUSY = 5

/** Longest wait for a lock: somebody who only looks whether it is held may be in the way for an instant. */
const LOCK_WAIT_MS = 50

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
  return once(() => database.close())
}

/**
 * Holds a lock file beside others that share it, against whoever wants it alone by `lockFile`; like that until the answer
 * is called or the process ends. Throws as `lockFile` does while somebody has it alone.
 */
export function shareFile(path: string): () => void {
  const database = openDatabase(path)
  try {
    // A transaction that has read keeps the shared lock of the file until it ends.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN; SELECT count(*) FROM sqlite_master')
  } catch (error) {
    database.close()
    throw lockError(path, error)
  }
  return once(() => database.close())
}

/** Whether somebody holds the lock file at this moment; false when there is none. Takes no lock that lasts. */
export function isFileLocked(path: string): boolean {
  if (!existsSync(path)) return false
  const database = new DatabaseSync(path, { timeout: 0, readOnly: true })
  try {
    // Reading needs the shared lock, which an exclusive transaction refuses.
    database.prepare('SELECT count(*) FROM sqlite_master').get()
    return false
  } catch (error) {
    if (isBusy(error)) return true
    throw lockError(path, error)
  } finally {
    database.close()
  }
}

/** Whether an error says that somebody else holds a lock file. */
export function isLocked(error: unknown): error is CryptoFlowError {
  return error instanceof CryptoFlowError && isBusy(error.cause)
}

function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    work()
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  } catch (error) {
    throw lockError(path, error)
  }
}

function lockError(path: string, cause: unknown): CryptoFlowError {
  const directory = dirname(path)
  return isBusy(cause)
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

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
