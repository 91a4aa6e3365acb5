import { fdatasync, write } from 'node:fs'
import { mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Probe } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { isFileLocked, lockFile } from './lock.ts'

/** One open file. Positions are bytes from its beginning. */
export interface DiskFile {
  /** Bytes written, possibly fewer than given. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Bytes read, fewer than the room given at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  size(): Promise<number>
  truncate(size: number): Promise<void>
  /** The file with all its attributes is durable. */
  sync(): Promise<void>
  /** The bytes and what is needed to find them are durable. */
  syncData(): Promise<void>
  close(): Promise<void>
}

/** Everything the journal asks of a disk, as one table that tests replace by a disk that fails. */
export interface Disk {
  /** `read` and `change` expect the file, `create` makes it or empties it. */
  open(path: string, mode: 'read' | 'change' | 'create'): Promise<DiskFile>
  /** Whole content, null when there is no such file. */
  readWhole(path: string): Promise<Uint8Array | null>
  /** Names in a directory, sorted; none when it does not exist. */
  list(directory: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes a directory and those above it; answers the topmost one it made, null when all stood. */
  makeDirectory(path: string): Promise<string | null>
  /** The directory's entries are durable. */
  syncDirectory(path: string): Promise<void>
  /** Holds the lock file until the answer is called; throws when another holder lives. */
  lock(path: string): () => void
  /** Whether somebody holds that lock now. Takes none. */
  isLocked(path: string): boolean
  /** Bytes that this process may still write into the file system of a directory. */
  freeBytes(directory: string): Promise<number>
  /** Bytes of a file, null when there is none. */
  sizeOf(path: string): Promise<number | null>
  /** Names this directory on this disk: a copied directory answers another text. */
  fingerprint(directory: string): Promise<string>
}

const openFlags = { read: 'r', change: 'r+', create: 'w+' } as const

// Fifty of each a second; by file descriptor they cost about three quarters of what a FileHandle's own do.
const writeTo = promisify(write)
const syncDataOf = promisify(fdatasync)

/** The machine's disk. */
export const nodeDisk: Disk = {
  async open(path, mode) {
    const handle = await open(path, openFlags[mode])
    return {
      write: async (bytes, position) =>
        (await writeTo(handle.fd, bytes, 0, bytes.length, position)).bytesWritten,
      read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
      size: async () => (await handle.stat()).size,
      truncate: (size) => handle.truncate(size),
      sync: () => handle.sync(),
      syncData: () => syncDataOf(handle.fd),
      close: () => handle.close(),
    }
  },
  async readWhole(path) {
    const file = await orNull(nodeDisk.open(path, 'read'))
    if (file === null) return null
    try {
      const bytes = new Uint8Array(await file.size())
      return bytes.subarray(0, await readFully(file, bytes, 0))
    } finally {
      await file.close()
    }
  },
  async list(directory) {
    const names = await orNull(readdir(directory))
    return names === null ? [] : names.sort()
  },
  rename,
  remove: unlink,
  async makeDirectory(path) {
    return (await mkdir(path, { recursive: true })) ?? null
  },
  async syncDirectory(path) {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  lock: lockFile,
  isLocked: isFileLocked,
  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory)
    return bavail * bsize
  },
  async sizeOf(path) {
    return (await orNull(stat(path)))?.size ?? null
  },
  async fingerprint(directory) {
    const { dev, ino, birthtimeMs } = await stat(directory)
    return `${dev}-${ino}-${Math.floor(birthtimeMs)}`
  },
}

/** Bytes that this process may still write into the file system of a directory. */
export function freeBytes(directory: string, disk: Disk = nodeDisk): Promise<number> {
  return disk.freeBytes(directory)
}

/** Causes looked through for the system's own error. */
const CAUSES_MAX = 8

/** Whether an error says, itself or by its cause, that no space is left on the disk or in the quota. */
export function isDiskFull(error: unknown): boolean {
  for (let i = 0; i < CAUSES_MAX && error instanceof Error; i++) {
    if ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return true
    error = error.cause
  }
  return false
}

/** Fills `into` from `position` as far as the file goes; answers the bytes read. */
export async function readFully(file: DiskFile, into: Uint8Array, position: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const read = await file.read(into.subarray(done), position + done)
    if (read === 0) break
    done += read
  }
  return done
}

/** Writes all bytes; `halfway` is called when about half of them are written. */
export async function writeFully(
  file: DiskFile,
  bytes: Uint8Array,
  position: number,
  halfway?: () => void,
): Promise<void> {
  if (halfway !== undefined) {
    const half = bytes.length >> 1
    await writeFully(file, bytes.subarray(0, half), position)
    halfway()
    return writeFully(file, bytes.subarray(half), position + half)
  }
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(bytes.subarray(done), position + done)
    // A disk that takes nothing and reports no error would keep us here for ever.
    if (written === 0) throw new Error(`wrote 0 of ${bytes.length - done} bytes`)
    done += written
  }
}

/** A whole file under its name, durable or not there at all: tmp, fsync, rename, fsync of the directory. */
export async function writeWhole(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  halfway?: () => void,
): Promise<void> {
  const tmp = `${path}.tmp`
  const file = await disk.open(tmp, 'create')
  try {
    await writeFully(file, bytes, 0, halfway)
    await file.sync()
  } catch (error) {
    // Half a file must not keep the room that is missing (K8).
    if (isDiskFull(error)) await disk.remove(tmp).catch(() => {})
    throw error
  } finally {
    await file.close()
  }
  await disk.rename(tmp, path)
  await disk.syncDirectory(dirname(path))
}

/** A directory that is durable under its name, with all directories above it that had to be made. */
export async function ensureDirectory(disk: Disk, path: string): Promise<void> {
  const topmost = await disk.makeDirectory(path)
  if (topmost === null) return
  for (let made = path; ; made = dirname(made)) {
    await disk.syncDirectory(dirname(made))
    if (made === topmost || made === dirname(made)) return
  }
}

/** How file systems of others answer who asks them to sync a directory: above ours that is no failure. */
const notOurs: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL', 'ENOTSUP'])

/**
 * Makes durable what is named in a directory that stands, its own name, and those above it: who made them may have been
 * killed before that.
 */
export async function confirmNames(disk: Disk, directory: string): Promise<void> {
  await disk.syncDirectory(directory)
  for (let above = dirname(directory); ; above = dirname(above)) {
    try {
      await disk.syncDirectory(above)
    } catch (error) {
      if (error instanceof Error && 'code' in error && notOurs.has(error.code)) return
      throw error
    }
    if (above === dirname(above)) return
  }
}

/** `half` of a durable step as a callback, undefined without a probe. */
export function halfwayOf(probe: Probe | undefined, step: Parameters<Probe>[0]): (() => void) | undefined {
  return probe === undefined ? undefined : () => probe(step)
}

/** What stands on the disk cannot be trusted; `context` names the place. */
export function damageError(message: string, context: Record<string, unknown>): CryptoFlowError {
  return new CryptoFlowError(message, { kind: 'disk', reaction: 'stop', context })
}

/** No space is left; what asked for it may be tried again when there is some. */
export function fullError(
  message: string,
  context: Record<string, unknown>,
  cause?: unknown,
): CryptoFlowError {
  return new CryptoFlowError(message, { kind: 'disk', reaction: 'retry', context, cause })
}

/** Somebody asks for what cannot be; `context` says where. */
export function usageError(message: string, context: Record<string, unknown>): CryptoFlowError {
  return new CryptoFlowError(message, { kind: 'usage', reaction: 'stop', context })
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
