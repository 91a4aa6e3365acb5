import { describe, expect, it } from 'vitest'
import { speedFlag } from './speed.ts'

describe('the speed of a replay', () => {
  it('is a pace, or none', () => {
    expect(['1x', '0.5x', '10x', '1000000x', 'max'].map(speedFlag)).toEqual([1, 0.5, 10, 1_000_000, null])
  })

  it.each(['', '1', 'x', '0x', '-1x', '1e3x', '1000001x', 'Infinityx', 'fast\u001b'])('is not %j', (text) => {
    expect(() => speedFlag(text)).toThrow('expected max or a pace such as 1x, 10x')
  })
})
