import { describe, expect, it } from 'vitest'
import {
  GREEN,
  isTrade,
  judged,
  perfectWorld,
  type Row,
  receivedAt,
  take,
  type World,
  writeWorld,
} from './test-world.ts'
import { verifyRun } from './verify.ts'

describe('a run without a mistake', () => {
  it('passes, and every emitted message has one status', async () => {
    const report = await judged(() => {})
    expect(report).toMatchObject({ ...GREEN, images_missing: 0, wire_duplicates: 4, unheard: 0 })
    expect(report).toMatchObject({ gaps_injected: 8, gaps_recorded: 8, dead_letters: 4 })
    expect(report.emitted).toBe(report.stored + report.in_gaps + report.dead_letters)
    expect(report.images_checked).toBeGreaterThan(40)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('passes for a killed process whose own hole is recorded', async () => {
    const crash = (world: World): void => recordCrash(world, 1023, 1026)
    expect(await judged(crash, true)).toMatchObject({ ...GREEN, unheard: 2 })
    expect(await judged(crash, false)).toMatchObject({ ok: false, gap_mismatch_count: 1 })
  })

  it('lets a late message lie inside the gap that was closed before it came', async () => {
    const report = await judged((world) => {
      recordCrash(world, 1023, 1026)
      const late = { ...take(world.rows.ticks, isTrade(1027)), frame: 99_999 }
      world.rows.ticks.push(late)
      const [open, closed] = world.rows.gaps.slice(-2) as [Row, Row]
      const to_ts = receivedAt(world.rows.ticks, isTrade(1028))
      Object.assign(closed, { to_seq: 1028, to_ts, missing: 4 })
      expect(open.gap_id).toBe(closed.gap_id)
      take(world.rows.ticks, isTrade(1026))
    }, true)
    expect(report).toMatchObject(GREEN)
  })

  it('passes when a book is answered twice at the same sequence and stored twice', async () => {
    const report = await judged((world) => {
      const at = world.log.findIndex(({ stream }) => stream === 'snapshot')
      const again = world.log[at] as World['log'][number]
      const rows = world.rows.spot_delta.filter((row) => row.is_snapshot && row.last_seq === again.last)
      const own = rows.filter((row) => row.symbol === again.symbol)
      world.rows.spot_delta.push(...own.map((row) => ({ ...row, frame: 99_998 })))
      world.log.push({ ...again, n: world.log.length + 1 })
    })
    expect(report).toMatchObject(GREEN)
  })
})

/** Trades between `from` and `to` were received by a process that was killed before it kept them. */
function recordCrash(world: World, from: number, to: number): void {
  for (let id = from + 1; id < to; id++) take(world.rows.ticks, isTrade(id))
  const before = world.rows.ticks.find(isTrade(from)) as Row
  const after = world.rows.ticks.find(isTrade(to)) as Row
  const gap = {
    ...(world.rows.gaps.find((row) => row.symbol === 'BTCUSDT' && row.stream === 'trade') as Row),
    gap_id: 'crash',
    from_seq: from,
    from_ts: before.received_ts as number,
    to_ts: after.received_ts as number,
    cause: 'restart',
    frame: after.frame as number,
  }
  world.rows.gaps.push({ ...gap, state: 'open', to_seq: null, to_ts: null, missing: null })
  world.rows.gaps.push({ ...gap, state: 'closed', to_seq: to, missing: to - from - 1 })
}

describe('a log or table that cannot be read', () => {
  it('is an error of kind data', async () => {
    const written = await writeWorld(perfectWorld())
    try {
      const missing = { ...written, emissionLog: `${written.directory}/none`, restarted: false }
      await expect(verifyRun(missing)).rejects.toMatchObject({ kind: 'data' })
    } finally {
      written.remove()
    }
  })
})
