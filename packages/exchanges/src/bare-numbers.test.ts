import { DecimalColumn, decimalText, parseDecimal } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  scanBareDecimal,
  scanRareBareDecimal,
  scanSignedBareDecimal,
  scanUsualBareDecimal,
} from './bare-numbers.ts'
import { FRAME_AT, load } from './bytes.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }

type Scanner = typeof scanBareDecimal
const scanUsual: Scanner = (at, column, row) => scanUsualBareDecimal(at, column.mantissas, column.scales, row)

/** The number as it was stored; null when the scanner does not read all of the text. */
function read(scan: Scanner, text: string, behind = ','): string | null {
  const column = new DecimalColumn()
  column.reserve(1)
  // What lies in the row from an earlier use must not come out.
  column.set(0, 12345678901234567890n, 8)
  load(encoder.encode(text + behind))
  if (scan(FRAME_AT, column, 0) !== FRAME_AT + text.length) return null
  // Usual numbers go into rows without wide mantissas only.
  if (!Number.isNaN(column.mantissas[0])) expect(Object.is(column.mantissas[0], -0)).toBe(false)
  return decimalText(column.mantissa(0) as bigint, column.scales[0] as number)
}

/** What the exact path stores of a JSON number; null when it refuses it. */
function exactly(text: string, isSigned: boolean): string | null {
  try {
    if (typeof JSON.parse(text) !== 'number' || text.trim() !== text) return null
  } catch {
    return null
  }
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range' || (!isSigned && text.startsWith('-'))) return null
  return decimalText(decimal.mantissa, decimal.scale)
}

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`))
const plain = fc.oneof(
  digits(1, 22),
  fc.tuple(digits(1, 12), digits(1, 12)).map((parts) => parts.join('.')),
  fc.tuple(digits(1, 9), digits(8, 8)).map((parts) => parts.join('.')),
  fc.tuple(digits(1, 22), digits(1, 20)).map((parts) => parts.join('.')),
  fc.tuple(fc.nat(), digits(1, 9)).map((parts) => parts.join('.')),
)
const numbers = fc.oneof(
  plain,
  plain.map((text) => `-${text}`),
  fc
    .tuple(plain, fc.constantFrom('e', 'E', 'e+', 'E-', 'e-'), fc.nat(25))
    .map(([text, letter, exponent]) => `${text}${letter}${exponent}`),
  fc.stringMatching(/^[-+.eE0-9 x]{0,12}$/),
)

describe('a bare decimal', () => {
  it('is read as the exact path reads it, whenever that takes it', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(',', '}', ']', ' '), (text, behind) => {
        expect(read(scanBareDecimal, text, behind)).toBe(exactly(text, false))
        expect(read(scanSignedBareDecimal, text, behind)).toBe(exactly(text, true))
      }),
      { ...seeded, numRuns: 5000 },
    )
  })

  it('is read alike by the loop for levels, or not at all', () => {
    let taken = 0
    fc.assert(
      fc.property(numbers, (text) => {
        const usual = read(scanUsual, text)
        if (usual === null) return
        taken += 1
        expect(usual).toBe(exactly(text, false))
      }),
      { ...seeded, numRuns: 3000 },
    )
    expect(taken).toBeGreaterThan(300)
  })

  it('keeps trailing zeros in its scale and resolves exponents', () => {
    const scaleOf = (text: string): number => (read(scanBareDecimal, text)?.split('.')[1] ?? '').length
    expect(read(scanBareDecimal, '0.12000')).toBe('0.12000')
    expect(read(scanBareDecimal, '6E-8')).toBe('0.00000006')
    expect(scaleOf('6E-8')).toBe(8)
    expect(read(scanBareDecimal, '1.16539E8')).toBe('116539000')
    expect(scaleOf('1.16539E8')).toBe(0)
    expect(read(scanBareDecimal, '7.9276E-4')).toBe('0.00079276')
    expect(read(scanSignedBareDecimal, '-6.2604214e-11')).toBe('-0.000000000062604214')
    expect(read(scanSignedBareDecimal, '-0.0')).toBe('0.0')
  })

  it('is exact around 2^53, where floats begin to skip, and beyond', () => {
    for (const text of [
      '9007199254740991',
      '9007199254740993',
      '90071992.54740991',
      '90071992.54740993',
      '999999999.99999999',
      '98765432109.12345678',
      '12345678901234567890.123456789012345678',
    ]) {
      expect(read(scanBareDecimal, text)).toBe(text)
      const usual = read(scanUsual, text)
      if (usual !== null) expect(usual).toBe(text)
    }
    expect(read(scanUsual, '90071992.54740991')).toBe('90071992.54740991')
    expect(read(scanUsual, '90071992.54740992')).toBeNull()
  })

  it('takes nothing that JSON does not take for a number', () => {
    for (const text of [
      '',
      '-',
      '+1',
      '.5',
      '1.',
      '007',
      '00.5',
      '1e',
      '1e+',
      '1..5',
      '--1',
      '1e1.5',
      'NaN',
    ]) {
      for (const scan of [scanBareDecimal, scanSignedBareDecimal, scanUsual]) {
        expect(read(scan, text)).toBeNull()
      }
    }
  })

  it('takes no byte beside the digits for a digit', () => {
    for (let byte = 0; byte < 128; byte++) {
      for (const at of [0, 2, 4, 5, 8, 11]) {
        const text = `123.45678901`.slice(0, at) + String.fromCharCode(byte) + '123.45678901'.slice(at + 1)
        expect(read(scanBareDecimal, text)).toBe(exactly(text, false))
      }
    }
  })

  it('has 48 bytes at most', () => {
    const long = (zeros: number): string => `1.${'0'.repeat(10)}e${'0'.repeat(zeros)}1`
    expect(read(scanBareDecimal, '1'.padEnd(49, '0'))).toBeNull()
    expect(read(scanBareDecimal, long(40))).toBeNull()
    expect(read(scanBareDecimal, long(3))).toBe('10.000000000')
  })

  it('ends where the frame ends', () => {
    load(encoder.encode('77777777777777777777'))
    load(encoder.encode('1.5'))
    const column = new DecimalColumn()
    expect(scanBareDecimal(FRAME_AT, column, 0)).toBe(FRAME_AT + 3)
    expect(scanRareBareDecimal(FRAME_AT, column, 0, false)).toBe(FRAME_AT + 3)
    expect(decimalText(column.mantissa(0) as bigint, column.scales[0] as number)).toBe('1.5')
  })
})
