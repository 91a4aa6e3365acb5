import { describe, expect, it } from 'vitest'
import { boundBytes, boundValue } from './bounds.ts'
import { type MetricsMode, metricsModes, trimMetrics } from './metrics-modes.ts'
import { newTable } from './test-support.ts'
import type { ColumnMetrics } from './types.ts'

const COLUMN = 'write.metadata.metrics.column.'
const DEFAULT = 'write.metadata.metrics.default'

describe('metrics modes', () => {
  it('are truncate(16) where no property says otherwise', () => {
    expect(modes({})).toEqual(Array(4).fill({ truncate: 16 }))
  })

  it('are the default’s, and a column’s own above it', () => {
    expect(modes({ [DEFAULT]: 'counts', [`${COLUMN}price`]: 'FULL' })).toEqual([
      'counts',
      // It sorts the files, so its bounds are worth keeping.
      { truncate: 16 },
      'full',
      'counts',
    ])
    expect(modes({ [`${COLUMN}event_ts`]: 'none' })[1]).toBe('none')
  })

  it('end behind the first so many columns, unless a default is set', () => {
    const key = 'write.metadata.metrics.max-inferred-column-defaults'
    expect(modes({ [key]: '2' })).toEqual([{ truncate: 16 }, { truncate: 16 }, 'none', 'none'])
    expect(modes({ [key]: '2', [DEFAULT]: 'full' })).toEqual(Array(4).fill('full'))
  })

  it.each(['truncate(0)', 'truncate', 'some', ''])('refuse %j', (mode) => {
    expect(() => modes({ [DEFAULT]: mode })).toThrow('found another text')
  })
})

describe('trimming metrics', () => {
  const text = 'abcdefghijklmnopqrstuvwxyz'
  const full: ColumnMetrics = {
    valueCounts: new Map([1, 2, 3, 4, 9].map((id) => [id, 10])),
    nullCounts: new Map([[1, 0]]),
    lowerBounds: new Map([
      [1, boundBytes('string', text)],
      [3, boundBytes('decimal(38,18)', -(10n ** 37n))],
    ]),
    upperBounds: new Map([
      [1, boundBytes('string', text)],
      [3, boundBytes('decimal(38,18)', 10n ** 37n)],
    ]),
  }

  it.each<[string, string | null, string | null]>([
    ['none', null, null],
    ['counts', null, null],
    ['truncate(3)', 'abc', 'abd'],
    ['truncate(26)', text, text],
    ['full', text, text],
  ])('by %s keeps the bounds %s and %s of a text', (mode, lower, upper) => {
    const trimmed = trimMetrics(newTable({ [`${COLUMN}exchange`]: mode }).metadata, full)
    const value = (bytes: Uint8Array | undefined) =>
      bytes === undefined ? null : boundValue('string', bytes)
    expect([value(trimmed.lowerBounds.get(1)), value(trimmed.upperBounds.get(1))]).toEqual([lower, upper])
    expect(trimmed.valueCounts.has(1)).toBe(mode !== 'none')
    expect(trimmed.nullCounts.has(1)).toBe(mode !== 'none')
  })

  it('never cuts a number, and forgets columns that are not there', () => {
    const trimmed = trimMetrics(newTable({ [DEFAULT]: 'truncate(1)' }).metadata, full)
    expect(trimmed.upperBounds.get(3)).toEqual(full.upperBounds.get(3))
    expect(trimmed.valueCounts.has(9)).toBe(false)
  })

  it('leaves out an upper bound that cannot be cut', () => {
    const highest = { ...full, upperBounds: new Map([[1, boundBytes('string', '\u{10ffff}'.repeat(20))]]) }
    expect(trimMetrics(newTable().metadata, highest).upperBounds.size).toBe(0)
  })
})

function modes(properties: Record<string, string>): MetricsMode[] {
  return [...metricsModes(newTable(properties).metadata).values()]
}
