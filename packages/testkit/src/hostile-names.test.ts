import { describe, expect, it } from 'vitest'
import { hostileNames } from './hostile-names.ts'

const bytesIn = (text: string): number => new TextEncoder().encode(text).length

describe.each([
  ['of any form', undefined],
  ['of a form of their own', (text: string) => `${text}-测-SWAP`],
] as const)('hostile names %s', (_form, symbolWith) => {
  const names = hostileNames(symbolWith)
  const lengths = (must: string): number[] =>
    names.filter((hostile) => hostile.must === must).map(({ name }) => bytesIn(name))

  it('that must be read have 64 bytes at most, and one has just that', () => {
    expect(Math.max(...lengths('read'))).toBe(64)
  })

  it('that must be refused are empty or longer, and one by a single byte', () => {
    const refused = lengths('refused').sort((a, b) => a - b)
    expect(refused[0]).toBe(0)
    expect(refused[1]).toBe(65)
  })

  it('have the form that is asked for, but for the empty one', () => {
    const ending = symbolWith?.('') ?? ''
    expect(names.filter(({ name }) => !name.endsWith(ending)).map(({ name }) => name)).toEqual(
      ending === '' ? [] : [''],
    )
  })
})
