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
/** By exponent, up to the scale of a product. */
const POWERS = Float64Array.from({ length: 2 * FRACTION_DIGITS_MAX + 1 }, (_, exponent) => 10 ** exponent)

export function createSum(): ExactSum {
  return { scale: 0, narrow: 0, wide: 0n }
}

/** Adds a decimal of a column; one that is null adds nothing. */
export function addEntry(sum: ExactSum, column: DecimalColumn, row: number): void {
  const scale = column.scales[row] as number
  if (addNarrow(sum, column.mantissas[row] as number, scale)) return
  addExact(sum, column.mantissa(row) ?? 0n, scale)
}

/** Adds the product of two decimals of a row. */
export function addProduct(sum: ExactSum, a: DecimalColumn, b: DecimalColumn, row: number): void {
  const scale = (a.scales[row] as number) + (b.scales[row] as number)
  if (addNarrow(sum, (a.mantissas[row] as number) * (b.mantissas[row] as number), scale)) return
  addExact(sum, (a.mantissa(row) ?? 0n) * (b.mantissa(row) ?? 0n), scale)
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

export function addExact(sum: ExactSum, mantissa: bigint, scale: number): void {
  if (scale > sum.scale) {
    sum.wide = (sum.wide + BigInt(sum.narrow)) * 10n ** BigInt(scale - sum.scale)
    sum.narrow = 0
    sum.scale = scale
  }
  sum.wide += mantissa * 10n ** BigInt(sum.scale - scale)
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
  const most = 10n ** BigInt(INTEGER_DIGITS_MAX + places)
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
