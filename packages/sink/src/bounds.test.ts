import { describe, expect, it } from 'vitest'
import { exactBounds, textBounds } from './bounds.ts'

describe('bounds', () => {
  it.each([
    ['int', -2n, 7n, 'feffffff', '07000000'],
    ['long', -1n, 2n ** 53n, 'ffffffffffffffff', '0000000000002000'],
    ['boolean', false, true, '00', '01'],
    ['decimal(38,18)', -129n, 128n, 'ff7f', '0080'],
    ['decimal(38,18)', 0n, 10n ** 18n, '00', '0de0b6b3a7640000'],
  ] as const)('of %s are Iceberg single values in hex', (type, lowest, highest, lower, upper) => {
    expect(exactBounds(type, lowest, highest)).toEqual({ lower, upper })
  })

  it('of texts up to 16 code points are the texts', () => {
    expect(textBounds('', '😀'.repeat(16))).toEqual({ lower: '', upper: 'f09f9880'.repeat(16) })
  })

  it('of longer texts are cut after 16 code points, the upper one moved up', () => {
    const hex = (text: string) => Buffer.from(text).toString('hex')
    expect(textBounds('a'.repeat(17), 'b'.repeat(17))).toEqual({
      lower: hex('a'.repeat(16)),
      upper: hex(`${'b'.repeat(15)}c`),
    })
  })

  it('have no upper one when no text of 16 code points is above', () => {
    expect(textBounds('a', '\u{10ffff}'.repeat(17)).upper).toBeNull()
  })
})
