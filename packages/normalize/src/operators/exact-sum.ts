import { type Decimal, type DecimalColumn, FRACTION_DIGITS_MAX, INTEGER_DIGITS_MAX } from '@cryptoflow/model'

/**
 * A sum of decimals, exact whatever they are: a number as long as it is one below 2^53, a bigint beyond.
 *
 * `scale` is the largest that was added, so that the same decimals give the same sum in any order.
 */
export interface ExactSum {
  scale: number
  /** Of what is not in `wide`. */
  narrow: number
  wide: bigint
}

const SAFE = Number.MAX_SAFE_INTEGER
const BIG_POWERS = Array.from({ length: 80 }, (_, exponent) => 10n ** BigInt(exponent))
/** By exponent, up to the scale of a product. */
const POWERS = Float64Array.from({ length: 2 * FRACTION_DIGITS_MAX + 1 }, (_, exponent) => 10 ** exponent)

export function createSum(): ExactSum {
  return { scale: 0, narrow: 0, wide: 0n }
}

/** A decimal outside of a column. A mantissa beyond 2^53 is in `wide`, and NaN here. */
export interface Exact {
  readonly mantissa: number
  readonly scale: number
  readonly wide: bigint | null
}

/** The decimal of a column's row, which is not null, as it was written. */
export function readExact(column: DecimalColumn, row: number): Exact {
  const mantissa = column.mantissas[row] as number
  const wide = Number.isNaN(mantissa) ? (column.wide.get(row) ?? 0n) : null
  return { mantissa, scale: column.scales[row] as number, wide }
}

/** The same number without the zeros at its end: some exchanges write eight, and products of these leave 2^53. */
export function trimmed(number: Exact): Exact {
  let { mantissa, scale } = number
  if (number.wide !== null || mantissa % 10 !== 0) return number
  while (scale > 0 && mantissa % 10 === 0) {
    mantissa /= 10
    scale -= 1
  }
  return { mantissa, scale, wide: null }
}

export function productOf(a: Exact, b: Exact): Exact {
  const mantissa = a.mantissa * b.mantissa
  const scale = a.scale + b.scale
  // What is rounded to a number below 2^53 was one; NaN is none.
  if (Math.abs(mantissa) <= SAFE) return { mantissa, scale, wide: null }
  return { mantissa: Number.NaN, scale, wide: mantissaOf(a) * mantissaOf(b) }
}

export function mantissaOf({ mantissa, wide }: Exact): bigint {
  return wide ?? BigInt(mantissa)
}

/** Adds a decimal. */
export function addTo(sum: ExactSum, number: Exact): void {
  if (!addNarrow(sum, number.mantissa, number.scale)) addExact(sum, mantissaOf(number), number.scale)
}

/** Adds another sum. */
export function addSum(sum: ExactSum, other: ExactSum): void {
  if (other.wide === 0n && addNarrow(sum, other.narrow, other.scale)) return
  addExact(sum, totalOf(other), other.scale)
}

/** Adds a mantissa as a number. False, and nothing was done: it, or the sum, is not sure to be one below 2^53. */
function addNarrow(sum: ExactSum, mantissa: number, scale: number): boolean {
  // What is rounded to a number below 2^53 was one; NaN is none.
  if (scale > sum.scale || !(Math.abs(mantissa) <= SAFE)) return false
  const shifted = mantissa * (POWERS[sum.scale - scale] as number)
  const total = sum.narrow + shifted
  if (Math.abs(shifted) > SAFE || Math.abs(total) > SAFE) return false
  sum.narrow = total
  return true
}

function addExact(sum: ExactSum, mantissa: bigint, scale: number): void {
  const most = Math.max(scale, sum.scale)
  const total = totalOf(sum) * 10n ** BigInt(most - sum.scale) + mantissa * 10n ** BigInt(most - scale)
  setTotal(sum, total, most)
}

/** A sum of which nothing is known but what it comes to. */
export function sumOf(total: bigint, scale: number): ExactSum {
  const sum = createSum()
  setTotal(sum, total, scale)
  return sum
}

/** As a number where it is one: what is added next is faster then. */
function setTotal(sum: ExactSum, total: bigint, scale: number): void {
  const isNarrow = total <= SAFE && total >= -SAFE
  sum.narrow = isNarrow ? Number(total) : 0
  sum.wide = isNarrow ? 0n : total
  sum.scale = scale
}

/** What was added so far. */
export function totalOf({ narrow, wide }: ExactSum): bigint {
  return wide + BigInt(narrow)
}

/** A sum as a number that fits into a table; null: it does not. */
export function tableDecimal({ mantissa, scale }: Decimal): Decimal | null {
  let [digits, places] = [mantissa, scale]
  while (places > FRACTION_DIGITS_MAX && digits % 10n === 0n) {
    digits /= 10n
    places -= 1
  }
  const most = BIG_POWERS[INTEGER_DIGITS_MAX + places] as bigint
  return places > FRACTION_DIGITS_MAX || digits >= most || digits <= -most
    ? null
    : { mantissa: digits, scale: places }
}

/** A quotient, rounded half to even at 18 fraction digits; null: the divisor is 0, or the quotient too large. */
export function quotient(dividend: Decimal, divisor: Decimal): Decimal | null {
  if (divisor.mantissa === 0n) return null
  const shift = FRACTION_DIGITS_MAX + divisor.scale - dividend.scale
  const above = dividend.mantissa * (shift > 0 ? 10n ** BigInt(shift) : 1n)
  const below = divisor.mantissa * (shift < 0 ? 10n ** BigInt(-shift) : 1n)
  return tableDecimal({ mantissa: halfEven(above, below), scale: FRACTION_DIGITS_MAX })
}

function halfEven(above: bigint, below: bigint): bigint {
  const isNegative = above < 0n !== below < 0n
  const [a, b] = [above < 0n ? -above : above, below < 0n ? -below : below]
  const floor = a / b
  const twice = (a % b) * 2n
  const isUp = twice > b || (twice === b && floor % 2n === 1n)
  const rounded = isUp ? floor + 1n : floor
  return isNegative ? -rounded : rounded
}
