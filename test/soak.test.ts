import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { memoryOf, slopeOf } from './soak-memory.ts'

const soakScript = join(import.meta.dirname, '../scripts/soak.ts')

describe('npm run soak', () => {
  it('tells how fast memory grows, whatever it was at first', () => {
    const grows = (minutes: number) => ({ minutes, megabytes: 200 + 3 * minutes + (minutes % 2) })
    const minutes = Array.from({ length: 40 }, (_, i) => i)
    expect(slopeOf(minutes.map(grows))).toBeCloseTo(3, 1)
    const atFirst = minutes.map((at) => ({ minutes: at, megabytes: at < 10 ? 100 * at : 500 }))
    expect(memoryOf(atFirst, 10)).toEqual({ samples: 30, slopeMbPerMinute: 0, medianMb: 500, peakMb: 900 })
    expect(slopeOf([])).toBeNaN()
  })

  it('measures each life of a collector, and finds everything in the tables though it was killed', async () => {
    const short = ['--minutes', '0.15', '--symbols', '2', '--restarts', '1', '--json']
    const child = spawn(process.execPath, [soakScript, ...short], { stdio: ['ignore', 'pipe', 'inherit'] })
    const report = JSON.parse(await text(child.stdout))
    expect(report.lives).toHaveLength(2)
    expect(report.lives[0].medianMb).toBeGreaterThan(40)
    expect(report.frames).toBeGreaterThan(10)
    expect(report.verified).toMatchObject({ ok: true, lost: 0, doubled: 0 })
    // Four seconds say nothing of growth, but the verdict follows from the figure.
    expect(report.ok).toBe(report.slopeMbPerMinute < 1)
  })
})
