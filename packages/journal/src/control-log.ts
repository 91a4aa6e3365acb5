import { join } from 'node:path'
import type { ControlEntry, Probe } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { withBallast } from './ballast.ts'
import { type ControlLines, decodeLines, encodeLine, encodeLines, neededEntries } from './control-lines.ts'
import {
  confirmNames,
  type Disk,
  type DiskFile,
  ensureDirectory,
  fullError,
  halfwayOf,
  isDiskFull,
  nodeDisk,
  writeFully,
  writeWhole,
} from './disk.ts'
import { type Home, isSameHome, readHome } from './home.ts'

/** What opening a control log found out about the place. */
export interface ControlOpening {
  /** There was no log before: the first start here, or the log was lost (K6). */
  readonly isNew: boolean
  /**
   * Boot, host or disk are not those of the last confirmed start, or none was ever confirmed: the directory may be a
   * copy. Read the own slots in the ledger before intake, then confirmHome() (K15).
   */
  readonly isMoved: boolean
  readonly before: Home | null
  readonly now: Home
}

/** What a writer has decided about its epochs; the format is drawn in `control-lines.ts`. */
export interface ControlLog {
  /** What stood in the log at opening, in order. */
  readonly entries: readonly ControlEntry[]
  /** Bytes of a cut append that opening removed. */
  readonly tornBytes: number
  readonly opening: ControlOpening
  /** Length of the log. */
  readonly bytes: number
  /**
   * Returns when the entry is durable. Calls queue up. A full disk is met with the directory's ballast; without any
   * left it throws `disk`, `retry`: the entry never was, and the log can be used on. After any other failed
   * append every later call throws the same CryptoFlowError (`disk`, `stop`).
   */
  append(entry: ControlEntry): Promise<void>
  /**
   * Leaves out what nobody needs any more: epochs released before the last released one and the last two seals.
   * Answers the bytes that went; 0 when a full disk has no room for the new log. Happens by itself when a large log
   * has grown to twice its size.
   */
  compact(): Promise<number>
  /** Notes where this process runs, once its ledger slots were looked at. Makes the log one of format 2. */
  confirmHome(): Promise<void>
  close(): Promise<void>
}

export interface ControlLogOptions {
  readonly probe?: Probe
  readonly disk?: Disk
  /** A log is compacted by itself above this length; default 8 MiB, days of seals. */
  readonly compactBytes?: number
  /** Where this process runs; default: as the system tells. */
  readonly home?: Home
}

const COMPACT_BYTES = 8 * 1024 * 1024

/**
 * Opens the control log of a directory, which need not be a journal's; both are made when missing. Who opens it
 * holds the directory's lock, here or through its journal.
 *
 * Throws a CryptoFlowError: `disk` with offset and line for damage, `usage` when a newer version wrote it.
 */
