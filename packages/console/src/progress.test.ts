import { type Collector, openBoard } from '@cryptoflow/pipeline'
import { describe, expect, it } from 'vitest'
import { alarmText, commitProgressText, progressText } from './progress.ts'

const NOW_US = 1_000_000_000

function collector(
  changes: Readonly<Record<string, number>>,
  by: Collector['commit']['by'] = 'collector',
): Collector {
  const board = openBoard()
  for (const [name, value] of Object.entries(changes)) board.set(name as never, value)
  return { board, counters: { frames: 12_345 }, commit: { by } } as unknown as Collector
}

describe('the line of progress', () => {
  const busy = { rows: 987_654, gaps: 156, commits: 99_999, readTimeUs: NOW_US - 12_345_000 }

  it('has rates, lag, gaps, rows and commits in 80 columns', () => {
    const text = progressText(collector({ ...busy, readTimeUs: 0 }), NOW_US)
    expect(text).toBe('12,345 frames/s  987,654 rows/s  lag 0 ms  156 gaps  987,654 rows  99,999 commits')
  })

  it('has what waits for a committer, where commits are left to one', () => {
    const text = progressText(
      collector({ ...busy, readTimeUs: 0, sealed: 1_500, released: 300 }, 'committer'),
      NOW_US,
    )
    expect(text).toMatch(/987,654 rows {2}1,200 to commit$/)
  })

  it('says when the disk will be full, from a week before on', () => {
    const week = 7 * 86_400
    expect(progressText(collector({ ...busy, fullInSeconds: week }), NOW_US)).toContain('commits')
    const text = progressText(collector({ ...busy, fullInSeconds: week - 1 }), NOW_US)
    expect(text).toMatch(/disk full in 6 d 23 h$/)
    expect(text.length).toBeLessThanOrEqual(80)
  })
})

describe('the line of progress of a committer', () => {
  const progress = { commits: 12, epochs: 40, rows: 98_765, files: 7, committedUs: 0, halted: new Map() }

  it('has what was committed, and what waits for how long', () => {
    const waits = { writer: 'w', name: 'x', epochs: 3, oldest: 1, sealedAtMs: 0, tables: [], isHole: false }
    expect(commitProgressText({ ...progress, backlogs: [] }, NOW_US)).toBe(
      '12 commits  98,765 rows  nothing waits',
    )
    expect(commitProgressText({ ...progress, backlogs: [waits, waits] }, 90_000_000)).toBe(
      '12 commits  98,765 rows  6 epochs of 2 writers wait, 90 s',
    )
  })

  it('names the tables that need a person', () => {
    const halted = new Map([['ticks', 'rolled back']] as const)
    expect(commitProgressText({ ...progress, backlogs: [], halted }, NOW_US)).toContain('HALTED: ticks')
  })
})

describe('an alarm', () => {
  const about = { writer: 'w', name: 'binance spot', epoch: 4, tables: ['ticks', 'gaps'], epochs: 9 } as const

  it('says who waits, for what, and how long', () => {
    expect(alarmText({ kind: 'late', level: 'warn', ageMs: 7_200_000, ...about })).toBe(
      'epoch 4 of binance spot (w) waits for 2 h, 9 with it: ticks, gaps',
    )
    expect(alarmText({ kind: 'hole', level: 'error', ageMs: 7_200_000, ...about })).toContain(
      'epoch 4 of binance spot (w) is missing from the ledger, 9 later ones wait',
    )
    expect(alarmText({ kind: 'unattended', level: 'warn', ageMs: 61_000, epochs: 2 })).toContain(
      'nobody commits: 2 epochs wait, the oldest for 61 s',
    )
  })
})
