import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, requestHash } from './hash.ts'
import { requestOf } from './testing/requests.ts'

describe('requestHash', () => {
  it('never changes for the same request: control logs and ledgers hold it', () => {
    expect(requestHash(requestOf('writer', 1, 'ticks', 'gaps'))).toBe(
      '5dc48d64ffef6bebbd86e89a8fcf2e4844a98c902fbfa5ec57698b17b5e14737',
    )
  })

  it('does not depend on the order of keys, nor on a way through JSON', () => {
    const request = requestOf('writer', 3, 'ticks')
    const turned = Object.fromEntries(Object.entries(request).reverse()) as unknown as typeof request
    expect(requestHash(turned)).toBe(requestHash(request))
    expect(requestHash(JSON.parse(JSON.stringify(request)))).toBe(requestHash(request))
  })

  it('differs when anything in the request does', () => {
    const request = requestOf('writer', 1, 'ticks')
    const others = [
      { ...request, to: 11 },
      { ...request, tables: {} },
      { ...request, tables: { ticks: [{ ...request.tables.ticks![0]!, rows: 2 }] } },
      { ...request, progress: {} },
    ]
    expect(new Set([request, ...others].map(requestHash)).size).toBe(5)
  })

  it('reads as the JSON value it was made of', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { seed: 1, numRuns: 60 },
    )
  })

  it('takes numbers that JSON cannot hold for a bug', () => {
    expect(() => canonicalJson({ rows: Number.NaN })).toThrow('bug')
  })
})
