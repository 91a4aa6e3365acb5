import { assert, type JournalBlock, type JournalRecord, type RecordKind } from '@cryptoflow/model'
import { getU64, viewOf } from './bytes.ts'
import { putRecord, RECORD_HEADER_BYTES } from './segment.ts'

/**
 * Walks the records of a block in order. One record object is filled again and again; only the payload's view is
 * new. Checksums were verified when the block was read, or the block never left memory.
 */
export class RecordCursor {
  /** The current record; valid after next() answered true, until it is called again. */
  readonly record: JournalRecord
  /** Offset of the next record in the block's bytes. */
  offset = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(block: JournalBlock) {
    this.#bytes = block.bytes
    this.#view = viewOf(block.bytes)
    this.record = { number: 0, kind: 1, connection: 0, receivedUs: 0, payload: block.bytes.subarray(0, 0) }
  }

  /** Moves to the next record; false at the block's end. */
  next(): boolean {
    const at = this.offset
    if (at >= this.#bytes.length) return false
    const view = this.#view
    const end = at + RECORD_HEADER_BYTES + view.getUint32(at + 4, true)
    const record = this.record
    record.number = getU64(view, at + 8)
    record.connection = getU64(view, at + 16)
    record.receivedUs = getU64(view, at + 24)
    record.kind = this.#bytes[at + 32] as RecordKind
    record.payload = this.#bytes.subarray(at + RECORD_HEADER_BYTES, end)
    this.offset = end
    return true
  }
}

/** The records of a block in order, as one object that changes with each step: copy what must stay. */
export function* readRecords(block: JournalBlock): Generator<JournalRecord, void, void> {
  const cursor = new RecordCursor(block)
  while (cursor.next()) yield cursor.record
}

/** A block in memory from plain records, numbered without holes; for tests and imports. Checksums stay zero. */
export function blockOf(records: readonly JournalRecord[]): JournalBlock {
  const [head] = records
  assert(head !== undefined, 'a block has at least one record')
  const size = records.reduce((sum, record) => sum + RECORD_HEADER_BYTES + record.payload.length, 0)
  const bytes = new Uint8Array(size)
  const view = viewOf(bytes)
  let at = 0
  records.forEach((record, i) => {
    const { number, kind, connection, receivedUs, payload } = record
    assert(number === head.number + i, 'record numbers of a block are dense')
    at = putRecord(bytes, view, at, number, kind, connection, receivedUs, payload)
  })
  return { first: head.number, last: head.number + records.length - 1, bytes }
}

/** The part of a block from record `from` to record `to`, both inside it, as a view. */
export function sliceBlock(block: JournalBlock, from: number, to: number): JournalBlock {
  assert(block.first <= from && from <= to && to <= block.last, 'a slice lies inside its block')
  if (from === block.first && to === block.last) return block
  const view = viewOf(block.bytes)
  let at = 0
  let start = 0
  for (let number = block.first; number <= to; number++) {
    if (number === from) start = at
    at += RECORD_HEADER_BYTES + view.getUint32(at + 4, true)
  }
  return { first: from, last: to, bytes: block.bytes.subarray(start, at) }
}
