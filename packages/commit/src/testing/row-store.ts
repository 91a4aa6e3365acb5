import type { DataFile, FileIO } from '@cryptoflow/iceberg'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { dataFileOf } from '../files.ts'
import type { SizedFile } from '../maintenance.ts'
import { offer } from './requests.ts'

/** Files of one table in memory: manifests as they are, data files with their rows' names. */
export class RowStore {
  readonly #files = new Map<string, { readonly bytes: Uint8Array; readonly modifiedMs: number }>()
  readonly #nowMs: () => number
  /** Files that were removed so far. */
  removals = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** The catalog in memory keeps metadata as objects, so metadata files are empty. */
  readonly io: FileIO = {
    read: async (location) => {
      const bytes = location.endsWith('.json') ? new Uint8Array(0) : this.#files.get(location)?.bytes
      if (bytes !== undefined) return bytes
      throw new CryptoFlowError(`no file ${location}`, { kind: 'disk', reaction: 'reject' })
    },
    write: async (location, bytes) => {
      this.#files.set(location, { bytes, modifiedMs: this.#nowMs() })
    },
    remove: async (location) => {
      this.removals += 1
      this.#files.delete(location)
    },
  }

  has(location: string): boolean {
    return this.#files.has(location)
  }

  locations(): string[] {
    return [...this.#files.keys()]
  }

  list(below: string): SizedFile[] {
    return [...this.#files]
      .filter(([location]) => location.startsWith(`${below}/`))
      .map(([location, { bytes, modifiedMs }]) => ({ location, bytes: bytes.length, modifiedMs }))
  }

  /** A data file of that name and those rows, in the first partition. */
  put(key: string, rows: readonly string[], modifiedMs = this.#nowMs()): DataFile {
    const location = `memory:market.ticks/data/${key}.parquet`
    this.#files.set(location, { bytes: new TextEncoder().encode(JSON.stringify(rows)), modifiedMs })
    const file = dataFileOf({ ...offer(location), partition: [0, 'x'] }, 1)
    return { ...file, rows: rows.length, bytes: 1 }
  }

  rowsOf(location: string): string[] {
    const bytes = this.#files.get(location)?.bytes
    return bytes === undefined ? [`${location} is gone`] : JSON.parse(new TextDecoder().decode(bytes))
  }
}
