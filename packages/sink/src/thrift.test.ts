import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readThrift, type ThriftStruct, type ThriftValue, writeThrift } from './thrift.ts'

const RUNS = { numRuns: 500, seed: 20261121 }
const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const bytes = fc.uint8Array({ maxLength: 20 })

/** Values by type; a list's elements have one type. */
const { value: values } = fc.letrec<{ value: [number, ThriftValue]; struct: ThriftStruct }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.boolean().map((value): [number, ThriftValue] => [value ? 1 : 2, value]),
    fc.constantFrom(4, 5, 6).chain((type) => integers.map((value): [number, ThriftValue] => [type, value])),
    fc.uint8Array({ minLength: 8, maxLength: 8 }).map((value): [number, ThriftValue] => [7, value]),
    bytes.map((value): [number, ThriftValue] => [8, value]),
    fc.array(integers, { maxLength: 40 }).map((items): [number, ThriftValue] => [9, { of: 6, items }]),
    fc.array(fc.boolean(), { maxLength: 3 }).map((items): [number, ThriftValue] => [9, { of: 1, items }]),
    fc.array(tie('struct'), { maxLength: 3 }).map((items): [number, ThriftValue] => [9, { of: 12, items }]),
    tie('struct').map((value): [number, ThriftValue] => [12, value]),
  ),
  struct: fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 60 }), tie('value')), {
      maxLength: 6,
      selector: ([id]) => id,
    })
    .map((fields): ThriftStruct => new Map(fields.map(([id, [type, value]]) => [id, { type, value }]))),
}))
const structs = values.filter(([type]) => type === 12).map(([, value]) => value as ThriftStruct)

describe("thrift's compact protocol", () => {
  it('reads every structure as it was written', () => {
    fc.assert(
      fc.property(structs, (struct) => {
        expect(readThrift(writeThrift(struct))).toEqual(struct)
      }),
      RUNS,
    )
  })

  it('has the bytes of its specification', () => {
    const struct: ThriftStruct = new Map([
      [1, { type: 5, value: -1n }],
      [2, { type: 1, value: true }],
      [20, { type: 8, value: Uint8Array.from([7]) }],
      [21, { type: 9, value: { of: 5, items: [150n] } }],
    ])
    expect(Buffer.from(writeThrift(struct)).toString('hex')).toBe('15011108280107' + '1915ac0200')
  })

  it('throws at every cut of a structure, and reads on for ever at none', () => {
    const whole = writeThrift(new Map([[1, { type: 9, value: { of: 6, items: [1n, 2n ** 60n] } }]]))
    for (let length = 0; length < whole.length; length++) {
      expect(() => readThrift(whole.subarray(0, length))).toThrow('thrift: ')
    }
    expect(() => readThrift(Uint8Array.from([0x19, 0xf6, 0xff, 0xff, 0xff, 0xff, 0x0f]))).toThrow('thrift: ')
    expect(() => readThrift(new Uint8Array(1000).fill(0x1c))).toThrow('nested too deeply')
    expect(() => readThrift(Uint8Array.from([0x1b, 0]))).toThrow('type 11 does not occur')
  })
})
