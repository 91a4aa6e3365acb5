import { IcebergError } from './errors.ts'
import { decimalFromBytes, minimalDecimalBytes } from './twos-complement.ts'
import type { PrimitiveType } from './types.ts'

/** Iceberg's default metrics mode is truncate(16): code points of a string, bytes of a binary. */
export const TRUNCATE_LENGTH = 16

const MAX_CODE_POINT = 0x10ffff
const SURROGATES = { first: 0xd800, last: 0xdfff }

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder()

/** Dates are days, times and timestamps us, decimals the unscaled value, uuids text or 16 bytes. */
export type BoundValue = boolean | number | bigint | string | Uint8Array

/**
 * Single-value binary serialization (spec appendix D), as manifests hold bounds. Whole numbers may be number
 * or bigint. Throws IcebergError `refused` for NaN and for a value that is none of the type.
 */
export function boundBytes(type: PrimitiveType, value: BoundValue): Uint8Array {
  switch (type) {
    case 'boolean':
      return Uint8Array.of(value === true ? 1 : 0)
    case 'int':
    case 'date':
      return fixedWidth(4, (view) => view.setInt32(0, Number(whole(type, value, 32)), true))
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return fixedWidth(8, (view) => view.setBigInt64(0, whole(type, value, 64), true))
    case 'float':
      return fixedWidth(4, (view) => view.setFloat32(0, real(type, value), true))
    case 'double':
      return fixedWidth(8, (view) => view.setFloat64(0, real(type, value), true))
    case 'string':
      if (typeof value !== 'string') throw wrong(type, value)
      return utf8Encoder.encode(value)
    case 'uuid':
      return typeof value === 'string' ? uuidBytes(value) : binary(type, value)
    case 'binary':
      return binary(type, value)
    default:
      return type.startsWith('fixed')
        ? fixedBinary(type, value)
        : minimalDecimalBytes(whole(type, value, 128))
  }
}

/** The value of single-value bytes: long, timestamps and decimals as bigint, uuid, fixed and binary as bytes. */
export function boundValue(type: PrimitiveType, bytes: Uint8Array): BoundValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (type) {
    case 'boolean':
      return bytes[0] !== 0
    case 'int':
    case 'date':
      return view.getInt32(0, true)
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      // An int column promoted to long keeps its old four-byte bounds.
      return bytes.length === 4 ? BigInt(view.getInt32(0, true)) : view.getBigInt64(0, true)
    case 'float':
      return view.getFloat32(0, true)
    case 'double':
      return bytes.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
    case 'string':
      return utf8Decoder.decode(bytes)
    case 'uuid':
    case 'binary':
      return bytes
    default:
      return type.startsWith('fixed') ? bytes : decimalFromBytes(bytes)
  }
}

/** The first code points, 16 unless told otherwise: a lower bound of the text. */
export function truncateLower(text: string, length = TRUNCATE_LENGTH): string {
  return firstCodePoints(text.toWellFormed(), length).join('')
}

/**
 * An upper bound of the text in so many code points: the text itself when short, else its beginning with the last
 * code point that can grow incremented. Null when none can: then there is no bound to write.
 */
export function truncateUpper(text: string, length = TRUNCATE_LENGTH): string | null {
  const points = firstCodePoints(text.toWellFormed(), length + 1)
  if (points.length <= length) return points.join('')
  points.length = length
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!
    if (last < MAX_CODE_POINT) return points.join('') + String.fromCodePoint(nextCodePoint(last))
  }
  return null
}

/** The first `count` code points, each as its own text; reads no further. */
export function firstCodePoints(text: string, count: number): string[] {
  const points: string[] = []
  for (const point of text) {
    if (points.length === count) break
    points.push(point)
  }
  return points
}

function nextCodePoint(point: number): number {
  return point + 1 === SURROGATES.first ? SURROGATES.last + 1 : point + 1
}

/** The first bytes, 16 unless told otherwise: a lower bound of a binary. */
export function truncateLowerBytes(bytes: Uint8Array, length = TRUNCATE_LENGTH): Uint8Array {
  return bytes.slice(0, length)
}

/** An upper bound of a binary in so many bytes; null when every kept byte is 255. */
export function truncateUpperBytes(bytes: Uint8Array, length = TRUNCATE_LENGTH): Uint8Array | null {
  if (bytes.length <= length) return bytes.slice()
  for (let last = length - 1; last >= 0; last--) {
    if (bytes[last]! < 255) {
      const bound = bytes.slice(0, last + 1)
      bound[last]!++
      return bound
    }
  }
  return null
}

/** The 16 bytes of a uuid's text, big-endian. */
export function uuidBytes(text: string): Uint8Array {
  const hex = text.replaceAll('-', '')
  if (!/^[0-9a-fA-F]{32}$/.test(hex)) throw wrong('uuid', text)
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16))
}

function fixedWidth(size: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size)
  fill(new DataView(bytes.buffer))
  return bytes
}

function whole(type: PrimitiveType, value: BoundValue, bits: number): bigint {
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value)
  const exact = isWhole ? BigInt(value as number | bigint) : null
  if (exact === null || BigInt.asIntN(bits, exact) !== exact) throw wrong(type, value)
  return exact
}

function real(type: PrimitiveType, value: BoundValue): number {
  if (typeof value !== 'number' || Number.isNaN(value)) throw wrong(type, value)
  return value
}

function binary(type: PrimitiveType, value: BoundValue): Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrong(type, value)
  return value
}

function fixedBinary(type: PrimitiveType, value: BoundValue): Uint8Array {
  const bytes = binary(type, value)
  if (bytes.length !== fixedSize(type)) throw wrong(type, value)
  return bytes
}

/** L of `fixed[L]`, in bytes. */
export function fixedSize(type: PrimitiveType): number {
  return Number(type.slice('fixed['.length, -1))
}

function wrong(type: PrimitiveType, value: BoundValue): IcebergError {
  return new IcebergError('refused', `serializing a ${type}, found a value that is none`, { value })
}
