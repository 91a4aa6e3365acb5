import { join } from 'node:path'
import { assert, encodeNote, type Probe, RecordKind } from '@cryptoflow/model'
import { type Clock, CryptoFlowError } from '@cryptoflow/runtime'
import { BlockCache } from './block-cache.ts'
import { type Disk, damageError, ensureDirectory, nodeDisk, usageError } from './disk.ts'
import { type BlockFeed, JournalFeed } from './feed.ts'
import { type Group, GroupBuffer } from './group-buffer.ts'
import { makeIdentity, readIdentity } from './identity.ts'
import { JournalScan } from './journal-scan.ts'
import { type Recovered, recover } from './recovery.ts'
import { MARK_BYTES, PAYLOAD_BYTES_MAX } from './segment.ts'
import { listSegments, type SegmentFiles, segmentsDirectory } from './segment-files.ts'
import { SegmentWriter } from './segment-writer.ts'
import { Waiters } from './waiters.ts'

export interface JournalOptions {
  /** Made when it is not there. */
  readonly directory: string
  readonly clock: Clock
  /** Version of the product, for the start record. */
  readonly version: string
  readonly probe?: Probe
  /** Longest time a record waits before its write begins; default 20 ms. */
  readonly flushEveryMs?: number
  /** Bytes that begin a write at once; default 256 KiB. */
  readonly flushBytes?: number
  /** A segment is full when the next group would make it larger; default 64 MiB. */
  readonly segmentBytes?: number
  /** Recent blocks kept in memory for feeds; default 64 MiB. */
  readonly keepBytes?: number
  /** Bytes not yet durable above which the journal calls itself congested; default 64 MiB. */
  readonly congestedBytes?: number
  /** Segments with records from here on are verified at opening; default: the last one. */
  readonly verifyFrom?: number
  /** The disk; default: the machine's. */
  readonly disk?: Disk
}

/** What happened since opening. Rare branches are counted so that tests and metrics can see them. */
export interface JournalCounters {
  records: number
  /** Bytes written, marks included. */
  bytes: number
  /** Writes with their sync. */
  flushes: number
  /** Records whose time was behind the record before, and was raised to it. */
  raisedTimes: number
  /** Records appended while the journal was congested. */
  congestedRecords: number
}

const defaults = {
  flushEveryMs: 20,
  flushBytes: 256 * 1024,
  segmentBytes: 64 * 1024 * 1024,
  keepBytes: 64 * 1024 * 1024,
  congestedBytes: 64 * 1024 * 1024,
  verifyFrom: Number.POSITIVE_INFINITY,
  disk: nodeDisk,
}

/**
 * Opens a journal for writing: locks its directory, makes or reads its identity, finds the end, cuts a torn tail,
 * and appends a start record, which is durable when this returns.
 *
 * Throws a CryptoFlowError when another process holds it or a newer version wrote it (`usage`), and when its
 * bytes are damaged or the disk fails (`disk`).
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const settings = { ...defaults, ...options }
  const { directory, disk, clock } = settings
  await ensureDirectory(disk, segmentsDirectory(directory))
  const unlock = disk.lock(join(directory, 'lock.db'))
  let journal: Journal | null = null
  try {
    const journalId = await identify(disk, directory, clock)
    const files = { disk, directory, journalId }
    const found = await recover(files, { repair: true, verifyFrom: settings.verifyFrom })
    journal = new Journal(settings, files, found, unlock)
    const note = { lastRecord: found.lastRecord, clean: found.clean, version: settings.version }
    journal.append(RecordKind.start, 0, clock.nowUs(), encodeNote(note))
    await journal.flush()
    return journal
  } catch (error) {
    await journal?.close().catch(() => {})
    unlock()
    throw error
  }
}

async function identify(disk: Disk, directory: string, clock: Clock): Promise<string> {
  const id = await readIdentity(disk, directory)
  if (id !== null) return id
  if ((await listSegments(disk, directory)).length > 0) {
    throw damageError('opening the journal found segments without an identity', { directory })
  }
  return makeIdentity(disk, directory, clock)
}

type Settings = typeof defaults & JournalOptions

/** A journal that this process writes. */
export class Journal {
  /** The journal's id, a ULID: the writer id of everything made from it. */
  readonly id: string
  readonly directory: string
  /** What opening found, before the start record. */
  readonly recovered: Recovered
  readonly counters: JournalCounters
  readonly #settings: Settings
  readonly #files: SegmentFiles
  readonly #writer: SegmentWriter
  readonly #buffer = new GroupBuffer()
  readonly #cache: BlockCache
  readonly #waiters = new Waiters()
  readonly #unlock: () => void
  #lastRecord: number
  #durableRecord: number
  #lastReceivedUs: number
  /** Bytes of the write under way, 0 when there is none. */
  #writingBytes = 0
  #isWriting = false
  /** A write is to begin as soon as the one under way ends. */
  #isDue = false
  #cancelTimer: (() => void) | null = null
  #failure: CryptoFlowError | null = null
  #finishing: Promise<void> | null = null

