import { describe, expect, it } from 'vitest'
import { createChance } from './chance.ts'
import { type JsonTree, treeOf } from './json-tree.ts'
import { byteMutations, equalMutations, hugeMutations, shapeMutations } from './mutations.ts'

const bytes = new TextEncoder().encode('{"e":"trade","p":"1.50","b":[["1","2"]],"t":7}')
const tree = treeOf(bytes) as JsonTree
const texts = (mutations: Iterable<{ readonly bytes: Uint8Array }>): string[] =>
  [...mutations].map((mutation) => new TextDecoder().decode(mutation.bytes))

describe('mutations', () => {
  it('cut at every position', () => {
    const cuts = [...byteMutations(bytes, createChance(1))].filter(({ promise }) => promise === 'cut')
    expect(cuts.map((cut) => cut.bytes.length)).toEqual([...bytes.keys()])
  })

  it('are the same for the same seed, and others for another', () => {
    const of = (seed: number): string[] => [
      ...texts(byteMutations(bytes, createChance(seed))),
      ...texts(equalMutations(tree, createChance(seed))),
    ]
    const [first, again, other] = [of(1), of(1), of(2)].map((lines) => lines.join('\n'))
    expect(first === again).toBe(true)
    expect(first === other).toBe(false)
  })

  it('that promise the same are spelled otherwise and keep all values', () => {
    const equal = texts(equalMutations(tree, createChance(3)))
    expect(new Set(equal).size).toBeGreaterThan(10)
    for (const text of equal) {
      expect(JSON.parse(text)).toMatchObject({ e: 'trade', p: '1.50', b: [['1', '2']], t: 7 })
    }
  })

  it('take away every key, double it, and put every type in its place', () => {
    const shapes = texts(shapeMutations(tree, createChance(4)))
    for (const text of [
      '{"p":"1.50","b":[["1","2"]],"t":7}',
      '{"e":"trade","p":"1.50","b":[["1","2"]],"t":7,"e":"trade"}',
      '{"e":"trade","p":1.50,"b":[["1","2"]],"t":7}',
      '{"e":"trade","p":"1.50","b":[["1","2"]],"t":"7"}',
      '{"e":"trade","p":"1.50","b":null,"t":7}',
    ]) {
      expect(shapes).toContain(text)
    }
    expect(shapes.some((text) => text.includes('['.repeat(65)))).toBe(true)
  })

  it('make each kind of list longer than a message may be', () => {
    const [list, ...others] = [...hugeMutations(tree)]
    expect(others).toEqual([])
    expect([list?.shape, list?.doubled]).toEqual(['.b', null])
    const huge = JSON.parse(new TextDecoder().decode(list?.huge().bytes)) as { b: string[][] }
    expect(huge.b.length).toBe(100_001)
  })

  it('double lists whose items have keys, since only the events tell whether these are levels', () => {
    const text = '{"data":[{"bids":[{"p":1}],"n":[]}]}'
    const lists = [...hugeMutations(treeOf(new TextEncoder().encode(text)) as JsonTree)]
    expect(
      lists.map(({ shape, doubled }) => [shape, new TextDecoder().decode(doubled ?? undefined)]),
    ).toEqual([
      ['.data', '{"data":[{"bids":[{"p":1}],"n":[]},{"bids":[{"p":1}],"n":[]}]}'],
      ['.data[].bids', '{"data":[{"bids":[{"p":1},{"p":1}],"n":[]}]}'],
    ])
  })
})
