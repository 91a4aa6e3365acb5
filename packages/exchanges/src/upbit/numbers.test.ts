import { DecimalColumn, decimalText, parseDecimal } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_AT, load, MISS } from '../bytes.ts'
import { passNumber, scanNumber } from './numbers.ts'

const encoder = new TextEncoder()
const column = new DecimalColumn()
const JSON_NUMBER = /^(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** What the scanner reads of a text with `behind` behind it: its decimal and its end. */
function scanned(text: string, behind = ','): { decimal: string; end: number } | null {
  load(encoder.encode(text + behind))
  column.setNull(0)
  const end = scanNumber(FRAME_AT, column, 0)
  if (end === MISS) return null
  return {
    decimal: decimalText(column.mantissa(0) as bigint, column.scales[0] as number),
    end: end - FRAME_AT,
  }
}

function expected(text: string): ReturnType<typeof scanned> {
  const decimal = JSON_NUMBER.test(text) ? parseDecimal(text) : null
  if (decimal === null || decimal === 'range') return null
  return { decimal: decimalText(decimal.mantissa, decimal.scale), end: text.length }
}

const digits = (max: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^\\d{1,${max}}$`))
const number = fc
  .tuple(
    digits(22),
    fc.option(digits(20), { nil: null }),
    fc.option(fc.stringMatching(/^[eE][+-]?\d{1,3}$/), { nil: '' }),
  )
  .map(
    ([whole, part, exponent]) =>
      `${whole.replace(/^0+(?=\d)/, '')}${part === null ? '' : `.${part}`}${exponent}`,
  )

describe('a number', () => {
  it('is read as the exact path reads it, or not at all', () => {
    fc.assert(
      fc.property(number, fc.constantFrom(',', '}'), (text, behind) => {
        expect(scanned(text, behind)).toEqual(expected(text))
      }),
      { seed: 20261121, numRuns: 5000 },
    )
  })

  it.each([
    ...'0|0.0|0.00000000|1|137002000|1.16539E8|1.16539e+8|7.9276E-4|8.428e-05|6E-8|0E5|0e-18|1E19|9E0'.split(
      '|',
    ),
    ...'12345678901.5|9007199254740991|9007199254740992|9007199254740993|90071992.54740993|1.0E-17'.split(
      '|',
    ),
    ...'0.000000000000000001|99999999999999999999.999999999999999999|9007199254740993E-3|1.5E-00|1E009'.split(
      '|',
    ),
  ])('%s has all its digits', (text) => {
    expect(scanned(text)).toEqual(expected(text))
    expect(expected(text)).not.toBeNull()
  })

  it.each([
    ...'-1|-0|+1|01|00|1.|.5|1e|1e+|1E-|1.e5|1E20|1E-19|1e999|1e-999|1.0E-18|0x1|NaN|1 |1_0|"1"|'.split('|'),
    '100000000000000000000',
  ])('"%s" is left to the exact path', (text) => expect(scanned(text)).toBeNull())

  it('ends at a comma or an object only', () => {
    for (const behind of [']', ' ', ':', '"', '', '\n', 'e', '.', '5.']) {
      expect(scanned('1.5', behind)).toBeNull()
      expect(scanned('1.5E3', behind)).toBeNull()
    }
  })

  it('that is not stored is passed by in the same way', () => {
    load(encoder.encode('1.16539E8,'))
    expect(passNumber(FRAME_AT)).toBe(FRAME_AT + 9)
    load(encoder.encode('1.16539E,'))
    expect(passNumber(FRAME_AT)).toBe(MISS)
  })
})
