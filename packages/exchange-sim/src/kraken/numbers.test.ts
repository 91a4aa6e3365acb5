import { describe, expect, it } from 'vitest'
import { checksumOf } from './checksum.ts'
import { Window } from './limits.ts'
import { microTime, shortest } from './numbers.ts'

describe('a number of the futures service', () => {
  it.each([
    ['34981.50', '34981.5'],
    ['34981.00', '34981'],
    ['0.0000', '0'],
    ['-0.00', '0'],
    ['15000', '15000'],
    ['0.00012300', '0.000123'],
    ['0.0000123', '0.0000123'],
    ['0.00000123', '1.23e-6'],
    ['-0.0000010', '-1e-6'],
    ['0.0000000001', '1e-10'],
  ])('writes %s as %s', (text, short) => {
    expect(shortest(text)).toBe(short)
    expect(Number(short)).toBeCloseTo(Number(text), 12)
  })

  it('writes times to the microsecond', () => {
    expect(microTime(Date.parse('2023-10-06T17:35:55.440Z'))).toBe('2023-10-06T17:35:55.440000Z')
  })
})

describe('the checksum of a spot book', () => {
  it('is that of the worked example of guides/spot-ws-book-v2', () => {
    const asks = [
      ['45285.2', '0.00100000'],
      ['45286.4', '1.54571953'],
      ['45286.6', '1.54571109'],
      ['45289.6', '1.54560911'],
      ['45290.2', '0.15890660'],
      ['45291.8', '1.54553491'],
      ['45294.7', '0.04454749'],
      ['45296.1', '0.35380000'],
      ['45297.5', '0.09945542'],
      ['45299.5', '0.18772827'],
      ['45300.0', '9.00000000'],
    ] as const
    const bids = [
      ['45283.5', '0.10000000'],
      ['45283.4', '1.54582015'],
      ['45282.1', '0.10000000'],
      ['45281.0', '0.10000000'],
      ['45280.3', '1.54592586'],
      ['45279.0', '0.07990000'],
      ['45277.6', '0.03310103'],
      ['45277.5', '0.30000000'],
      ['45277.3', '1.54602737'],
      ['45276.6', '0.15445238'],
      ['45270.0', '9.00000000'],
    ] as const
    expect(checksumOf({ bids, asks })).toBe(3_310_070_434)
  })
})

describe('a limit', () => {
  it('counts what happened within its window, and not what is older', () => {
    const window = new Window(2, 1_000)
    expect([0, 500, 999].map((ms) => window.take(ms))).toEqual([true, true, false])
    expect(window.take(1_999)).toBe(true)
  })
})
