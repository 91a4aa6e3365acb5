import { describe, expect, it } from 'vitest'
import type { Status } from '../status.ts'
import type { StreamPulse } from './pulse.ts'
import { type Look, topText } from './text.ts'

const NOW_US = 1_795_247_060_000_000

function status(journalBytes: number, holes: number): Status {
  return {
    directory: `/data/${'long/'.repeat(20)}\u001b[2J`,
    journal: {
      id: '01M7YK8BB2DH26A5VZF19TGW40',
      isRunning: true,
      firstRecord: 1,
      lastRecord: 2_000,
      lastReceivedUs: NOW_US - 100_000,
      releasedTo: 1_500,
    },
    journalDamage: null,
    journals: [],
    commits: { backlogs: [], committers: [], alarms: [] },
    tables: [],
    halted: [],
    holes: { open: 1, closed: holes },
    disk: { tableBytes: 0, journalBytes, freeBytes: 1_000_000_000 },
  }
}

function stream(name: string, framesPerSecond: number): StreamPulse {
  return {
    exchange: 'x',
    market: 'linear',
    stream: name,
    symbols: 3,
    framesPerSecond,
    bytesPerSecond: 5e4,
    lagMs: 12.4,
  }
}

function look(streams: readonly StreamPulse[]): Look {
  return {
    nowUs: NOW_US,
    status: status(3_000_000, 7),
    pulse: { streams, skipped: 0 },
    first: { nowUs: NOW_US - 10_000_000, status: status(1_000_000, 5) },
  }
}

describe('a look for a person', () => {
  it('tells rates, holes and the disk since it began, within 80 columns of plain text', () => {
    const text = topText(
      look([stream('a name that is much longer than a column\u202e', 1_234), stream('b', 0.5)]),
      40,
    )
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(text).toMatch(/^[\x20-\x7e\n]+$/)
    expect(text).toContain('500 later ones not seen there yet')
    expect(text).toContain('1 open, 7 closed, 2 of them new')
    expect(text).toContain('1,000 MB free, 200 kB/s: full in 83 min if nothing is deleted')
    expect(text).toContain('1,235 frames/s, 100 kB/s')
    expect(text).toMatch(/^x {9}linear .* 3 {5}1,234 {4}50 kB {2}12 ms$/m)
    expect(text).toMatch(/ 0\.5 /)
  })

  it('shows the busiest streams that fit, and how many more there are', () => {
    const streams = Array.from({ length: 30 }, (_, i) => stream(`s${i}`, i + 1))
    const text = topText(look(streams), 20)
    expect(text.split('\n').length).toBeLessThanOrEqual(20)
    expect(text).toContain('s29')
    expect(text).not.toContain('s3 ')
    expect(text).toMatch(/^\d+ quieter streams$/m)
  })

  it('says when nobody collects', () => {
    const { journal, ...rest } = status(1, 1)
    const quiet = {
      ...look([]),
      status: { ...rest, journal: journal === null ? null : { ...journal, isRunning: false } },
    }
    expect(topText(quiet, 20)).toContain('nobody collects here')
  })
})