  constructor(settings: Settings, files: SegmentFiles, recovered: Recovered, unlock: () => void) {
    const { segmentBytes, probe } = settings
    this.id = files.journalId
    this.directory = files.directory
    this.recovered = recovered
    this.counters = { records: 0, bytes: 0, flushes: 0, raisedTimes: 0, congestedRecords: 0 }
    this.#settings = settings
    this.#files = files
    this.#writer = new SegmentWriter(files, { segments: recovered.segments, segmentBytes, probe })
    this.#cache = new BlockCache(settings.keepBytes)
    this.#unlock = unlock
    this.#lastRecord = recovered.lastRecord
    this.#durableRecord = recovered.lastRecord
    this.#lastReceivedUs = recovered.lastReceivedUs
  }

  /** This process's start record: what lies before it is history. */
  get startRecord(): number {
    return this.recovered.lastRecord + 1
  }

  /** First record that is still on the disk. */
  get firstRecord(): number {
    return this.recovered.firstRecord
  }

  /** Last record appended. */
  get lastRecord(): number {
    return this.#lastRecord
  }

  /** Last record that survives a power cut. */
  get durableRecord(): number {
    return this.#durableRecord
  }

  /** Bytes appended and not yet durable. */
  get pendingBytes(): number {
    return this.#buffer.bytes + this.#writingBytes
  }

  /** The disk does not keep up; whoever appends decides what to leave out. */
  get isCongested(): boolean {
    return this.pendingBytes > this.#settings.congestedBytes
  }

