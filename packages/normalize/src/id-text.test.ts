import { describe, expect, it } from 'vitest'
import { idText } from './id-text.ts'

describe('idText', () => {
  const borders = [0, 1, 9_999, 10_000, 2 ** 31 - 1, 2 ** 31, 3_735_683_259, 3_735_690_000, 9_999_999_999]
  const large = [10_000 * 2 ** 30 - 1, 10_000 * 2 ** 30, 10_000 * 2 ** 31, Number.MAX_SAFE_INTEGER]
  it.each([...borders, ...large])('writes %d as it is', (id) => {
    expect(idText(id)).toBe(String(id))
  })

  it('writes every tail with all of its digits', () => {
    for (let id = 40_000_000_000; id < 40_000_020_000; id++) expect(idText(id)).toBe(String(id))
  })

  it('writes no id for none', () => {
    expect(idText(Number.NaN)).toBeNull()
  })
})
