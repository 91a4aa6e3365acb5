import { dirname, join } from 'node:path'
import type { Chance } from '@cryptoflow/runtime'
import type { Disk, DiskFile } from '../disk.ts'

/** What a power cut keeps or loses as one. */
const SECTOR_BYTES = 512

/** A content and what was asked of it since its last sync. */
interface Inode {
  bytes: Uint8Array
  durable: Uint8Array
  pending: ({ readonly at: number; readonly bytes: Uint8Array } | { readonly size: number })[]
}

type Entries = Map<string, Inode | 'directory'>

/** Operations that faults can hit. */
export type DiskOperation = 'write' | 'sync' | 'syncData' | 'syncDirectory' | 'rename'

export interface MemoryDisk extends Disk {
  /** Called before each operation; may throw, wait, or answer the bytes that a write takes. */
  before: (operation: DiskOperation, path: string, bytes?: Uint8Array) => Promise<number | undefined>
  /** Operations in order, as `syncData name`. */
  readonly trail: string[]
  /** Bytes that all files together may have; a write beyond is cut short, then refused with ENOSPC. */
  capacityBytes: number
  /** Bytes that they have. */
  readonly usedBytes: number
  /** Content of a file as a process sees it. */
  content(path: string): Uint8Array
  setContent(path: string, bytes: Uint8Array): void
  /** Names of files below a directory. */
  files(directory: string): string[]
  /**
   * The disk after a power cut: what was synced, and of all else any pieces, sector by sector and entry by entry.
   * What did not arrive inside a file reads as zeros.
   */
  powerCut(chance: Chance): MemoryDisk
  /** The disk as the next process finds it when this one was killed: all that was written, synced or not. */
  left(): MemoryDisk
}

/** A disk in memory that forgets what was not synced. */
export function memoryDisk(now: Entries = new Map(), durable: Entries = new Map(now)): MemoryDisk {
  const locks = new Set<string>()
  const trail: string[] = []
  const inode = (path: string): Inode => {
    const found = now.get(path)
    if (found === undefined || found === 'directory') throw missing(path)
    return found
  }
  const begin = (operation: DiskOperation, path: string, bytes?: Uint8Array) => {
    trail.push(`${operation} ${path.slice(path.lastIndexOf('/') + 1)}`)
    return disk.before(operation, path, bytes)
  }
  const usedBytes = () => {
    const files = new Set([...now.values()].filter((entry) => entry !== 'directory'))
    return [...files].reduce((sum, file) => sum + file.bytes.length, 0)
  }
  const disk: MemoryDisk = {
    trail,
    capacityBytes: Number.POSITIVE_INFINITY,
    get usedBytes() {
      return usedBytes()
    },
    before: async () => undefined,
    async open(path, mode) {
      if (now.get(dirname(path)) !== 'directory') throw missing(path)
      if (mode === 'create') {
        const file = now.get(path)
        if (file === undefined || file === 'directory') now.set(path, newInode(new Uint8Array(0)))
        else truncate(file, 0)
      }
      return fileOf(inode(path), path, begin, () => disk.capacityBytes - usedBytes())
    },
    readWhole: async (path) => (now.has(path) ? inode(path).bytes.slice() : null),
    list: async (directory) =>
      [...now.keys()]
        .filter((path) => dirname(path) === directory && path !== directory)
        .map((path) => path.slice(path.lastIndexOf('/') + 1))
        .sort(),
    async rename(from, to) {
      await begin('rename', to)
      now.set(to, inode(from))
      now.delete(from)
    },
    async remove(path) {
      inode(path)
      now.delete(path)
    },
    async makeDirectory(path) {
      let topmost: string | null = null
      for (let made = path; now.get(made) !== 'directory' && made !== '/'; made = dirname(made)) {
        now.set(made, 'directory')
        topmost = made
      }
      return topmost
    },
    async syncDirectory(path) {
      await begin('syncDirectory', path)
      for (const other of [...durable.keys()]) {
        if (dirname(other) === path && !now.has(other)) durable.delete(other)
      }
      for (const [other, entry] of now) if (dirname(other) === path) durable.set(other, entry)
    },
    lock(path) {
      if (locks.has(path)) throw new Error(`locked: ${path}`)
      locks.add(path)
      return () => locks.delete(path)
    },
    isLocked: (path) => locks.has(path),
    freeBytes: async () => Math.max(0, disk.capacityBytes - usedBytes()),
    sizeOf: async (path) => (now.has(path) ? inode(path).bytes.length : null),
    fingerprint: async (directory) => `memory ${directory}`,
    content: (path) => inode(path).bytes.slice(),
    setContent: (path, bytes) => now.set(path, newInode(bytes.slice())),
    files: (directory) => [...now.keys()].filter((path) => path.startsWith(join(directory, '/'))),
    powerCut: (chance) => afterPowerCut(now, durable, chance),
    left: () => {
      const inodes = new Map<Inode, Inode>()
      return memoryDisk(copyOf(now, inodes), copyOf(durable, inodes))
    },
  }
  return disk
}

