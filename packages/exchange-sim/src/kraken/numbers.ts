/** How the exchange writes numbers, which are bare on both of its protocols, and times. */

/** Below 10^-5 numbers are written with an exponent; so many zeros stand behind their point. */
const ZEROS_MAX = 4

/**
 * Decimal text as the futures service writes it, like any printer of doubles: without zeros at its end (`34981.50` is
 * `34981.5`, `34981.00` is `34981`), the smallest with an exponent (`-0.00000123` is `-1.23e-6`).
 * Source: messages in Kraken.Net, 2026-07.
 */
export function shortest(text: string): string {
  const sign = text.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = text.slice(sign.length).split('.')
  const digits = fraction.replace(/0+$/, '')
  if (digits === '') return Number(whole) === 0 ? '0' : sign + whole
  const zeros = digits.search(/[1-9]/)
  if (Number(whole) > 0 || zeros <= ZEROS_MAX) return `${sign}${whole}.${digits}`
  const [first = '', rest = ''] = [digits.slice(zeros, zeros + 1), digits.slice(zeros + 1)]
  return `${sign}${first}${rest === '' ? '' : `.${rest}`}e-${zeros + 1}`
}

/** RFC 3339 with microseconds, as spot writes times; nothing here is told more finely than by the millisecond. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
