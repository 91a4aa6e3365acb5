import { describe, expect, it } from 'vitest'
import {
  GREEN,
  isClosedHole,
  isTrade,
  judged,
  problemsOf,
  type Row,
  receivedAt,
  take,
  type World,
} from './test-world.ts'

describe('holes', () => {
  it('a gap with a border off by one is a mismatch', async () => {
    const shifts = [
      ['from_seq', -1],
      ['from_seq', 1],
      ['to_seq', -1],
      ['to_seq', 1],
    ] as const
    const report = await judged(({ rows }) => {
      const holes = rows.gaps.filter((row) => row.state === 'closed' && row.cause === 'sequence')
      for (const [i, [border, by]] of shifts.entries()) {
        const gap = holes[i * 2] as Row
        gap[border] = (gap[border] as number) + by
      }
    })
    expect(report.ok).toBe(false)
    const problems = problemsOf(report)
    expect(problems.filter((problem) => problem === 'an injected hole is not recorded')).toHaveLength(4)
    expect(problems.filter((problem) => problem === 'a recorded hole was not injected')).toHaveLength(4)
    expect(problems).toContain('does not begin at a stored message')
    expect(problems).toContain('does not end at a stored message')
  })

  it('a hole that is not recorded is a mismatch and its messages are lost', async () => {
    const report = await judged(({ rows }) => {
      const { gap_id } = rows.gaps.find(isClosedHole) as Row
      rows.gaps = rows.gaps.filter((row) => row.gap_id !== gap_id)
    })
    expect(report).toMatchObject({ ok: false, lost: 1, gaps_recorded: 7 })
    expect(report.gap_mismatches).toMatchObject([{ problem: 'an injected hole is not recorded' }])
  })

  it('a hole that is recorded and was not injected is a mismatch', async () => {
    const invent = ({ rows }: World): void => {
      const gap = { ...(rows.gaps.find(isClosedHole) as Row), stream: 'trade', table_name: 'ticks' }
      const [from_ts, to_ts] = [receivedAt(rows.ticks, isTrade(1020)), receivedAt(rows.ticks, isTrade(1022))]
      rows.gaps.push({ ...gap, gap_id: 'invented', from_seq: 1020, to_seq: 1022, from_ts, to_ts, missing: 1 })
    }
    const report = await judged(invent)
    expect(problemsOf(report)).toEqual(['a recorded hole was not injected', 'stored messages lie inside'])
    expect(await judged(invent, true)).toMatchObject({ ok: false, gap_mismatch_count: 1 })
  })

  it('a hole that is recorded under two ids is a mismatch', async () => {
    const report = await judged(({ rows }) => {
      rows.gaps.push({ ...(rows.gaps.find(isClosedHole) as Row), gap_id: 'again' })
    })
    expect(report.gap_mismatches).toMatchObject([{ problem: 'a hole is recorded more than once' }])
  })

  it('a gap row that is stored twice is a mismatch', async () => {
    const report = await judged(({ rows }) => {
      rows.gaps.push({ ...(rows.gaps.find(isClosedHole) as Row) })
    })
    expect(report.gap_mismatches).toMatchObject([{ problem: 'the gap row is stored more than once' }])
  })

  it('a gap that is left open covers nothing behind which messages are stored', async () => {
    const report = await judged(({ rows }) => void take(rows.gaps, isClosedHole))
    expect(report.ok).toBe(false)
    expect(problemsOf(report)).toContain('stored messages lie inside')
  })

  it('a start that is recorded behind the first stored message is a mismatch', async () => {
    const report = await judged(({ rows }) => {
      const start = rows.gaps.find((row) => row.cause === 'start' && row.state === 'closed') as Row
      const next = rows.spot_delta.find((row) => (row.first_seq as number) > (start.to_seq as number)) as Row
      start.to_seq = next.first_seq as number
      start.to_ts = next.received_ts as number
    })
    expect(report.gap_mismatches).toMatchObject([{ problem: 'stored messages lie inside', cause: 'start' }])
  })

  it('messages cut off by a shutdown are in its gap, and its border must be the last stored one', async () => {
    const shutdown =
      (from: number) =>
      ({ rows }: World): void => {
        take(rows.ticks, isTrade(1030))
        const gap = rows.gaps.find((row) => row.stream === 'trade' && row.state === 'open') as Row
        const from_ts = receivedAt(rows.ticks, isTrade(from))
        rows.gaps.push({ ...gap, gap_id: 'end', cause: 'shutdown', from_seq: from, from_ts, frame: 90_000 })
      }
    expect(await judged(shutdown(1029))).toMatchObject({ ...GREEN, unheard: 1 })
    expect((await judged(shutdown(1028))).gap_mismatches).toMatchObject([
      { problem: 'stored messages lie inside' },
    ])
  })

  it('an injected hole must be covered in a killed process as well', async () => {
    const report = await judged(({ rows }) => {
      const { gap_id } = rows.gaps.find(isClosedHole) as Row
      rows.gaps = rows.gaps.filter((row) => row.gap_id !== gap_id)
    }, true)
    expect(report.gap_mismatches).toMatchObject([{ problem: 'an injected hole is not covered' }])
  })
})
