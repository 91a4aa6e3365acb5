/**
 * A whole number of units of 10^-digits as decimal text with exactly `fraction` digits after the point,
 * `fraction >= digits`: (6183763, 2, 8) is `61837.63000000`. Exact up to 2^53 units.
 */
export function fixedText(units: number, digits: number, fraction: number): string {
  const text = String(units).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  if (fraction === 0) return whole
  return `${whole}.${text.slice(text.length - digits).padEnd(fraction, '0')}`
}
