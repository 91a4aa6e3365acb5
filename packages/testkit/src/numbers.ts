import fc from 'fast-check'

/** 2^53 + 1, which no float64 holds, with the point at every place: readers of one shape are exact in another. */
const odd = '9007199254740993'
const oddDecimals = Array.from(odd, (_, i) => `${odd.slice(0, i) || '0'}.${odd.slice(i)}`)

/** Numbers as text at every border of what a decimal is; each was read wrongly by some client. */
const borderDecimals: readonly string[] = [
  // Zero, signs and shapes that JSON or a float parser takes or leaves.
  ...'0|0.0|0.00000000|-0|-0.0|1|-1|-0.00000001|+1|.5|1.|-|.|| 1|1 |1_000|1,5|1,000.5|1..5|1.5.5|--1'.split(
    '|',
  ),
  ...'0x10|0b1|0o7|1n|NaN|Infinity|-Infinity|null|true|x|１２３|٣|𝟙|1\u00a0|1\n|1\u0000'.split('|'),
  // Leading and trailing zeros keep the scale that was written.
  ...`007.10|00.5|000|10.000000000|1.000000000000000000|${'0'.repeat(30)}1`.split('|'),
  // Exponents.
  ...'6E-8|6e-8|1.16539E8|1e+2|1E18|1e19|1e20|1e-18|1e-19|0e5|1e|e5|1e1.5|1e9999|1e-9999|1e99999'.split('|'),
  ...'1.5e-17|1.5e-18|12.5E1|1e308|1e-324'.split('|'),
  // Where a float64 ends to be exact, and where 32 bits do.
  ...'4294967295.99999999|4294967296.00000001|2147483648|9007199254740991|9007199254740992'.split('|'),
  ...'9007199254740993|90071992.54740991|98765432109.12345678|123456789.12345678|1234567890.12345678'.split(
    '|',
  ),
  ...'999999999.99999999|123456789.123456789|999999999.999999999|0.1|0.3|1.005|4.35'.split('|'),
  // The ends of decimal(38,18).
  ...'99999999999999999999|100000000000000000000|99999999999999999999.999999999999999999'.split('|'),
  ...'99999999999999999999.9999999999999999999|0.000000000000000001|0.0000000000000000001'.split('|'),
  ...'12345678901234567890.123456789012345678|123456789012345678901234567890|1.0000000000000000000'.split(
    '|',
  ),
]

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max })

const randomDecimal = fc
  .tuple(
    fc.constantFrom('', '', '', '', '-'),
    digits(1, 22),
    fc.option(digits(1, 20), { nil: null }),
    fc.option(fc.integer({ min: -25, max: 25 }), { nil: null, freq: 4 }),
  )
  .map(([sign, whole, fraction, exponent]) => {
    const written = `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`
    return exponent === null ? written : `${written}e${exponent}`
  })

/** Texts for a decimal's place: every border, and `count` seeded ones. */
export function decimalTexts(seed: number, count: number): readonly string[] {
  return [...borderDecimals, ...oddDecimals, ...fc.sample(randomDecimal, { seed, numRuns: count })]
}

/** JSON values for a whole number's place: every border, and `count` seeded ones. */
export function wholeNumberTexts(seed: number, count: number): readonly string[] {
  const border = [
    ...'0|1|-1|-0|12345.0|1.5|1e3|1E-1|007|+1|0x10|null|true|[]|{}|NaN'.split('|'),
    ...'2147483647|2147483648|4294967295|4294967296|4294967297|99999999|100000000'.split('|'),
    ...'9007199254740990|9007199254740991|9007199254740992|9007199254740993|9007199254740994'.split('|'),
    ...'9007199254740|9007199254741|1230940799999|1230940800000|999999999999999|1000000000000000'.split('|'),
    ...`9999999999999999|10000000000000000|18446744073709551615|18446744073709551616|1${'0'.repeat(40)}`.split(
      '|',
    ),
  ]
  return [...border, ...fc.sample(digits(1, 19), { seed, numRuns: count })]
}
