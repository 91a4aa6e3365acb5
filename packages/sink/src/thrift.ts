/**
 * Thrift's compact protocol, as Parquet's footers and page indexes are written in: read into plain values and written
 * again byte for byte, so that an offset can be changed in structures of which we know nothing else.
 *
 *     struct   (field header, value)*, 0
 *     header   delta of the field id << 4 | type; delta 0: the id follows as a zigzag varint
 *     list     count << 4 | type of its elements; count 15: the count follows as a varint
 *     integer  zigzag varint         binary   length as a varint, bytes        boolean   in the header's type
 *
 * Source: thrift-compact-protocol.md of apache/thrift, read 2026-11-21. Maps and sets do not occur in Parquet.
 */
export type ThriftValue = boolean | bigint | Uint8Array | ThriftList | ThriftStruct

export interface ThriftList {
  readonly of: number
  readonly items: readonly ThriftValue[]
}

/** By field id, in the order of the bytes. */
export type ThriftStruct = Map<number, { readonly type: number; value: ThriftValue }>

const TRUE = 1
const FALSE = 2
const BYTE = 3
/** Types of integers. */
export const I16 = 4
export const I32 = 5
export const I64 = 6
const DOUBLE = 7
const BINARY = 8
const LIST = 9
const STRUCT = 12

/** Of a footer that is nested on purpose. */
const DEPTH_MAX = 32

/** The struct at the beginning of the bytes. Throws when there is none. */
export function readThrift(bytes: Uint8Array): ThriftStruct {
  return readStruct({ bytes, at: 0 }, 0)
}

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

function readStruct(cursor: Cursor, depth: number): ThriftStruct {
  if (depth > DEPTH_MAX) throw new Error('thrift: structures are nested too deeply')
  const struct: ThriftStruct = new Map()
  let id = 0
  for (;;) {
    const header = readByte(cursor)
    if (header === 0) return struct
    const delta = header >> 4
    id = delta === 0 ? Number(readInteger(cursor)) : id + delta
    const type = header & 15
    struct.set(id, { type, value: readValue(cursor, type, depth) })
  }
}

function readValue(cursor: Cursor, type: number, depth: number): ThriftValue {
  switch (type) {
    case TRUE:
      return true
    case FALSE:
      return false
    case BYTE:
      return BigInt(readByte(cursor))
    case I16:
    case I32:
    case I64:
      return readInteger(cursor)
    case DOUBLE:
      return readBytes(cursor, 8)
    case BINARY:
      return readBytes(cursor, Number(readVarint(cursor)))
    case LIST:
      return readList(cursor, depth)
    case STRUCT:
      return readStruct(cursor, depth + 1)
    default:
      throw new Error(`thrift: type ${type} does not occur in Parquet`)
  }
}

function readList(cursor: Cursor, depth: number): ThriftList {
  const header = readByte(cursor)
  const count = header >> 4 === 15 ? Number(readVarint(cursor)) : header >> 4
  const of = header & 15
  // Every element takes a byte at least.
  if (count > cursor.bytes.length - cursor.at) throw ended()
  const isBoolean = of === TRUE || of === FALSE
  const items = Array.from({ length: count }, () =>
    isBoolean ? readByte(cursor) === TRUE : readValue(cursor, of, depth),
  )
  return { of, items }
}

function readByte(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at++]
  if (byte === undefined) throw ended()
  return byte
}

function readBytes(cursor: Cursor, length: number): Uint8Array {
  const from = cursor.at
  cursor.at += length
  if (cursor.at > cursor.bytes.length) throw ended()
  return cursor.bytes.subarray(from, cursor.at)
}

function ended(): Error {
  return new Error('thrift: the bytes end within a structure')
}

function readVarint(cursor: Cursor): bigint {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = readByte(cursor)
    value |= BigInt(byte & 127) << shift
    if (byte < 128) return value
  }
  throw new Error('thrift: a number is longer than 64 bits')
}

function readInteger(cursor: Cursor): bigint {
  const zigzag = readVarint(cursor)
  return (zigzag >> 1n) ^ -(zigzag & 1n)
}

/** The bytes that `readThrift` reads as this struct. */
export function writeThrift(struct: ThriftStruct): Uint8Array {
  const out: number[] = []
  writeStruct(out, struct)
  return Uint8Array.from(out)
}

function writeStruct(out: number[], struct: ThriftStruct): void {
  let last = 0
  for (const [id, { type, value }] of struct) {
    const delta = id - last
    if (delta > 0 && delta < 16) out.push((delta << 4) | type)
    else {
      out.push(type)
      writeInteger(out, BigInt(id))
    }
    last = id
    if (type !== TRUE && type !== FALSE) writeValue(out, type, value)
  }
  out.push(0)
}

function writeValue(out: number[], type: number, value: ThriftValue): void {
  if (typeof value === 'boolean') out.push(value ? TRUE : FALSE)
  else if (typeof value === 'bigint') {
    if (type === BYTE) out.push(Number(value))
    else writeInteger(out, value)
  } else if (value instanceof Uint8Array) {
    if (type === BINARY) writeVarint(out, BigInt(value.length))
    for (const byte of value) out.push(byte)
  } else if (value instanceof Map) writeStruct(out, value)
  else {
    const { of, items } = value
    out.push((Math.min(items.length, 15) << 4) | of)
    if (items.length >= 15) writeVarint(out, BigInt(items.length))
    for (const item of items) writeValue(out, of, item)
  }
}

function writeInteger(out: number[], value: bigint): void {
  writeVarint(out, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))
}

function writeVarint(out: number[], value: bigint): void {
  let rest = value
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  out.push(Number(rest))
}
