import { IcebergError } from './errors.ts'

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder('utf-8', { fatal: true })

/** A number within +-2^51 doubles without leaving the exact range. */
const FAST_LONG_MAX = 2 ** 51

/** Growing output of Avro's binary primitives. */
export class AvroWriter {
  #bytes = new Uint8Array(1024)
  #length = 0

  boolean(value: boolean): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value ? 1 : 0
  }

  /** Zigzag varint of a 64-bit whole number; `int` is written alike. */
  long(value: number | bigint): void {
    if (typeof value === 'bigint' || Math.abs(value) > FAST_LONG_MAX) {
      this.#longSlow(BigInt(value))
      return
    }
    this.#reserve(10)
    let rest = value < 0 ? -value * 2 - 1 : value * 2
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }

  #longSlow(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) {
      throw new IcebergError('refused', 'writing an avro long, found more than 64 bits', { value })
    }
    this.#reserve(10)
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest >= 128n) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  float(value: number): void {
    this.#reserve(4)
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true)
    this.#length += 4
  }

  double(value: number): void {
    this.#reserve(8)
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true)
    this.#length += 8
  }

  /** Bytes without a length before them. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  bytes(value: Uint8Array): void {
    this.long(value.length)
    this.raw(value)
  }

  string(value: string): void {
    this.bytes(utf8Encoder.encode(value))
  }

  /** A copy of what was written. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** Reads Avro's binary primitives; anything that would leave the bytes throws IcebergError `malformed`. */
export class AvroReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    // A Buffer's slice would be a view and keep the whole file in memory.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.#offset
  }

  boolean(): boolean {
    return this.#byte() !== 0
  }

  /** A whole number: number where it is exact, bigint beyond. */
  long(): number | bigint {
    let value = 0
    let factor = 1
    // Seven groups are 49 bits: still exact.
    for (let group = 0; group < 7; group++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      factor *= 128
    }
    return this.#longSlow(BigInt(value))
  }

  #longSlow(low: bigint): number | bigint {
    let value = low
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        const plain = BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
        return Number.isSafeInteger(Number(plain)) ? Number(plain) : plain
      }
    }
    throw new IcebergError('malformed', 'reading an avro long, found more than ten bytes')
  }

  /** A count or length: a whole number that a double holds. */
  integer(): number {
    const value = this.long()
    if (typeof value === 'number') return value
    throw new IcebergError('malformed', 'reading an avro length, found more than 53 bits', { value })
  }

  float(): number {
    return this.#view.getFloat32(this.#advance(4), true)
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true)
  }

  /** A copy of the next `count` bytes. */
  raw(count: number): Uint8Array {
    const start = this.#advance(count)
    return this.#bytes.slice(start, start + count)
  }

  bytes(): Uint8Array {
    return this.raw(this.integer())
  }

  string(): string {
    const count = this.integer()
    const start = this.#advance(count)
    try {
      return utf8Decoder.decode(this.#bytes.subarray(start, start + count))
    } catch {
      throw new IcebergError('malformed', 'reading an avro string, found bytes that are not UTF-8')
    }
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)]!
  }

  /** Moves over `count` bytes and answers where they began. */
  #advance(count: number): number {
    if (count < 0 || count > this.left) {
      throw new IcebergError('malformed', 'reading avro, found fewer bytes than announced', {
        count,
        left: this.left,
      })
    }
    const start = this.#offset
    this.#offset += count
    return start
  }
}
