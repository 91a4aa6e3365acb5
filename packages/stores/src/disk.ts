import * as nodeFiles from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DurableStep, Probe } from '@cryptoflow/model'
import { entropy } from '@cryptoflow/runtime'
import { diskError, syncError, systemCode, takenError } from './disk-error.ts'

/** The file calls of Node that are used here; tests hand in ones that fail. */
export type Files = Pick<
  typeof nodeFiles,
  'link' | 'mkdir' | 'open' | 'readFile' | 'rename' | 'stat' | 'unlink'
>

export interface DiskOptions {
  /** What the probe is told in the middle of every write. */
  readonly step: DurableStep
  readonly probe?: Probe
  readonly files?: Files
}

/** Whole files that are there completely and for good, or not at all. All errors are CryptoFlowErrors (disk). */
export interface Disk {
  /** Writes a new file; refuses a name that is taken. */
  create(path: string, bytes: Uint8Array): Promise<void>
  /** Writes a file over an older one; readers see the one or the other. */
  replace(path: string, bytes: Uint8Array): Promise<void>
  read(path: string): Promise<Uint8Array>
  /** Bytes of a file, null when there is none. */
  size(path: string): Promise<number | null>
  /** Removes a file for good; one that is not there is removed already. */
  remove(path: string): Promise<void>
}

/** Directories remembered as durable; above it they are simply looked at again. */
const KNOWN_DIRECTORIES_MAX = 1_024

/** Answers of file systems that have no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * A file is written under a temporary name in its own directory, made durable, and then given its name:
 *
 *     mkdir + fsync parent, per level -> write .x.tmp -> fsync -> link or rename to its name -> fsync directory
 *
 * (rule K1). A new file gets its name by `link`, which unlike `rename` never covers an older one, not even
 * between two processes. What a killed process leaves behind is a hidden `.tmp` file that no table names.
 */
export function openDisk({ step, probe, files = nodeFiles }: DiskOptions): Disk {
  const known = new Set<string>()

  async function publish(
    path: string,
    bytes: Uint8Array,
    name: (temporary: string) => Promise<void>,
  ): Promise<void> {
    const directory = dirname(path)
    const temporary = join(directory, `.${entropy(8)}.tmp`)
    try {
      await makeDirectory(files, known, directory)
      await writeTemporary(files, temporary, bytes, probe === undefined ? null : () => probe(step))
      await name(temporary)
    } catch (error) {
      known.clear()
      await files.unlink(temporary).catch(() => {})
      throw diskError('writing', path, error)
    }
    await syncDirectory(files, directory)
  }

  return {
    create: (path, bytes) => publish(path, bytes, (temporary) => nameNew(files, temporary, path)),
    replace: (path, bytes) => publish(path, bytes, (temporary) => files.rename(temporary, path)),
    async read(path) {
      try {
        return await files.readFile(path)
      } catch (error) {
        throw diskError('reading', path, error)
      }
    },
    async size(path) {
      try {
        const stat = await files.stat(path)
        return stat.isFile() ? stat.size : null
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return null
        throw diskError('looking at', path, error)
      }
    },
    async remove(path) {
      try {
        await files.unlink(path)
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return
        throw diskError('removing', path, error)
      }
      await syncDirectory(files, dirname(path))
    },
  }
}

async function writeTemporary(
  files: Files,
  path: string,
  bytes: Uint8Array,
  probe: (() => void) | null,
): Promise<void> {
  const file = await files.open(path, 'wx')
  try {
    const half = probe === null ? 0 : bytes.length >> 1
    await writeAll(file, path, bytes.subarray(0, half))
    probe?.()
    await writeAll(file, path, bytes.subarray(half))
    await file.sync().catch((error) => {
      throw syncError(path, error)
    })
  } finally {
    await file.close()
  }
}

/** `write` may take less than it is given, on a disk that is nearly full for one. */
async function writeAll(file: nodeFiles.FileHandle, path: string, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done)
    if (bytesWritten === 0) {
      const cause = Object.assign(new Error('write took nothing'), { code: 'ENOSPC', syscall: 'write' })
      throw diskError('writing', path, cause)
    }
    done += bytesWritten
  }
}

/** Gives a finished file its name, which nothing may have yet. */
async function nameNew(files: Files, temporary: string, path: string): Promise<void> {
  try {
    await files.link(temporary, path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') throw takenError(path)
    if (code === null || !NO_LINKS.has(code)) throw error
    // No hard links here. Names carry a nonce, so nobody else makes this one between the look and the rename.
    if (await exists(files, path)) throw takenError(path)
    return files.rename(temporary, path)
  }
  // The file has its name; a second, temporary one does no harm if it stays.
  await files.unlink(temporary).catch(() => {})
}

async function exists(files: Files, path: string): Promise<boolean> {
  try {
    await files.stat(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * Makes a directory and those above it, each durable in its parent. One that is found may have been made by a
 * process that died before its fsync, so its parent is synced as well, once.
 */
async function makeDirectory(files: Files, known: Set<string>, directory: string): Promise<void> {
  const parent = dirname(directory)
  if (known.has(directory) || parent === directory) return
  await makeDirectory(files, known, parent)
  const isFound = await isDirectory(files, directory)
  if (!isFound) {
    await files.mkdir(directory).catch(async (error) => {
      if (!(await isDirectory(files, directory))) throw diskError('making the directory', directory, error)
    })
  }
  await syncDirectory(files, parent).catch((error) => {
    // A found directory above ours may be one that we are not allowed to open; whoever made it answers for it.
    if (!isFound) throw error
  })
  if (known.size >= KNOWN_DIRECTORIES_MAX) known.clear()
  known.add(directory)
}

async function isDirectory(files: Files, path: string): Promise<boolean> {
  return files.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  )
}

async function syncDirectory(files: Files, directory: string): Promise<void> {
  let handle: nodeFiles.FileHandle
  try {
    handle = await files.open(directory, 'r')
  } catch (error) {
    throw diskError('opening', directory, error)
  }
  try {
    await handle.sync()
  } catch (error) {
    throw syncError(directory, error)
  } finally {
    await handle.close()
  }
}
