import { join, resolve } from 'node:path'
import type { ObjectStore } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { type DiskOptions, openDisk } from './disk.ts'
import { fileLocation } from './locations.ts'

export interface DiskStoreOptions extends DiskOptions {
  /** Root of all keys; made when it is not there. */
  readonly directory: string
  readonly step: 'file-write' | 'manifest-write'
}

/** An object store that can take back what nothing names. */
export interface DiskStore extends ObjectStore {
  /** Removes an object of a cut that never was; durable when this returns. */
  discard(key: string): Promise<void>
}

/** Keys are generated: words of letters, digits and `._=+@-` between slashes, none beginning with a dot. */
const KEY = /^[\w=+@-][\w.=+@-]*(?:\/[\w=+@-][\w.=+@-]*)*$/
const KEY_LENGTH_MAX = 1_024

/**
 * The object store on a local directory: the key is the path below it.
 *
 * `put` returns when file and directory entries are durable and refuses a key that is taken. Errors are
 * CryptoFlowErrors: disk; usage for a key that is no generated name; config for a directory that table readers
 * could not address.
 */
export function diskStore(options: DiskStoreOptions): DiskStore {
  const directory = resolve(options.directory)
  const root = fileLocation(directory)
  const disk = openDisk(options)
  return {
    location: (key) => `${root}/${checked(key)}`,
    put: async (key, bytes) => disk.create(join(directory, checked(key)), bytes),
    get: async (key) => disk.read(join(directory, checked(key))),
    size: async (key) => disk.size(join(directory, checked(key))),
    discard: async (key) => disk.remove(join(directory, checked(key))),
  }
}

function checked(key: string): string {
  if (KEY.test(key) && key.length <= KEY_LENGTH_MAX) return key
  throw new CryptoFlowError(
    `using the key ${JSON.stringify(key.slice(0, 100))}: expected words of letters, digits and ._=+@- between slashes`,
    { kind: 'usage', reaction: 'reject', context: { key } },
  )
}
