import type { JournalBlock } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { fullError, isDiskFull } from './disk.ts'
import { type Group, GroupBuffer } from './group-buffer.ts'
import { MARK_BYTES } from './segment.ts'
import type { SegmentWriter } from './segment-writer.ts'
import { Waiters } from './waiters.ts'

export interface WriteLoopOptions {
  readonly directory: string
  readonly durableRecord: number
  /** Told each block that became durable, in order. */
  readonly onDurable: (block: JournalBlock) => void
  /** Told the bytes on the disk after each write that became durable. */
  readonly onWritten: (bytes: number) => void
  /**
   * Called once each time the disk is found full; may make room and call writeHeld(). Null: nobody would notice that
   * records are refused, so a full disk fails the journal for good.
   */
  readonly onFull: (() => Promise<void>) | null
}

/**
 * Brings appended records to the disk, group by group, never two writes at once.
 *
 *     writing --no room--> full --writeHeld() succeeds--> writing
 *        \                   \
 *         `--any other failure`--> failed, for good (K4)
 *
 * Full: what was appended before is held in memory and is written first when there is room; numbers that were given
 * out stay theirs. Whoever appends looks at `isFull` and stops.
 */
export class WriteLoop {
  readonly buffer = new GroupBuffer()
  durableRecord: number
  /** Writes with their sync. */
  flushes = 0
  readonly #writer: SegmentWriter
  readonly #options: WriteLoopOptions
  readonly #waiters = new Waiters()
  /** Taken from the buffer and not durable: being written, or held because the disk is full. */
  #taken: Group[] = []
  #takenBytes = 0
  #writing: Promise<void> = Promise.resolve()
  #isWriting = false
  /** A write is to begin as soon as the one under way ends. */
  #isDue = false
  #failure: CryptoFlowError | null = null
  #fullCause: unknown = null
  #isFull = false

  constructor(writer: SegmentWriter, options: WriteLoopOptions) {
    this.#writer = writer
    this.#options = options
    this.durableRecord = options.durableRecord
  }

  /** Bytes appended and not yet durable. */
  get pendingBytes(): number {
    return this.buffer.bytes + this.#takenBytes
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** Why nothing is written any more, null while all is well. */
  get failure(): CryptoFlowError | null {
    return this.#failure
  }

  /** Begins a write, or lets the one under way be followed by another. */
  writeSoon(): void {
    this.#isDue = true
    if (!this.#isWriting && !this.#isFull) this.#writing = this.#writeWhileDue()
  }

  /** Resolves when no write is under way. */
  idle(): Promise<void> {
    return this.#writing
  }

  /**
   * True when the record is durable, false when it never will be. Throws the failure; not patient, also when the
   * disk is full.
   */
  async waitFor(record: number, isPatient = true): Promise<boolean> {
    if (record <= this.durableRecord) return true
    if (this.#failure !== null) throw this.#failure
    if (!isPatient && this.#isFull && !this.#isWriting) throw this.#fullError()
    return this.#waiters.wait(record, isPatient)
  }

  /**
   * While full: tries to write what is held and all that was appended before. True when it is durable; the disk
   * counts as full until took() is called.
   */
  async writeHeld(): Promise<boolean> {
    this.#take()
    const isWritten = this.#taken.length === 0 || (await this.#writeTaken())
    if (!isWritten && this.#failure === null) this.#waiters.full(this.#fullError())
    return isWritten && this.#failure === null
  }

  /** The disk takes records again. */
  took(): void {
    this.#isFull = false
    this.#fullCause = null
  }

  /** Nobody will be reached any more. */
  end(): void {
    this.#waiters.end()
  }

  async #writeWhileDue(): Promise<void> {
    this.#isWriting = true
    while (this.#isDue && this.#failure === null && !this.#isFull) {
      this.#isDue = false
      this.#take()
      if (this.#taken.length === 0) break
      if (!(await this.#writeTaken()) && this.#isFull) await this.#options.onFull?.()
    }
    // In the same turn as the last look at what is due: what becomes due from now on begins anew.
    this.#isWriting = false
  }

  #take(): void {
    this.#taken.push(...this.buffer.take())
    this.#takenBytes = bytesOf(this.#taken)
  }

  /** Writes what is taken; false when the disk is full, or has failed for good. */
  async #writeTaken(): Promise<boolean> {
    const before = this.#writer.durableBytes
    try {
      await this.#writer.write(this.#taken, this.durableRecord)
      this.#settle(Number.POSITIVE_INFINITY)
      return true
    } catch (error) {
      if (!isDiskFull(error) || this.#options.onFull === null) this.#fail(error)
      else await this.#rewind(error)
      return false
    } finally {
      this.#options.onWritten(this.#writer.durableBytes - before)
    }
  }

  /** After a full disk what was durable stays, and the rest is held. */
  async #rewind(cause: unknown): Promise<void> {
    try {
      this.#settle(await this.#writer.rewind())
      this.#isFull = true
      this.#fullCause = cause
    } catch (error) {
      this.#fail(error)
    }
  }

  #settle(upTo: number): void {
    const durable = this.#taken.filter(({ last }) => last <= upTo)
    for (const { first, last, bytes } of durable) {
      this.durableRecord = last
      this.#options.onDurable({ first, last, bytes: bytes.subarray(MARK_BYTES) })
    }
    this.#taken = this.#taken.slice(durable.length)
    this.#takenBytes = bytesOf(this.#taken)
    if (durable.length === 0) return
    this.flushes += 1
    this.#waiters.reached(this.durableRecord)
  }

  /** For good: after a failed sync the next one may lie (K4). */
  #fail(cause: unknown): void {
    this.#failure = new CryptoFlowError('writing the journal failed, its process must stop', {
      kind: 'disk',
      reaction: 'stop',
      context: { directory: this.#options.directory, durableRecord: this.durableRecord },
      cause,
    })
    this.#waiters.fail(this.#failure)
  }

  #fullError(): CryptoFlowError {
    const context = { directory: this.#options.directory, durableRecord: this.durableRecord }
    return fullError('writing the journal found the disk full', context, this.#fullCause)
  }
}

function bytesOf(groups: readonly Group[]): number {
  return groups.reduce((sum, group) => sum + group.bytes.length, 0)
}