  /**
   * Takes a record and answers its number. The payload is copied; the record counts when it is durable (K5).
   * A time behind the record before is raised to it.
   *
   * Throws a CryptoFlowError: `data`, `reject` for a payload above 64 MiB, after which all is as before; `disk`,
   * `stop` once a write has failed; `usage` after close().
   */
  append(kind: RecordKind, connection: number, receivedUs: number, payload: Uint8Array): number {
    this.#refuseAppend(payload)
    assert(receivedUs >= 0 && Number.isSafeInteger(receivedUs), 'a time is whole microseconds since 1970')
    const number = this.#lastRecord + 1
    assert(connection >= 0 && connection <= number, 'a connection is the number of an earlier record')
    if (receivedUs < this.#lastReceivedUs) this.counters.raisedTimes += 1
    else this.#lastReceivedUs = receivedUs
    this.#buffer.append(number, kind, connection, this.#lastReceivedUs, payload)
    this.#lastRecord = number
    this.counters.records += 1
    if (this.isCongested) this.counters.congestedRecords += 1
    if (this.#buffer.bytes >= this.#settings.flushBytes) this.#writeSoon()
    else
      this.#cancelTimer ??= this.#settings.clock.after(this.#settings.flushEveryMs, () => this.#writeSoon())
    return number
  }

  /** Resolves when the record is durable. Throws the journal's failure, or `usage` when closed before. */
  async durable(number: number): Promise<void> {
    if (!(await this.#waitFor(number))) throw closedError(this.directory)
  }

  /** Writes at once what is appended so far; resolves when it is durable. */
  async flush(): Promise<void> {
    if (this.#durableRecord < this.#lastRecord) this.#writeSoon()
    await this.durable(this.#lastRecord)
  }

  /** Durable blocks from record `from` on, which may lie in the future. Throws `usage` when it is dropped. */
  feed(from: number): BlockFeed {
    if (from < this.firstRecord) throw missingError(this.directory, from, this.firstRecord)
    const journal = this
    const source = {
      cache: this.#cache,
      get durableRecord() {
        return journal.durableRecord
      },
      waitFor: (record: number) => journal.#waitFor(record),
    }
    return new JournalFeed(source, new JournalScan(this.#files, () => this.#writer.segments), from)
  }

  /**
   * Writes what is appended and takes no more; feeds go on to the last durable record and then end. The directory
   * stays locked, so that what is read from it can still be sealed. Throws the journal's failure.
   */
  finish(): Promise<void> {
    this.#finishing ??= this.#finish()
    return this.#finishing
  }

  /** Finishes and frees the directory. Throws the journal's failure, with the directory freed. */
  async close(): Promise<void> {
    try {
      await this.finish()
    } finally {
      this.#unlock()
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.flush()
    } finally {
      this.#cancelTimer?.()
      this.#waiters.end()
      // Also after a failed write: a file handle left to the garbage collector ends the process.
      await this.#writer.close()
    }
  }

  #refuseAppend(payload: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#finishing !== null) throw closedError(this.directory)
    if (payload.length <= PAYLOAD_BYTES_MAX) return
    throw new CryptoFlowError(
      `appending a record found ${payload.length} bytes, expected at most ${PAYLOAD_BYTES_MAX}`,
      { kind: 'data', reaction: 'reject', context: { directory: this.directory, bytes: payload.length } },
    )
  }

  async #waitFor(record: number): Promise<boolean> {
    if (record <= this.#durableRecord) return true
    if (this.#failure !== null) throw this.#failure
    return this.#waiters.wait(record)
  }

  /** Begins a write, or lets the one under way be followed by another: never two at once. */
  #writeSoon(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#isDue = true
    if (!this.#isWriting) void this.#writeWhileDue()
  }

  async #writeWhileDue(): Promise<void> {
    this.#isWriting = true
    while (this.#isDue && this.#failure === null) {
      this.#isDue = false
      const groups = this.#buffer.take()
      this.#writingBytes = groups.reduce((sum, group) => sum + group.bytes.length, 0)
      if (groups.length === 0) break
      try {
        await this.#writer.write(groups, this.#durableRecord)
      } catch (error) {
        this.#fail(error)
        break
      }
      this.#settle(groups)
    }
    this.#isWriting = false
  }

  #settle(groups: readonly Group[]): void {
    for (const { first, last, bytes } of groups) {
      this.#cache.push({ first, last, bytes: bytes.subarray(MARK_BYTES) })
      this.#durableRecord = last
    }
    this.counters.flushes += 1
    this.counters.bytes += this.#writingBytes
    this.#writingBytes = 0
    this.#waiters.reached(this.#durableRecord)
  }

  /** For good: after a failed sync the next one may lie (K4). */
  #fail(cause: unknown): void {
    const { directory } = this
    this.#failure = new CryptoFlowError('writing the journal failed, its process must stop', {
      kind: 'disk',
      reaction: 'stop',
      context: { directory, durableRecord: this.#durableRecord, lastRecord: this.#lastRecord },
      cause,
    })
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#waiters.fail(this.#failure)
  }
}

function closedError(directory: string): CryptoFlowError {
  return usageError('using the journal found it closed', { directory })
}

/** Somebody asks for a record before the first that is kept. */
export function missingError(directory: string, record: number, first: number): CryptoFlowError {
  const message = `reading from record ${record} found the journal beginning at ${first}`
  return usageError(message, { directory, record, first })
}
