/**
 * Ids as texts. Numbers beyond 2^31 are slow to write out, and one id is followed by the next: its text is that of the
 * number without its last four digits, which the engine remembers from the one before, and one of 10,000 texts.
 */

const DIGITS = 4
const TAILS = 10 ** DIGITS
/** Smaller ones are fast, and may have fewer digits. */
const FROM = 2 ** 31
/** Beyond it what is left of the id is slow as well. */
const TO = TAILS * 2 ** 30

const tails: string[] = []

/** The digits of a whole number 0 ... 2^53 - 1; null for NaN. */
export function idText(id: number): string | null {
  if (id < FROM || id >= TO) return String(id)
  if (Number.isNaN(id)) return null
  const head = Math.floor(id / TAILS)
  return String(head) + tailOf(id - head * TAILS)
}

function tailOf(number: number): string {
  if (tails.length === 0) {
    for (let tail = 0; tail < TAILS; tail++) tails.push(String(tail).padStart(DIGITS, '0'))
  }
  return tails[number] as string
}
