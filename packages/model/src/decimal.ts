/** Integer digits of `decimal(38,18)`. */
export const INTEGER_DIGITS_MAX = 20
/** Fraction digits of `decimal(38,18)`. */
export const FRACTION_DIGITS_MAX = 18

/** An exact decimal: `mantissa / 10^scale`; `scale` is the number of fraction digits as written. */
export interface Decimal {
  readonly mantissa: bigint
  readonly scale: number
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/

/**
 * Reads a decimal as exchanges write it: digits, an optional point, an optional exponent.
 *
 * The exponent is resolved into the scale (`6E-8` is 6 at scale 8; `1.16539E8` is 116539000 at scale 0).
 * Returns null when the text is no number, `'range'` when it has more than 20 integer or 18 fraction digits.
 */
export function parseDecimal(text: string): Decimal | 'range' | null {
  const match = NUMBER.exec(text)
  if (match === null) return null
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const shifted = fraction.length - Number(exponent)
  if (shifted > 1_000 || shifted < -1_000) return 'range'
  let mantissa = BigInt(whole + fraction)
  if (shifted < 0) mantissa *= 10n ** BigInt(-shifted)
  const scale = Math.max(shifted, 0)
  if (scale > FRACTION_DIGITS_MAX || mantissa >= 10n ** BigInt(INTEGER_DIGITS_MAX + scale)) return 'range'
  return { mantissa: sign === '-' ? -mantissa : mantissa, scale }
}

/** The decimal as text with exactly `scale` fraction digits. */
export function decimalText(mantissa: bigint | number, scale: number): string {
  const value = BigInt(mantissa)
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  const sign = value < 0n ? '-' : ''
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
