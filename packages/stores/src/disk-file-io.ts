import { basename } from 'node:path'
import { type DiskOptions, openDisk } from './disk.ts'
import { filePath } from './locations.ts'

/** Files under absolute locations, in the shape that `iceberg` takes. */
export interface DiskFileIO {
  /** Errors: CryptoFlowError (disk; usage for a location that is no local file), here and below. */
  read(location: string): Promise<Uint8Array>
  /** Returns when file and directory entries are durable. Refuses a location that is taken. */
  write(location: string, bytes: Uint8Array): Promise<void>
  /** Returns when the file is gone for good, also when it was gone before. */
  remove(location: string): Promise<void>
}

/**
 * The one file of a table that is written over: it tells readers without a catalog which metadata is current.
 * Everything else is immutable.
 */
const POINTER = 'version-hint.text'

/** Table metadata on the local disk; `file:///...` as in `fileLocation`. The probe hears `manifest-write`. */
export function diskFileIO(options: Omit<DiskOptions, 'step'> = {}): DiskFileIO {
  const disk = openDisk({ ...options, step: 'manifest-write' })
  return {
    read: async (location) => disk.read(filePath(location)),
    write: async (location, bytes) => {
      const path = filePath(location)
      await (basename(path) === POINTER ? disk.replace(path, bytes) : disk.create(path, bytes))
    },
    remove: async (location) => disk.remove(filePath(location)),
  }
}
