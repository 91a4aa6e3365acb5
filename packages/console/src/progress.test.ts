import { type Collector, openBoard } from '@cryptoflow/pipeline'
import { describe, expect, it } from 'vitest'
import { progressText } from './progress.ts'

const NOW_US = 1_000_000_000

function collector(changes: Readonly<Record<string, number>>): Collector {
  const board = openBoard()
  for (const [name, value] of Object.entries(changes)) board.set(name as never, value)
  return { board, counters: { frames: 12_345 } } as unknown as Collector
}

describe('the line of progress', () => {
  const busy = { rows: 987_654, gaps: 156, commits: 99_999, readTimeUs: NOW_US - 12_345_000 }

  it('has rates, lag, gaps, rows and commits in 80 columns', () => {
    const text = progressText(collector({ ...busy, readTimeUs: 0 }), NOW_US)
    expect(text).toBe('12,345 frames/s  987,654 rows/s  lag 0 ms  156 gaps  987,654 rows  99,999 commits')
  })

  it('says when the disk will be full, from a week before on', () => {
    const week = 7 * 86_400
    expect(progressText(collector({ ...busy, fullInSeconds: week }), NOW_US)).toContain('commits')
    const text = progressText(collector({ ...busy, fullInSeconds: week - 1 }), NOW_US)
    expect(text).toMatch(/disk full in 6 d 23 h$/)
    expect(text.length).toBeLessThanOrEqual(80)
  })
})
