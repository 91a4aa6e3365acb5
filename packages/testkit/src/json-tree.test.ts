import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOf, changed, partsOf, rewritten, treeOf } from './json-tree.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a JSON tree', () => {
  it('is written back with the tokens that it was read from', () => {
    const text = '{"a":[1.50,-0,1e5,"x\\u0041\\"]",{"":null}],"a":{},"b":[[],true]}'
    expect(decode(bytesOf(treeOf(encode(text)) as never))).toBe(text)
  })

  it('means the same as its text, with any white space', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const tree = treeOf(encode(text))
        const spaced = decode(bytesOf(tree as never, () => ' \n'))
        expect(JSON.parse(spaced)).toEqual(JSON.parse(text))
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('is none of what is no JSON in UTF-8', () => {
    for (const text of ['', '{', '{"a":1,}', "{'a':1}", 'ping', '\ufeff{}'])
      expect(treeOf(encode(text))).toBeNull()
    expect(treeOf(Uint8Array.of(34, 0xff, 34))).toBeNull()
    expect(treeOf(encode('['.repeat(100_000) + ']'.repeat(100_000)))).toBeNull()
  })

  it('names every part by where it stands', () => {
    const tree = treeOf(encode('{"b":[["1","2"]]}')) as never
    expect(partsOf(tree).map(({ shape }) => shape)).toEqual(['', '.b', '.b[]', '.b[][]', '.b[][]'])
    const last = partsOf(tree).at(-1)
    expect(decode(bytesOf(changed(tree, last?.path ?? [], () => ({ text: '7' }))))).toBe('{"b":[["1",7]]}')
  })

  it('rewrites every object', () => {
    const tree = treeOf(encode('[{"a":1,"b":{"c":2,"d":3}}]')) as never
    const reversed = rewritten(tree, { members: (members) => members.toReversed() })
    expect(decode(bytesOf(reversed))).toBe('[{"b":{"d":3,"c":2},"a":1}]')
  })
})
