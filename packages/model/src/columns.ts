import { assert } from './assert.ts'

/**
 * Growable typed columns: what the decoder fills, the normalizer copies and the encoder reads.
 *
 * Integers are exact in a float64 up to 2^53, which every sequence, id and microsecond time here fits;
 * NaN stands for null. Arrays are public on purpose: hot loops index them after one `reserve`.
 */

/** Whole numbers -2^53 ... 2^53; NaN is null. */
export class LongColumn {
  values = new Float64Array(64)

  reserve(rows: number): void {
    if (rows > this.values.length) this.values = grown(this.values, rows)
  }
}

/** true 1, false 0, null 2. */
export class BooleanColumn {
  values = new Uint8Array(64)

  reserve(rows: number): void {
    if (rows > this.values.length) this.values = grown(this.values, rows)
  }
}

/** Ids of one StringTable, for text of few values; -1 is null. */
export class NameColumn {
  values = new Int32Array(64)

  reserve(rows: number): void {
    if (rows > this.values.length) this.values = grown(this.values, rows)
  }
}

/** Text of many values (ids, details). */
export class TextColumn {
  values: (string | null)[] = []

  reserve(_rows: number): void {}
}

/** Bytes as received. */
export class BytesColumn {
  values: (Uint8Array | null)[] = []

  reserve(_rows: number): void {}
}

/**
 * Exact decimals: `mantissas[i] / 10^scales[i]`.
 *
 * A mantissa beyond 2^53 lies in `wide` under its row and its slot is NaN; a NaN slot without a `wide`
 * entry is null. No price or quantity is ever rounded on the way through here.
 */
export class DecimalColumn {
  mantissas: Float64Array<ArrayBuffer>
  scales: Uint8Array<ArrayBuffer>
  readonly wide = new Map<number, bigint>()

  /** `rows` are reserved; less than usual where there are many columns of few rows. */
  constructor(rows = 64) {
    this.mantissas = new Float64Array(rows)
    this.scales = new Uint8Array(rows)
  }

  reserve(rows: number): void {
    if (rows <= this.mantissas.length) return
    this.mantissas = grown(this.mantissas, rows)
    this.scales = grown(this.scales, rows)
  }

  /** Sets a row from any exact decimal. The row must be reserved. */
  set(row: number, mantissa: bigint, scale: number): void {
    assert(row < this.mantissas.length, 'the row is reserved')
    const safe = mantissa <= 9007199254740991n && mantissa >= -9007199254740991n
    this.mantissas[row] = safe ? Number(mantissa) : Number.NaN
    this.scales[row] = scale
    if (safe) this.wide.delete(row)
    else this.wide.set(row, mantissa)
  }

  setNull(row: number): void {
    this.mantissas[row] = Number.NaN
    this.scales[row] = 0
    this.wide.delete(row)
  }

  /** Forgets the wide mantissas of rows `from ...`: these rows are about to be written anew. */
  forgetWide(from: number): void {
    if (this.wide.size === 0) return
    for (const row of this.wide.keys()) if (row >= from) this.wide.delete(row)
  }

  /** The exact mantissa of a row, null when the row is null. */
  mantissa(row: number): bigint | null {
    const value = this.mantissas[row] as number
    return Number.isNaN(value) ? (this.wide.get(row) ?? null) : BigInt(value)
  }

  /** Copies rows `from ... from + count - 1` of another column to `to`. Reserve first. */
  copy(to: number, source: DecimalColumn, from: number, count: number): void {
    const { mantissas, scales } = this
    for (let i = 0; i < count; i++) {
      mantissas[to + i] = source.mantissas[from + i] as number
      scales[to + i] = source.scales[from + i] as number
    }
    this.copyWide(to, source, from, count)
  }

  /** The wide mantissas of such rows alone, for whoever copies the rest by itself. */
  copyWide(to: number, source: DecimalColumn, from: number, count: number): void {
    if (this.wide.size > 0) for (let i = 0; i < count; i++) this.wide.delete(to + i)
    if (source.wide.size === 0) return
    for (let i = 0; i < count; i++) {
      const wide = source.wide.get(from + i)
      if (wide !== undefined) this.wide.set(to + i, wide)
    }
  }
}

export type Column = LongColumn | BooleanColumn | NameColumn | TextColumn | BytesColumn | DecimalColumn

/** A copy with room for `rows`, at least doubled so that growth costs are spread. */
export function grown<T extends Float64Array | Uint8Array | Int32Array | Uint32Array>(
  values: T,
  rows: number,
): T {
  const length = Math.max(rows, values.length * 2)
  const copy = new (values.constructor as new (length: number) => T)(length)
  copy.set(values)
  return copy
}
