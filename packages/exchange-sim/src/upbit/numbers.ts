import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'

/**
 * How the exchange writes numbers: bare, by whatever wrote the message.
 *
 * `fixed`: eight digits behind the point, `106691000.00000000`, below a millionth with an exponent, `6E-8`.
 * `double`: one digit behind the point at least, from ten million on and below a thousandth with an exponent,
 * `20230.0`, `1.16539E8`, `7.9276E-4`. `short`: no needless digit, `137002000`.
 * Source: live messages of 2021-04-17, 2026-09-02 and 2026-09-23; docs.upbit.com/kr v1.6.4, WebSocket, read 2026-10-07.
 */
export type Spelling = 'fixed' | 'double' | 'short'

/** How prices and quantities of one message are written. */
export interface Spellings {
  readonly price: Spelling
  readonly quantity: Spelling
}

const FIXED_DIGITS = 8
const BELOW_A_MILLIONTH = /^0\.000000(\d)(\d)$/
/** Decimal exponents of numbers that a printer of doubles writes without one. */
const PLAIN_EXPONENT_MIN = -3
const PLAIN_EXPONENT_MAX = 6

/** A whole number of units of 10^-`digits`, eight digits at most, exactly. */
export function numberText(units: number, digits: number, spelling: Spelling): string {
  if (spelling === 'fixed') return fixedNumber(units, digits)
  return spelling === 'double' ? doubleNumber(units, digits) : shortNumber(units, digits)
}

function fixedNumber(units: number, digits: number): string {
  const text = fixedText(units, digits, FIXED_DIGITS)
  const small = BELOW_A_MILLIONTH.exec(text)
  if (small === null || units === 0) return text
  const [, first = '0', second = '0'] = small
  return first === '0' ? `${second}E-8` : `${first}.${second}E-7`
}

function doubleNumber(units: number, digits: number): string {
  const text = String(units)
  const exponent = text.length - 1 - digits
  if (units === 0 || (exponent >= PLAIN_EXPONENT_MIN && exponent <= PLAIN_EXPONENT_MAX)) {
    const plain = shortNumber(units, digits)
    return plain.includes('.') ? plain : `${plain}.0`
  }
  const significant = text.replace(/0+$/, '')
  return `${significant.slice(0, 1)}.${significant.slice(1) || '0'}E${exponent}`
}

function shortNumber(units: number, digits: number): string {
  const text = fixedText(units, digits, digits)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

const tradeSpellings: readonly Spellings[] = [
  { price: 'fixed', quantity: 'fixed' },
  { price: 'double', quantity: 'double' },
  { price: 'short', quantity: 'short' },
]
const bookSpellings: readonly Spellings[] = [
  { price: 'double', quantity: 'fixed' },
  { price: 'short', quantity: 'short' },
  { price: 'double', quantity: 'double' },
]
/** One message in so many is written in the second way, and one in the third. */
const RARE = 8

/** How a trade is written, always alike. */
export function spellingsOfTrade(symbol: string, id: string): Spellings {
  return pick(tradeSpellings, `trade ${symbol} ${id}`)
}

/** How a book of a moment is written. */
export function spellingsOfBook(symbol: string, timeMs: number): Spellings {
  return pick(bookSpellings, `book ${symbol} ${timeMs}`)
}

function pick(spellings: readonly Spellings[], name: string): Spellings {
  const draw = hashOf(name) % RARE
  return (spellings[draw] ?? spellings[0]) as Spellings
}
