import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JSON_DEPTH_MAX, parseJson } from './json.ts'
import { elementRanges } from './json-slices.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The elements as text; null where there is no list. */
function slices(text: string, key = 'k'): string[] | null {
  const bytes = encoder.encode(text)
  const ranges = elementRanges(bytes, key)
  return ranges === null ? null : ranges.map(({ start, end }) => decoder.decode(bytes.subarray(start, end)))
}

/** The same by `JSON.parse`, which says nothing of where an element stands. */
function parsed(text: string, key = 'k'): unknown[] | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
  const list = Object.hasOwn(json, key) ? (json as Record<string, unknown>)[key] : undefined
  return Array.isArray(list) ? list : null
}

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
/** JSON text with any space that the grammar allows behind commas, colons and brackets. */
const spaced = fc
  .tuple(fc.dictionary(fc.oneof(fc.constant('k'), fc.string()), fc.jsonValue()), space)
  .map(([object, gap]) => JSON.stringify(object, null, gap.replace(/[^ ]/g, '')).replaceAll('\n', `\n${gap}`))

describe('elementRanges', () => {
  it('gives each element byte for byte, without the space around it', () => {
    expect(
      slices('{"a":1, "k" : [ {"x" : 1.50} ,\t"]\\"," , [ [ ] ]\n, -0.1e+5 , null ] , "z":[2]}'),
    ).toEqual(['{"x" : 1.50}', '"]\\","', '[ [ ] ]', '-0.1e+5', 'null'])
    expect(slices('{"k":["测试","\\u6d4b"]}')).toEqual(['"测试"', '"\\u6d4b"'])
    expect(slices('{"k":[ ]}')).toEqual([])
  })

  it('looks only at the outermost keys, reads their escapes, and lets the last of equal keys count', () => {
    expect(slices('{"a":{"k":[1]},"b":[{"k":[2]}]}')).toBeNull()
    expect(slices('{"\\u006b":[1]}')).toEqual(['1'])
    expect(slices('{"k":[1],"k":[2,3]}')).toEqual(['2', '3'])
    expect(slices('{"k":[1],"k":{"0":1}}')).toBeNull()
    expect(slices('{"__proto__":[1]}', '__proto__')).toEqual(['1'])
    expect(slices('{}', '__proto__')).toBeNull()
  })

  it.each([
    '',
    '[]',
    '"k"',
    '{"k":[1]',
    '{"k":[1]}}',
    '{"k":[1,]}',
    '{"k":[,1]}',
    '{"k":[1 2]}',
    '{"k":[1],}',
    '{"k":[01]}',
    '{"k":[1.]}',
    '{"k":[1e]}',
    '{"k":[-]}',
    '{"k":[+1]}',
    '{"k":[tru]}',
    '{"k":["\\x"]}',
    '{"k":["\\u12g4"]}',
    '{"k":["a\nb"]}',
    '{"k":["a]}',
    '{k:[1]}',
    '{"k"[1]}',
    '{"k":[{"a":1]}',
    '{"k":[[1}]}',
    '\ufeff{"k":[1]}',
  ])('answers null to %j', (text) => {
    expect(slices(text)).toBeNull()
    expect(parsed(text)).toBeNull()
  })

  it('has the same bound of nesting as the parser', () => {
    for (const depth of [1, JSON_DEPTH_MAX - 2, JSON_DEPTH_MAX - 1, 100_000]) {
      const text = `{"k":[${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}]}`
      expect(slices(text) !== null).toBe(parseJson(encoder.encode(text)) !== undefined)
    }
  })

  it('agrees with JSON.parse on any text', () => {
    fc.assert(
      fc.property(spaced, (text) => {
        expect(slices(text)?.map((slice) => JSON.parse(slice) as unknown) ?? null).toEqual(parsed(text))
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })

  it('agrees with JSON.parse on texts with a wrong byte', () => {
    const wrong = fc.constantFrom(...'{}[]":,\\0-1.eE+tfnu \n\u0001a')
    fc.assert(
      fc.property(spaced, fc.nat(), wrong, fc.boolean(), (text, at, byte, isInserted) => {
        const index = at % (text.length + 1)
        const mutated = text.slice(0, index) + byte + text.slice(index + (isInserted ? 0 : 1))
        expect(slices(mutated)?.map((slice) => JSON.parse(slice) as unknown) ?? null).toEqual(parsed(mutated))
      }),
      { seed: 20261122, numRuns: 2_000 },
    )
  })

  it('goes down a path of keys, the last of equal ones at each step, and gives the list itself where there is none', () => {
    const key = fc.constantFrom('"data"', '"\\u0064ata"', '"x"', '"da\\"ta"', '"dat"')
    const list = fc.array(fc.jsonValue(), { maxLength: 3 })
    const value = fc.oneof(
      fc.jsonValue(),
      list,
      fc.record({ x: list, y: fc.jsonValue() }, { requiredKeys: [] }),
    )
    const member = fc.tuple(space, key, space, space, value, space)
    const textsOf = (text: string, ...path: string[]): unknown[] | null => {
      const ranges = elementRanges(encoder.encode(text), ...path)
      const texts = ranges?.map(({ start, end }) => decoder.decode(encoder.encode(text).subarray(start, end)))
      return texts?.map((element) => JSON.parse(element) as unknown) ?? null
    }
    const listOf = (json: unknown): unknown[] | null =>
      Array.isArray(json) ? (JSON.parse(JSON.stringify(json)) as unknown[]) : null
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), (members) => {
        const written = members.map(([a, k, b, c, v, d]) => `${a}${k}${b}:${c}${JSON.stringify(v)}${d}`)
        const text = `{${written.join(',')}}`
        const { data } = JSON.parse(text) as { data?: { x?: unknown } | null }
        const isObject = typeof data === 'object' && data !== null && Object.hasOwn(data, 'x')
        expect(textsOf(text, 'data', 'x')).toEqual(listOf(isObject ? data.x : undefined))
        expect(textsOf(text)).toBeNull()
        const inList = `\n[${members.map(([a, , , , v, d]) => `${a}${JSON.stringify(v)}${d}`).join(',')}] `
        expect(textsOf(inList)).toEqual(JSON.parse(inList))
        expect(textsOf(inList, 'data')).toBeNull()
      }),
      { seed: 20261123, numRuns: 1000 },
    )
    for (const text of ['[1', '[1]]', '[1,]', '']) expect(textsOf(text)).toBeNull()
  })
})
