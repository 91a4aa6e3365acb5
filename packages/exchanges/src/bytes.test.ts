import { DecimalColumn, decimalText, parseDecimal } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  FRAME_AT,
  FRAME_BYTES_MAX,
  load,
  MISS,
  scanDecimal,
  scanInteger,
  scanShortDecimal,
  space,
  word,
} from './bytes.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }

function readInteger(text: string): number | null {
  const column = new Float64Array(1)
  load(encoder.encode(`${text},`))
  const at = scanInteger(FRAME_AT, column, 0)
  return at === FRAME_AT + text.length ? (column[0] as number) : null
}

function readDecimal(text: string): string | null {
  const column = new DecimalColumn()
  load(encoder.encode(`${text}"`))
  column.reserve(2)
  const at = scanDecimal(FRAME_AT, column, 0)
  expect(scanShortDecimal(FRAME_AT, column, 1)).toBe(at)
  if (at !== FRAME_AT + text.length) return null
  const [usual, short] = [0, 1].map((row) =>
    decimalText(column.mantissa(row) as bigint, column.scales[row] as number),
  )
  expect(short).toBe(usual)
  return usual as string
}

describe('scanInteger', () => {
  it('reads every whole number below 2^53 and nothing at or above it', () => {
    const numbers = fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.nat())
    fc.assert(
      fc.property(numbers, (number) => {
        const expected = number <= Number.MAX_SAFE_INTEGER ? Number(number) : null
        expect(readInteger(String(number))).toBe(expected)
      }),
      seeded,
    )
    expect(readInteger('9007199254740991')).toBe(9007199254740991)
    expect(readInteger('9007199254740992')).toBeNull()
  })

  it('leaves leading zeros, signs, fractions and exponents to the exact path', () => {
    for (const text of ['', '-1', '+1', '007', '00', '1.5', '1e3', ' 1', '"1"'])
      expect(readInteger(text)).toBeNull()
    expect(readInteger('0')).toBe(0)
  })
})

describe('scanDecimal', () => {
  const digits = (maxLength: number): fc.Arbitrary<string> =>
    fc.stringMatching(new RegExp(`^[0-9]{1,${maxLength}}$`))
  const plain = fc.oneof(
    digits(22),
    fc.tuple(digits(12), digits(12)).map(([whole, fraction]) => `${whole}.${fraction}`),
    fc.tuple(digits(22), digits(20)).map(([whole, fraction]) => `${whole}.${fraction}`),
  )
  const texts = fc.oneof(
    plain,
    plain.map((text) => `-${text}`),
    fc.tuple(plain, fc.integer({ min: -25, max: 25 })).map(([text, exponent]) => `${text}E${exponent}`),
    fc.stringMatching(/^[-+.eE0-9 x]{0,12}$/),
  )

  it('reads exactly what the exact path reads, and every non-negative number that fits', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const decimal = parseDecimal(text)
        const isFit = decimal !== null && decimal !== 'range' && decimal.mantissa >= 0n
        expect(readDecimal(text)).toBe(isFit ? decimalText(decimal.mantissa, decimal.scale) : null)
      }),
      { ...seeded, numRuns: 3000 },
    )
  })

  it('keeps mantissas around 2^53 exact, where floats begin to skip', () => {
    for (const text of [
      '90071992.54740991',
      '90071992.54740992',
      '90071992.54740993',
      '999999999.99999999',
    ]) {
      expect(readDecimal(text)).toBe(text)
    }
    expect(readDecimal('9007199.254740993')).toBe('9007199.254740993')
  })

  it('takes no byte beside the digits for a digit', () => {
    for (let byte = 0; byte < 128; byte++) {
      if (byte >= 48 && byte <= 57) continue
      for (const at of [0, 3, 5, 8, 11]) {
        const text = '123.45678901'
        const broken = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1)
        const decimal = parseDecimal(broken)
        const isFit = decimal !== null && decimal !== 'range' && decimal.mantissa >= 0n
        expect(readDecimal(broken)).toBe(isFit ? decimalText(decimal.mantissa, decimal.scale) : null)
      }
    }
  })
})

describe('load', () => {
  it('puts zeros around a frame, whatever an earlier frame left there', () => {
    load(new Uint8Array(1000).fill(57))
    load(encoder.encode('12'))
    expect([...space.bytes.subarray(0, FRAME_AT)]).toEqual(new Array(16).fill(0))
    expect([...space.bytes.subarray(space.end, space.end + 16)]).toEqual(new Array(16).fill(0))
    expect(scanInteger(FRAME_AT, new Float64Array(1), 0)).toBe(space.end)
  })

  it('makes a miss a place where no word stands', () => {
    load(encoder.encode('1'))
    expect(space.view.getInt32(MISS, true)).not.toBe(word('1111'))
    expect(space.view.getInt32(MISS, true)).toBe(0)
  })

  it('takes frames up to its size and leaves a larger one to the exact path', () => {
    expect(load(new Uint8Array(FRAME_BYTES_MAX).fill(49))).toBe(true)
    expect(space.end).toBe(FRAME_AT + FRAME_BYTES_MAX)
    expect(load(new Uint8Array(FRAME_BYTES_MAX + 1))).toBe(false)
    load(encoder.encode('1'))
    expect(space.end).toBe(FRAME_AT + 1)
  })
})
