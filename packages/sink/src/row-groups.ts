import { assert } from '@cryptoflow/model'
import { I16, I32, I64, readThrift, type ThriftStruct, type ThriftValue, writeThrift } from './thrift.ts'

/**
 * Parquet files of several row groups, made of files that have one each, and taken apart again: pages stay the bytes
 * that the encoder wrote, and only the places that footer and page index name are moved.
 *
 *     PAR1  pages of group 0  pages of group 1 ...  column indexes  offset indexes  footer  its length  PAR1
 *
 * Field ids are those of parquet.thrift (apache/parquet-format, read 2026-11-21).
 */
const MAGIC = Uint8Array.from([0x50, 0x41, 0x52, 0x31])
/** Length of the footer and `PAR1`. */
const TAIL_BYTES = 8
const FOOTER = { rows: 3, groups: 4, createdBy: 6 } as const
const GROUP = { columns: 1, rows: 3, fileOffset: 5, compressedBytes: 6, ordinal: 7 } as const
const CHUNK = {
  filePath: 1,
  meta: 3,
  offsetIndex: 4,
  offsetIndexLength: 5,
  columnIndex: 6,
  columnIndexLength: 7,
} as const
const META = {
  compressedBytes: 7,
  dataPage: 9,
  indexPage: 10,
  dictionaryPage: 11,
  bloomFilter: 14,
  bloomFilterLength: 15,
} as const
const OFFSET_INDEX = { locations: 1 } as const
const LOCATION = { offset: 1 } as const

/** A file that grows by row groups; only their pages are kept. */
export interface RowGroupJoin {
  /** Of the pages so far. */
  readonly bytes: number
  /** Where each row group begins. */
  readonly offsets: readonly number[]
  /** Appends the row group of a file that has no other and the same schema. */
  add(file: Uint8Array): void
  finish(): Uint8Array
}

export function joinRowGroups(): RowGroupJoin {
  const pages: Uint8Array[] = []
  const groups: ThriftStruct[] = []
  const indexes: {
    readonly chunk: ThriftStruct
    readonly column: Uint8Array
    readonly offset: Uint8Array
  }[] = []
  const offsets: number[] = []
  let footer: ThriftStruct | null = null
  let at = MAGIC.length
  let rows = 0n
  return {
    get bytes() {
      return at
    },
    offsets,
    add(file) {
      const own = footerOf(file)
      const [group, ...others] = structs(own, FOOTER.groups)
      assert(group !== undefined && others.length === 0, 'the file has one row group')
      const { from, until } = pagesOf(group)
      const shift = BigInt(at - from)
      for (const chunk of structs(group, GROUP.columns)) {
        const column = slice(file, chunk, CHUNK.columnIndex, CHUNK.columnIndexLength)
        const offset = readThrift(slice(file, chunk, CHUNK.offsetIndex, CHUNK.offsetIndexLength))
        for (const location of structs(offset, OFFSET_INDEX.locations)) move(location, LOCATION.offset, shift)
        indexes.push({ chunk, column, offset: writeThrift(offset) })
      }
      moveGroup(group, shift)
      group.set(GROUP.ordinal, { type: I16, value: BigInt(groups.length) })
      rows += integer(own, FOOTER.rows)
      footer ??= own
      groups.push(group)
      offsets.push(at)
      pages.push(file.subarray(from, until))
      at += until - from
    },
    finish() {
      assert(footer !== null, 'a file has a row group')
      let place = at
      const put = (chunk: ThriftStruct, field: number, length: number, index: Uint8Array): void => {
        chunk.set(field, { type: I64, value: BigInt(place) })
        chunk.set(length, { type: I32, value: BigInt(index.length) })
        pages.push(index)
        place += index.length
      }
      for (const { chunk, column } of indexes) put(chunk, CHUNK.columnIndex, CHUNK.columnIndexLength, column)
      for (const { chunk, offset } of indexes) put(chunk, CHUNK.offsetIndex, CHUNK.offsetIndexLength, offset)
      footer.set(FOOTER.rows, { type: I64, value: rows })
      setGroups(footer, groups)
      return fileOf(pages, footer)
    },
  }
}

/** What a file says of who wrote it; empty when it does not say it. */
export function createdByOf(file: Uint8Array): string {
  const value = footerOf(file).get(FOOTER.createdBy)?.value
  return value instanceof Uint8Array ? Buffer.from(value).toString() : ''
}

/** Rows of each row group of a file. Throws where it is none. */
export function rowGroupRows(file: Uint8Array): number[] {
  return structs(footerOf(file), FOOTER.groups).map((group) => Number(integer(group, GROUP.rows)))
}

