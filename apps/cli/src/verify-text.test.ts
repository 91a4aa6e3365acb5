import { describe, expect, it } from 'vitest'
import type { VerifyReport } from './inspect/verify.ts'
import { verifyText } from './verify-text.ts'

const right = {
  emitted: 1_234_567,
  stored: 1_230_000,
  in_gaps: 4_500,
  dead_letters: 60,
  undetectable: 7,
  unanswered: 0,
  lost: 0,
  doubled: 0,
  foreign: 0,
  wire_duplicates: 12_345,
  gaps_recorded: 1_234,
  gaps_injected: 1_234,
  images_checked: 98_765,
  images_wrong: 0,
  images_missing: 0,
  changes_checked: 0,
  changes_wrong: 0,
  names_wrong: 0,
  coverage_minutes: 1_440,
  coverage_wrong: 0,
  bars_checked: 123_456,
  bars_complete: 100_000,
  bars_wrong: 0,
  bars_missing: 0,
  gap_mismatches: [],
  examples: {
    lost: [],
    doubled: [],
    foreign: [],
    images: [],
    changes: [],
    grid: [],
    names: [],
    coverage: [],
    bars: [],
  },
  ok: true,
} as unknown as VerifyReport

describe('a verdict in words', () => {
  it('is the arithmetic in 80 columns', () => {
    const lines = verifyText(right).split('\n')
    expect(lines.at(-1)).toBe('nothing lost, nothing doubled')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  it('has examples of what is wrong, five of a kind, that cannot move a terminal', () => {
    const lost = Array.from({ length: 9 }, (_, id) => ({ symbol: `\u001b[2J${id}` }))
    const text = verifyText({
      ...right,
      ok: false,
      lost: 9,
      foreign: 3,
      examples: { ...right.examples, lost },
      gap_mismatches: [{ symbol: 'A' }],
    })
    const lines = text.split('\n')
    expect(lines.filter((line) => line.startsWith('lost: {'))).toHaveLength(5)
    expect(text).toContain('gaps: {"symbol":"A"}')
    expect(text).not.toContain('\u001b')
    expect(lines.at(-1)).toBe('NOT VERIFIED: 3 rows that no message explains')
  })
})