/** What a dead process still writes must not be seen. Each inode is copied once. */
function copyOf(entries: Entries, inodes: Map<Inode, Inode>): Entries {
  const copy = (entry: Inode | 'directory'): Inode | 'directory' => {
    if (entry === 'directory') return entry
    const known = inodes.get(entry) ?? { ...entry, pending: [...entry.pending] }
    inodes.set(entry, known)
    return known
  }
  return new Map(Array.from(entries, ([path, entry]) => [path, copy(entry)]))
}

function newInode(bytes: Uint8Array): Inode {
  return { bytes, durable: bytes, pending: [] }
}

function fileOf(
  file: Inode,
  path: string,
  begin: (operation: DiskOperation, path: string, bytes?: Uint8Array) => Promise<number | undefined>,
  freeBytes: () => number,
): DiskFile {
  const sync = () => {
    file.durable = file.bytes.slice()
    file.pending = []
  }
  return {
    async write(bytes, position) {
      // Copied at once: what the caller changes before the answer must not count as written.
      const asked = (await begin('write', path, bytes)) ?? bytes.length
      const room = freeBytes() + Math.max(0, file.bytes.length - position)
      const taken = Math.min(asked, Math.max(0, room))
      if (taken === 0 && asked > 0) throw noSpace(path)
      const written = bytes.slice(0, taken)
      file.bytes = put(file.bytes, position, written)
      file.pending.push({ at: position, bytes: written })
      return taken
    },
    async read(into, position) {
      const part = file.bytes.subarray(position, position + into.length)
      into.set(part)
      return part.length
    },
    size: async () => file.bytes.length,
    truncate: async (size) => truncate(file, size),
    async sync() {
      await begin('sync', path)
      sync()
    },
    async syncData() {
      await begin('syncData', path)
      sync()
    },
    close: async () => {},
  }
}

function truncate(file: Inode, size: number): void {
  file.bytes = file.bytes.slice(0, size)
  file.pending.push({ size })
}

function put(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  const grown = new Uint8Array(Math.max(bytes.length, at + more.length))
  grown.set(bytes)
  grown.set(more, at)
  return grown
}

function afterPowerCut(now: Entries, durable: Entries, chance: Chance): MemoryDisk {
  const left: Entries = new Map()
  const paths = [...new Set([...durable.keys(), ...now.keys()])].sort()
  // Each inode meets its fate once, under whichever of its names it is found.
  const fates = new Map<Inode, Inode>()
  for (const path of paths) {
    const entry = durable.get(path) === now.get(path) || chance.hits(0.5) ? durable.get(path) : now.get(path)
    const parent = dirname(path)
    if (entry === undefined || (parent !== '/' && left.get(parent) !== 'directory')) continue
    if (entry !== 'directory' && !fates.has(entry)) fates.set(entry, newInode(contentLeft(entry, chance)))
    left.set(path, entry === 'directory' ? entry : (fates.get(entry) as Inode))
  }
  return memoryDisk(left)
}

function contentLeft(file: Inode, chance: Chance): Uint8Array {
  let bytes: Uint8Array = file.durable
  for (const change of file.pending) {
    if ('size' in change) {
      if (chance.hits(0.5)) bytes = bytes.slice(0, change.size)
      continue
    }
    const share = chance.next()
    for (let from = 0; from < change.bytes.length; ) {
      const border = SECTOR_BYTES - ((change.at + from) % SECTOR_BYTES)
      const to = Math.min(from + border, change.bytes.length)
      if (chance.hits(share)) bytes = put(bytes, change.at + from, change.bytes.slice(from, to))
      from = to
    }
  }
  return bytes
}

function noSpace(path: string): Error {
  return Object.assign(new Error(`no space left on device: ${path}`), { code: 'ENOSPC' })
}

function missing(path: string): Error {
  return Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })
}
