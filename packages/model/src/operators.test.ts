import { describe, expect, it } from 'vitest'
import { windowOf } from './operators.ts'

describe('a window', () => {
  it.each([
    ['1s', 1, 1],
    ['90m', 5400, 5400],
    ['1d', 86_400, 86_400],
    ['24h/1m', 86_400, 60],
    ['1m/1m', 60, 60],
    ['7d/1h', 604_800, 3_600],
  ])('%s has %i s and comes again every %i s', (text, size, step) => {
    expect(windowOf(text)).toEqual({ text, sizeUs: size * 1e6, stepUs: step * 1e6 })
  })

  it.each(['', '1', 's', '0s', '01s', '1.5h', '1m/', '/1m', '1m/7s', '1s/1m', '24h/1s', '8d', '1s '])(
    'is not %j',
    (text) => {
      expect(windowOf(text)).toBeNull()
    },
  )
})
