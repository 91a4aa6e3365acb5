import { viewOf } from './bytes.ts'
import { MARK_BYTES, putRecord, RECORD_HEADER_BYTES } from './segment.ts'

/** Consecutive records that go to the disk together, behind room for their mark. */
export interface Group {
  readonly first: number
  readonly last: number
  readonly bytes: Uint8Array
}

/** Groups are cut from slabs of this size: one allocation for many records, no group is larger unless one record is. */
const SLAB_BYTES = 1024 * 1024

/** Records that are appended and not yet handed to the disk. */
export class GroupBuffer {
  #slab = new Uint8Array(0)
  #view = viewOf(this.#slab)
  /** The open group: its beginning in the slab, where it goes on, its first and last record; first 0 = none. */
  #start = 0
  #at = 0
  #first = 0
  #last = 0
  #closed: Group[] = []
  #closedBytes = 0

  /** Bytes waiting here, marks included. */
  get bytes(): number {
    return this.#closedBytes + (this.#first === 0 ? 0 : this.#at - this.#start)
  }

  append(number: number, kind: number, connection: number, receivedUs: number, payload: Uint8Array): void {
    const need = RECORD_HEADER_BYTES + payload.length
    if (this.#first === 0 || this.#at + need > this.#slab.length) this.#begin(number, need)
    this.#at = putRecord(this.#slab, this.#view, this.#at, number, kind, connection, receivedUs, payload)
    this.#last = number
  }

  /** Hands over everything appended so far. */
  take(): Group[] {
    this.#end()
    const groups = this.#closed
    this.#closed = []
    this.#closedBytes = 0
    return groups
  }

  #begin(number: number, need: number): void {
    this.#end()
    if (this.#at + MARK_BYTES + need > this.#slab.length) {
      // Not from a pool and never used again: blocks of the cache and of readers go on pointing into it.
      this.#slab = new Uint8Array(Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, MARK_BYTES + need)).buffer)
      this.#view = viewOf(this.#slab)
      this.#at = 0
    }
    this.#start = this.#at
    this.#at += MARK_BYTES
    this.#first = number
  }

  #end(): void {
    if (this.#first === 0) return
    const bytes = this.#slab.subarray(this.#start, this.#at)
    this.#closed.push({ first: this.#first, last: this.#last, bytes })
    this.#closedBytes += bytes.length
    this.#first = 0
  }
}