export async function openControlLog(
  directory: string,
  { probe, disk = nodeDisk, compactBytes = COMPACT_BYTES, home }: ControlLogOptions = {},
): Promise<ControlLog> {
  await ensureDirectory(disk, directory)
  const path = join(directory, 'control.log')
  const isNew = (await disk.readWhole(path)) === null
  if (isNew) await withBallast(directory, () => writeWhole(disk, path, encodeLines([], null)), disk)
  const found = decodeLines((await disk.readWhole(path)) ?? new Uint8Array(0), directory)
  const file = await disk.open(path, 'change')
  try {
    if (found.tornBytes > 0) await file.truncate(found.size)
    // A killed process may have written an entry, or put a new log in the place of the old, and synced neither.
    await file.sync()
    await confirmNames(disk, directory)
    const now = home ?? (await readHome(directory, disk))
    const { entries, tornBytes, home: before } = found
    const isMoved = before === null ? entries.length > 0 : !isSameHome(before, now)
    const appender = new Appender(file, found, { directory, path, probe, disk, compactBytes })
    return {
      entries,
      tornBytes,
      opening: { isNew, isMoved, before, now },
      get bytes() {
        return appender.size
      },
      append: (entry) => appender.append(entry),
      compact: () => appender.compact(),
      confirmHome: () => appender.confirm(now),
      close: () => appender.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

interface AppenderSettings {
  readonly directory: string
  readonly path: string
  readonly probe: Probe | undefined
  readonly disk: Disk
  readonly compactBytes: number
}

class Appender {
  size: number
  readonly #settings: AppenderSettings
  #file: DiskFile
  #link: number
  #home: Home | null
  /** The length from which the log is compacted by itself. */
  #compactAt: number
  #tail: Promise<unknown> = Promise.resolve()
  #failure: CryptoFlowError | null = null

  constructor(file: DiskFile, { size, link, home }: ControlLines, settings: AppenderSettings) {
    this.#file = file
    this.#settings = settings
    this.size = size
    this.#link = link
    this.#home = home
    this.#compactAt = settings.compactBytes
  }

  append(entry: ControlEntry): Promise<void> {
    return this.#inTurn(async () => {
      await this.#write(entry)
      if (entry.kind === 'released' && this.size > this.#compactAt) await this.#rewrite(this.#home)
    })
  }

  compact(): Promise<number> {
    return this.#inTurn(() => this.#rewrite(this.#home))
  }

  confirm(home: Home): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#home !== null && isSameHome(this.#home, home)) return
      await this.#rewrite(home)
    })
  }

  async close(): Promise<void> {
    await this.#tail
    await this.#file.close()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(() => {
      if (this.#failure !== null) throw this.#failure
      return work()
    })
    this.#tail = done.catch(() => {})
    return done
  }

  async #write(entry: ControlEntry): Promise<void> {
    const { directory, disk } = this.#settings
    const { bytes, link } = encodeLine(entry, this.#link)
    try {
      await withBallast(directory, () => this.#put(entry, bytes), disk)
    } catch (cause) {
      if (isDiskFull(cause)) throw this.#fullError(entry, cause)
      throw this.#fail({ entry: entry.kind, epoch: entry.epoch }, cause)
    }
    this.size += bytes.length
    this.#link = link
  }

  /** What found no room is taken back, so that the line never was. */
  async #put(entry: ControlEntry, bytes: Uint8Array): Promise<void> {
    try {
      await writeFully(this.#file, bytes, this.size, this.#halfway(entry))
      await this.#file.sync()
    } catch (error) {
      if (isDiskFull(error)) await this.#file.truncate(this.size)
      throw error
    }
  }

  /** The needed entries under a home as a new log in the place of the old one; the bytes that went. */
  async #rewrite(home: Home | null): Promise<number> {
    const { directory, path, disk, compactBytes } = this.#settings
    const before = this.size
    try {
      const { entries } = decodeLines((await disk.readWhole(path)) ?? new Uint8Array(0), directory)
      const bytes = encodeLines(neededEntries(entries), home)
      await writeWhole(disk, path, bytes)
      const file = await disk.open(path, 'change')
      await this.#file.close()
      this.#file = file
      const { size, link } = decodeLines(bytes, directory)
      this.size = size
      this.#link = link
      this.#home = home
    } catch (error) {
      if (!isDiskFull(error)) throw this.#fail({ bytes: before }, error)
    }
    this.#compactAt = Math.max(compactBytes, 2 * this.size)
    return before - this.size
  }

  #fullError({ kind, epoch }: ControlEntry, cause: unknown): CryptoFlowError {
    const context = { directory: this.#settings.directory, entry: kind, epoch }
    return fullError('writing the control log found the disk full', context, cause)
  }

  #fail(what: Record<string, unknown>, cause: unknown): CryptoFlowError {
    const context = { directory: this.#settings.directory, ...what }
    const message = 'writing the control log failed, its process must stop'
    this.#failure = new CryptoFlowError(message, { kind: 'disk', reaction: 'stop', context, cause })
    return this.#failure
  }

  #halfway({ kind }: ControlEntry): (() => void) | undefined {
    if (kind === 'seal') return halfwayOf(this.#settings.probe, 'seal')
    if (kind === 'released') return halfwayOf(this.#settings.probe, 'release')
    return undefined
  }
}
