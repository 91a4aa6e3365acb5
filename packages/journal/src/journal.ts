import type { ChannelBounds } from '@cryptoflow/channels'
import { assert, type RecordKind } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { ballastBytes, giveBallast, type Reserve, reserveBallast } from './ballast.ts'
import { usageError } from './disk.ts'
import { type BlockFeed, feedDefaults, JournalFeed } from './feed.ts'
import type { JournalCounters, JournalSettings } from './journal-options.ts'
import { JournalScan } from './journal-scan.ts'
import type { Recovered } from './recovery.ts'
import { type Hole, Refusals } from './refusals.ts'
import { type Forecast, forecast, type RetentionPolicy, type RetiredSegment } from './retention.ts'
import { PAYLOAD_BYTES_MAX } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import { type JournalSegment, SegmentKeeper } from './segment-keeper.ts'
import { SegmentWriter } from './segment-writer.ts'
import { WriteLoop } from './write-loop.ts'
import { WriteRate } from './write-rate.ts'

/** What append answers while the disk is full, instead of a record number. */
export const REFUSED = 0

/** A journal that this process writes. */
export class Journal {
  /** The journal's id, a ULID: the writer id of everything made from it. */
  readonly id: string
  readonly directory: string
  /** What opening found, before the start record. */
  readonly recovered: Recovered
  readonly #settings: JournalSettings
  readonly #files: SegmentFiles
  readonly #writer: SegmentWriter
  readonly #loop: WriteLoop
  readonly #rate: WriteRate
  readonly #unlock: () => void
  readonly #feeds = new Set<JournalFeed>()
  readonly #keeper: SegmentKeeper
  readonly #counts = {
    records: 0,
    raisedTimes: 0,
    congestedRecords: 0,
    fullDisks: 0,
    refusedRecords: 0,
    lostRecords: 0,
  }
  #reserve: Reserve
  #lastRecord: number
  #lastReceivedUs: number
  /** What was refused since the disk was found full; null while it is not. */
  #refusals: Refusals | null = null
  #cancelTimer: (() => void) | null = null
  #resuming: Promise<Hole | null> | null = null
  #finishing: Promise<void> | null = null

  constructor(
    settings: JournalSettings,
    files: SegmentFiles,
    { recovered, reserve, unlock }: { recovered: Recovered; reserve: Reserve; unlock: () => void },
  ) {
    const { segmentBytes, compression, probe, clock } = settings
    const { segments, lastRecord } = recovered
    this.id = files.journalId
    this.directory = files.directory
    this.recovered = recovered
    this.#settings = settings
    this.#files = files
    this.#reserve = reserve
    this.#rate = new WriteRate(clock.nowUs())
    this.#writer = new SegmentWriter(files, { segments, lastRecord, segmentBytes, compression, probe })
    this.#keeper = new SegmentKeeper(files, this.#writer.segments)
    this.#loop = new WriteLoop(this.#writer, {
      directory: files.directory,
      durableRecord: lastRecord,
      onDurable: (block) => {
        for (const feed of this.#feeds) feed.offer(block)
      },
      onWritten: (bytes) => this.#rate.add(clock.nowUs(), bytes),
      onFull: settings.onFull === undefined ? null : () => this.#becomeFull(),
    })
    this.#unlock = unlock
    this.#lastRecord = lastRecord
    this.#lastReceivedUs = recovered.lastReceivedUs
  }

  get counters(): Readonly<JournalCounters> {
    return { ...this.#counts, bytes: this.#writer.durableBytes, flushes: this.#loop.flushes }
  }

  /** This process's start record: what lies before it is history. */
  get startRecord(): number {
    return this.recovered.lastRecord + 1
  }

  /** First record that is still on the disk. */
  get firstRecord(): number {
    return this.#writer.segments[0] ?? this.recovered.firstRecord
  }

  /** Last record appended. */
  get lastRecord(): number {
    return this.#lastRecord
  }

  /** Last record that survives a power cut. */
  get durableRecord(): number {
    return this.#loop.durableRecord
  }

  /** Bytes appended and not yet durable. */
  get pendingBytes(): number {
    return this.#loop.pendingBytes
  }

  /** The disk does not keep up; whoever appends decides what to leave out. */
  get isCongested(): boolean {
    return this.pendingBytes > this.#settings.congestedBytes
  }

  /** No room is left: records are refused until tryResume() answers a hole. */
  get isFull(): boolean {
    return this.#refusals !== null
  }

  /** Records refused since the disk was found full, per connection; empty while it is not. */
  get refused(): ReadonlyMap<number, number> {
    return this.#refusals?.counts ?? new Map()
  }

  /** What is kept back for a full disk, as of opening or the last resume; less than asked for on a small disk. */
  get reserve(): Reserve {
    return this.#reserve
  }

  /** Bytes per second that the journal grew by on the disk lately. */
  get bytesPerSecond(): number {
    return this.#rate.perSecond(this.#settings.clock.nowUs())
  }

  /**
   * Takes a record and answers its number, REFUSED while the disk is full. The payload is copied; the record counts
   * when it is durable (K5). A time behind the record before is raised to it.
   *
   * Throws a CryptoFlowError: `data`, `reject` for a payload above 64 MiB, after which all is as before; `disk`,
   * `stop` once a write has failed; `usage` after close().
   */
  append(kind: RecordKind, connection: number, receivedUs: number, payload: Uint8Array): number {
    this.#checkAppend(payload)
    if (this.#refusals !== null) {
      this.#refusals.add(connection, payload.length)
      this.#counts.refusedRecords += 1
      return REFUSED
    }
    assert(receivedUs >= 0 && Number.isSafeInteger(receivedUs), 'a time is whole microseconds since 1970')
    const number = this.#lastRecord + 1
    assert(connection >= 0 && connection <= number, 'a connection is the number of an earlier record')
    if (receivedUs < this.#lastReceivedUs) this.#counts.raisedTimes += 1
    else this.#lastReceivedUs = receivedUs
    const { buffer } = this.#loop
    buffer.append(number, kind, connection, this.#lastReceivedUs, payload)
    this.#lastRecord = number
    this.#counts.records += 1
    if (this.isCongested) this.#counts.congestedRecords += 1
    const { flushBytes, flushEveryMs, clock } = this.#settings
    if (buffer.bytes >= flushBytes) this.#writeSoon()
    else this.#cancelTimer ??= clock.after(flushEveryMs, () => this.#writeSoon())
    return number
  }

  /**
   * Resolves when the record is durable, however long the disk is full. Throws the journal's failure, or `usage`
   * when closed before.
   */
  async durable(number: number): Promise<void> {
    if (!(await this.#loop.waitFor(number))) throw closedError(this.directory)
  }

  /** Writes at once what is appended so far; resolves when it is durable. Throws `disk`, `retry` on a full disk. */
  async flush(): Promise<void> {
    if (this.durableRecord < this.#lastRecord) this.#writeSoon()
    if (!(await this.#loop.waitFor(this.#lastRecord, false))) throw closedError(this.directory)
  }

  /**
   * Durable blocks from record `from` on, which may lie in the future; `bounds` are those of the records that wait in
   * memory for whoever reads. Throws `usage` when `from` is dropped.
   */
  feed(from: number, bounds: ChannelBounds = feedDefaults): BlockFeed {
    if (from < this.firstRecord) throw missingError(this.directory, from, this.firstRecord)
    const journal = this
    const source = {
      clock: this.#settings.clock,
      get durableRecord() {
        return journal.durableRecord
      },
      waitFor: (record: number) => journal.#loop.waitFor(record),
      closed: (feed: JournalFeed) => journal.#feeds.delete(feed),
    }
    const feed = new JournalFeed(
      source,
      new JournalScan(this.#files, () => this.#writer.segments),
      from,
      bounds,
    )
    this.#feeds.add(feed)
    return feed
  }

  /**
   * Tries to take records again after the disk was full: fills the reserve, then writes what was held. Null when
   * there is still no room, or the disk is not full. Otherwise the hole: now the owner appends what tells it, a
   * disconnect for each connection that it closed, before anything is read again.
   */
  tryResume(): Promise<Hole | null> {
    this.#resuming ??= this.#resume().finally(() => {
      this.#resuming = null
    })
    return this.#resuming
  }

  /** The segments there are, oldest first. Reads those that this process did not ask for before. */
  segments(): Promise<readonly JournalSegment[]> {
    return this.#keeper.list(this.durableRecord)
  }

  /**
   * Deletes segments that hold only records up to `releasedTo` and that the policy lets go, oldest first; what was
   * deleted. Never the segment being written, nor what an open feed has still to read. Calls queue up.
   */
  retire(releasedTo: number, policy: RetentionPolicy): Promise<readonly RetiredSegment[]> {
    const unread = [...this.#feeds].map(({ cursor }) => cursor - 1)
    const upTo = Math.min(releasedTo, this.durableRecord, ...unread)
    return this.#keeper.retire({ releasedTo, upTo, policy, nowUs: this.#latestUs() })
  }

  /** When the disk will be full at the present rate, and whether retention comes first. */
  async forecast(policy: RetentionPolicy): Promise<Forecast> {
    const freeBytes = await this.#settings.disk.freeBytes(this.directory)
    const { bytesPerSecond } = this
    return forecast({
      bytesPerSecond,
      freeBytes,
      policy,
      nowUs: this.#latestUs(),
      ...(await this.#keeper.measure()),
    })
  }

  /**
   * Writes what is appended and takes no more; feeds go on to the last durable record and then end. The directory
   * stays locked, so that what is read from it can still be sealed. Throws the journal's failure. On a full disk
   * what finds no room even in the reserve is given up (`lostRecords`): the next start tells where the journal ends.
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
      if (this.#refusals === null) await this.flush().catch(forgiveFull)
      if (this.#refusals !== null) await this.#writeLast()
    } finally {
      this.#cancelTimer?.()
      this.#loop.end()
      await this.#keeper.idle()
      // Also after a failed write: a file handle left to the garbage collector ends the process.
      await this.#writer.close()
    }
  }

  #checkAppend(payload: Uint8Array): void {
    if (this.#loop.failure !== null) throw this.#loop.failure
    if (this.#finishing !== null) throw closedError(this.directory)
    if (payload.length <= PAYLOAD_BYTES_MAX) return
    throw new CryptoFlowError(
      `appending a record found ${payload.length} bytes, expected at most ${PAYLOAD_BYTES_MAX}`,
      { kind: 'data', reaction: 'reject', context: { directory: this.directory, bytes: payload.length } },
    )
  }

  #writeSoon(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#loop.writeSoon()
  }

  /** One step of the reserve is for what has its number already; the others are for seals and commits. */
  async #becomeFull(): Promise<void> {
    this.#refusals = new Refusals(this.#settings.clock.nowUs())
    this.#counts.fullDisks += 1
    this.#settings.onFull?.()
    await this.#writeFromReserve()
  }

  async #writeFromReserve(): Promise<void> {
    // Without a reserve to give up, what is held stays in memory: that is no reason to end the process.
    await giveBallast(this.directory, this.#settings.disk).catch(() => 0)
    await this.#loop.writeHeld()
  }

  async #writeLast(): Promise<void> {
    await this.#resuming
    await this.#loop.idle()
    if (this.durableRecord < this.#lastRecord) await this.#writeFromReserve()
    if (this.#loop.failure !== null) throw this.#loop.failure
    this.#counts.lostRecords = this.#lastRecord - this.durableRecord
  }

  /** Now, or the last record's time when that is later: a clock that went back makes nothing older (K13). */
  #latestUs(): number {
    return Math.max(this.#settings.clock.nowUs(), this.#lastReceivedUs)
  }

  async #resume(): Promise<Hole | null> {
    const { disk, reserveBytes, resumeBytes, clock } = this.#settings
    await this.#loop.idle()
    if (this.#loop.failure !== null) throw this.#loop.failure
    if (this.#refusals === null) return null
    const { targetBytes } = this.#reserve
    const missing = targetBytes - (await ballastBytes(this.directory, disk))
    const needed = missing + this.pendingBytes + resumeBytes
    if ((await disk.freeBytes(this.directory)) < needed) return null
    const reserve = await reserveBallast(this.directory, reserveBytes, disk, targetBytes)
    if (reserve.bytes < targetBytes) return null
    if (!(await this.#loop.writeHeld())) return null
    this.#reserve = reserve
    const hole = this.#refusals.hole(this.#lastRecord, clock.nowUs())
    this.#refusals = null
    this.#loop.took()
    return hole
  }
}

function forgiveFull(error: unknown): void {
  if (!(error instanceof CryptoFlowError && error.reaction === 'retry')) throw error
}

function closedError(directory: string): CryptoFlowError {
  return usageError('using the journal found it closed', { directory })
}

/** Somebody asks for a record before the first that is kept. */
export function missingError(directory: string, record: number, first: number): CryptoFlowError {
  const message = `reading from record ${record} found the journal beginning at ${first}`
  return usageError(message, { directory, record, first })
}