/** One row group as a file of its own, without page index and Bloom filters. */
export function rowGroupOf(file: Uint8Array, index: number): Uint8Array {
  const footer = footerOf(file)
  const group = structs(footer, FOOTER.groups)[index]
  assert(group !== undefined, 'there is such a row group')
  const { from, until } = pagesOf(group)
  for (const chunk of structs(group, GROUP.columns)) {
    const { offsetIndex, offsetIndexLength, columnIndex, columnIndexLength } = CHUNK
    for (const id of [offsetIndex, offsetIndexLength, columnIndex, columnIndexLength]) chunk.delete(id)
  }
  moveGroup(group, BigInt(MAGIC.length - from))
  group.delete(GROUP.ordinal)
  footer.set(FOOTER.rows, { type: I64, value: integer(group, GROUP.rows) })
  setGroups(footer, [group])
  return fileOf([file.subarray(from, until)], footer)
}

function footerOf(file: Uint8Array): ThriftStruct {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const end = file.length - TAIL_BYTES
  const isParquet = end >= MAGIC.length && MAGIC.every((byte, i) => file[end + 4 + i] === byte)
  const length = isParquet ? view.getUint32(end, true) : Number.POSITIVE_INFINITY
  if (length > end - MAGIC.length) throw new Error('no Parquet file: it does not end in a footer')
  return readThrift(file.subarray(end - length, end))
}

/** Where the pages of a row group lie; they follow one another. */
function pagesOf(group: ThriftStruct): { readonly from: number; readonly until: number } {
  let from = Number.POSITIVE_INFINITY
  let until = 0
  for (const chunk of structs(group, GROUP.columns)) {
    if (chunk.has(CHUNK.filePath)) throw new Error('the pages of a column lie in another file')
    const meta = structOf(chunk, CHUNK.meta)
    const begins = [META.dataPage, META.dictionaryPage].filter((id) => meta.has(id))
    const begin = Math.min(...begins.map((id) => Number(integer(meta, id))))
    from = Math.min(from, begin)
    until = Math.max(until, begin + Number(integer(meta, META.compressedBytes)))
  }
  return { from, until }
}

function moveGroup(group: ThriftStruct, shift: bigint): void {
  move(group, GROUP.fileOffset, shift)
  for (const chunk of structs(group, GROUP.columns)) {
    const meta = structOf(chunk, CHUNK.meta)
    for (const id of [META.dataPage, META.indexPage, META.dictionaryPage]) move(meta, id, shift)
    // Bloom filters are not among the pages.
    for (const id of [META.bloomFilter, META.bloomFilterLength]) meta.delete(id)
  }
}

function move(struct: ThriftStruct, id: number, shift: bigint): void {
  const field = struct.get(id)
  if (field !== undefined) field.value = (field.value as bigint) + shift
}

function setGroups(footer: ThriftStruct, groups: readonly ThriftStruct[]): void {
  const field = footer.get(FOOTER.groups)
  assert(field !== undefined, 'a footer has row groups')
  field.value = { ...(field.value as object as { of: number }), items: groups }
}

function fileOf(pieces: readonly Uint8Array[], footer: ThriftStruct): Uint8Array {
  const written = writeThrift(footer)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, written.length, true)
  const all = [MAGIC, ...pieces, written, length, MAGIC]
  const file = new Uint8Array(all.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of all) {
    file.set(piece, at)
    at += piece.length
  }
  return file
}

function slice(file: Uint8Array, chunk: ThriftStruct, offset: number, length: number): Uint8Array {
  const from = Number(integer(chunk, offset))
  return file.subarray(from, from + Number(integer(chunk, length)))
}

function integer(struct: ThriftStruct, id: number): bigint {
  const value = struct.get(id)?.value
  if (typeof value !== 'bigint') throw new Error(`the footer has no number in field ${id}`)
  return value
}

function structs(struct: ThriftStruct, id: number): readonly ThriftStruct[] {
  const value = struct.get(id)?.value
  if (value === undefined || !isList(value)) throw new Error(`the footer has no list in field ${id}`)
  if (!value.items.every((item) => item instanceof Map))
    throw new Error(`the footer has no structures in field ${id}`)
  return value.items as readonly ThriftStruct[]
}

function structOf(struct: ThriftStruct, id: number): ThriftStruct {
  const value = struct.get(id)?.value
  if (!(value instanceof Map)) throw new Error(`the footer has no structure in field ${id}`)
  return value
}

function isList(value: ThriftValue): value is Extract<ThriftValue, { readonly of: number }> {
  return typeof value === 'object' && 'items' in value
}
