/** The longest ban that an exchange documents is three days; a longer wait is a mistake of the sender. */
const LONGEST_MS = 3 * 24 * 60 * 60_000

/**
 * Milliseconds that a `Retry-After` header asks for, seconds or a date (RFC 9110, section 10.2.3); null when there is
 * none that says more than nothing.
 */
export function retryAfterMs(header: string | undefined, nowUs: number): number | null {
  if (header === undefined) return null
  const text = header.trim()
  const ms = /^\d{1,15}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowUs / 1000
  return ms > 0 ? Math.min(Math.ceil(ms), LONGEST_MS) : null
}
