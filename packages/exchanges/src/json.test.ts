import { DecimalColumn, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FieldReader, JSON_DEPTH_MAX, type JsonObject, parseJson, printable } from './json.ts'

const encoder = new TextEncoder()
const parse = (text: string): ReturnType<typeof parseJson> => parseJson(encoder.encode(text))
const readerOf = (text: string): FieldReader => new FieldReader(parse(text) as JsonObject)

describe('parseJson', () => {
  it('refuses nesting deeper than 64 and takes 64', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(parse(nested(JSON_DEPTH_MAX))).toBeDefined()
    expect(parse(nested(JSON_DEPTH_MAX + 1))).toBeUndefined()
    expect(parse(nested(2_000_000))).toBeUndefined()
  })

  it('counts no brackets inside texts', () => {
    expect(parse(JSON.stringify(`${'['.repeat(100)}\\"${'{'.repeat(100)}`))).toBeDefined()
  })

  it('refuses bytes that are no UTF-8', () => {
    expect(parseJson(Uint8Array.of(34, 0xff, 34))).toBeUndefined()
  })
})

describe('FieldReader', () => {
  it('reads whole numbers digit by digit, not as floats', () => {
    expect(readerOf('{"u":9007199254740991}').integer('u')).toBe(9007199254740991)
    for (const text of ['9007199254740992', '9007199254740993', '99999999999999999999']) {
      const fields = readerOf(`{"u":${text}}`)
      fields.integer('u')
      expect(fields.refusal).toMatchObject({ reason: 'number_out_of_range' })
    }
    for (const text of ['1.00000000000000001', '-1', '1e2', '"1"', 'null']) {
      const fields = readerOf(`{"u":${text}}`)
      fields.integer('u')
      expect(fields.refusal).toMatchObject({ reason: 'malformed' })
    }
  })

  it('tells milliseconds from microseconds and counts times before 2009 as absent', () => {
    expect(readerOf('{"E":1672515782136}').time('E')).toBe(1672515782136000)
    expect(readerOf('{"E":1672515782136001}').time('E')).toBe(1672515782136001)
    expect(readerOf('{"E":1000000000000000}').time('E')).toBeNaN()
    expect(readerOf('{"E":1230940799999}').time('E')).toBeNaN()
    expect(readerOf('{"E":1230940800000}').time('E')).toBe(1230940800000000)
  })

  it('keeps decimals beyond 2^53 exact', () => {
    const column = new DecimalColumn()
    column.reserve(1)
    const fields = readerOf('{"p":"12345678901234567890.123456789012345678"}')
    fields.decimal('p', column, 0)
    expect(fields.refusal).toBeNull()
    expect(column.mantissa(0)).toBe(12345678901234567890123456789012345678n)
  })

  it('sees only what the message itself holds', () => {
    const fields = readerOf('{"__proto__":{"u":1}}')
    fields.integer('u')
    fields.integer('constructor')
    expect(fields.refusal).toMatchObject({ detail: 'u is not a whole number' })
  })

  it('takes symbols of 64 bytes and refuses longer ones, empty ones, control characters and lone surrogates', () => {
    const names = new StringTable()
    for (const symbol of ['A'.repeat(64), '测试USDT', '__proto__', '../..', '\ufeffBTC']) {
      const fields = readerOf(JSON.stringify({ s: symbol }))
      expect(names.text(fields.symbol('s', names))).toBe(symbol)
    }
    for (const symbol of ['A'.repeat(65), '', 'A\u0000', 'A\n', '测'.repeat(22), '\ud800']) {
      const fields = readerOf(JSON.stringify({ s: symbol }))
      fields.symbol('s', names)
      expect(fields.refusal).toMatchObject({ reason: 'bad_symbol' })
    }
    expect(names.count).toBe(5)
  })

  it('reads decimals of either sign exactly, and tells an absent one from a wrong one', () => {
    const fields = readerOf('{"r":"-0.00038167","e":"","w":"-12345678901234567890.123456789012345678"}')
    expect(fields.exactDecimal('r')).toEqual({ mantissa: -38167n, scale: 8 })
    expect(fields.optionalDecimal('w')?.mantissa).toBe(-12345678901234567890123456789012345678n)
    expect([fields.optionalDecimal('e'), fields.optionalDecimal('none')]).toEqual([null, null])
    expect(fields.refusal).toBeNull()
    for (const [text, reason] of [
      ['"1.0000000000000000001"', 'number_out_of_range'],
      ['"100000000000000000000"', 'number_out_of_range'],
      ['0.1', 'malformed'],
      ['null', 'malformed'],
      ['"x"', 'malformed'],
    ] as const) {
      for (const read of ['exactDecimal', 'optionalDecimal'] as const) {
        const wrong = readerOf(`{"r":${text}}`)
        wrong[read]('r')
        expect(wrong.refusal).toMatchObject({ reason })
      }
    }
    const absent = readerOf('{"e":""}')
    absent.exactDecimal('e')
    expect(absent.refusal).toMatchObject({ detail: 'e is not a decimal' })
  })

  it('reads texts and whole numbers that may be absent', () => {
    const fields = readerOf('{"X":"","n":7}')
    expect([fields.text('X'), fields.optionalText('X'), fields.optionalText('none')]).toEqual(['', '', null])
    expect([fields.optionalInteger('n'), fields.optionalInteger('none')]).toEqual([7, Number.NaN])
    expect(fields.refusal).toBeNull()
    for (const wrong of [readerOf('{"X":null}'), readerOf('{"X":"\\ud800"}'), readerOf('{}')]) {
      wrong.text('X')
      expect(wrong.refusal).toMatchObject({ detail: 'X is not a text' })
    }
    const wrong = readerOf('{"n":"7"}')
    wrong.optionalInteger('n')
    expect(wrong.refusal).toMatchObject({ detail: 'n is not a whole number' })
  })

  it('remembers the first thing that is wrong', () => {
    const fields = readerOf('{"m":1}')
    fields.flag('m')
    fields.integer('t')
    expect(fields.refusal).toMatchObject({ detail: 'm is not true or false' })
  })
})

describe('printable', () => {
  it('leaves neither control characters nor more than asked for', () => {
    expect(printable('a\u001b[31m\n\u202eb测', 100)).toBe('a?[31m??b?')
    expect(printable('abcdef', 3)).toBe('abc')
  })
})
