import { IcebergError } from './errors.ts'
import type { PrimitiveType } from './types.ts'

/** Big-endian two's complement, sign-extended to exactly `size` bytes. Throws when it does not fit. */
export function decimalBytes(unscaled: bigint, size: number): Uint8Array {
  if (BigInt.asIntN(size * 8, unscaled) !== unscaled) {
    throw new IcebergError('refused', 'writing a decimal, found more digits than its type holds', {
      unscaled,
      size,
    })
  }
  const bytes = new Uint8Array(size)
  let rest = unscaled
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n)
    rest >>= 8n
  }
  return bytes
}

/** Big-endian two's complement in as few bytes as hold the value and its sign; zero is one byte. */
export function minimalDecimalBytes(unscaled: bigint): Uint8Array {
  let size = 1
  while (BigInt.asIntN(size * 8, unscaled) !== unscaled) size++
  return decimalBytes(unscaled, size)
}

/** The unscaled value of big-endian two's complement bytes; no bytes are zero. */
export function decimalFromBytes(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(bytes.length * 8, value)
}

/** Bytes that a Parquet or Avro fixed of this precision needs (spec: "minimum number of bytes"). */
export function decimalSize(precision: number): number {
  const largest = 10n ** BigInt(precision) - 1n
  return minimalDecimalBytes(largest).length
}

/** P and S of `decimal(P,S)`. */
export function decimalDigits(type: PrimitiveType): { readonly precision: number; readonly scale: number } {
  const [precision, scale] = type.slice('decimal('.length, -1).split(',').map(Number)
  return { precision: precision!, scale: scale! }
}
