import { describe, expect, it } from 'vitest'
import { addCoverage } from './test-coverage.ts'
import { GREEN, isTrade, judged, judgedWide, type Row, take, type World } from './test-world.ts'

const red = { ...GREEN, ok: false }
const rowOf = ({ rows }: World, table: string, symbol = 'BTCUSDT'): Row =>
  rows.coverage.find((row) => row.table_name === table && row.symbol === symbol) as Row
/** The verdict after a change of the finished rows of `coverage`. */
const after = (change: (world: World) => void): ReturnType<typeof judged> =>
  judged((world) => {
    addCoverage(world)
    change(world)
  })
const add = (row: Row, column: string, more: number): void => {
  row[column] = (row[column] as number) + more
}

describe('rows of coverage', () => {
  it('are right in a run without a mistake, of every table, and no minute is without one', async () => {
    const report = await judgedWide(() => {})
    expect(report).toMatchObject({ ...GREEN, coverage_open: 0 })
    expect(report.coverage_minutes).toBeGreaterThan(10)
    expect(report.coverage_duplicates).toBe(report.wire_duplicates)
  })

  it('have sums that hold', async () => {
    const report = await after((world) => add(rowOf(world, 'ticks'), 'received', 1))
    expect(report).toMatchObject({ ...red, coverage_wrong: 1 })
    expect(report.examples.coverage).toMatchObject([
      { problem: 'received is not the sum of the others', table_name: 'ticks', symbol: 'BTCUSDT' },
    ])
  })

  it('do not take a duplicate for a stored message, nor the other way round', async () => {
    for (const more of [1, -1]) {
      const report = await after((world) => {
        add(rowOf(world, 'spot_delta'), 'stored', more)
        add(rowOf(world, 'spot_delta'), 'duplicates', -more)
      })
      expect(report.ok).toBe(false)
      expect(report.examples.coverage.map(({ problem }) => problem)).toContain(
        'stored is not the number of stored messages',
      )
    }
  })

  it('count what came again, and every dead letter', async () => {
    const forgotten = await after((world) => {
      add(rowOf(world, 'ticks'), 'received', -1)
      add(rowOf(world, 'ticks'), 'duplicates', -1)
    })
    expect(forgotten.examples.coverage).toMatchObject([
      { problem: 'duplicates are less than what came again', found: '0', expected: '1' },
    ])
    const letters = await after((world) => {
      add(rowOf(world, 'dead_letter', ''), 'received', 1)
      add(rowOf(world, 'dead_letter', ''), 'dead_letters', 1)
    })
    expect(letters.examples.coverage).toMatchObject([
      { problem: 'dead_letters are not the dead letters of the minute' },
    ])
  })

  it('have the seconds and causes of the gaps, to the microsecond', async () => {
    const problem = 'gap_seconds or causes are not those of the gaps'
    const seconds = await after((world) => {
      const row = rowOf(world, 'ticks')
      row.gap_seconds = (Number(row.gap_seconds) + 0.000001).toFixed(6)
    })
    expect(seconds.examples.coverage).toMatchObject([{ problem, table_name: 'ticks' }])
    const causes = await after((world) => {
      rowOf(world, 'ticks').causes = 'start'
    })
    expect(causes.examples.coverage).toMatchObject([
      { problem, expected: expect.stringContaining('sequence') },
    ])
    const gap = await after(({ rows }) => {
      take(rows.coverage, (row) => row.table_name === 'ticks' && row.symbol === 'BTCUSDT')
    })
    expect(gap).toMatchObject({ ...GREEN, coverage_open: 1 })
  })

  it('are there once, and none is missing before one that is there', async () => {
    const twice = await after(({ rows }) =>
      rows.coverage.push({ ...(rows.coverage[0] as Row), frame: 1_000_001 }),
    )
    expect(twice.examples.coverage.map(({ problem }) => problem)).toContain(
      'the minute is there more than once',
    )
    const missing = await after((world) => {
      const row = rowOf(world, 'ticks')
      const next = (row.minute as number) + 60e6
      const none = { received: 0, stored: 0, duplicates: 0, gap_seconds: '0', causes: null }
      Object.assign(row, { minute: next, event_ts: next, received_ts: next + 120e6, ...none })
    })
    expect(missing.examples.coverage.map(({ problem }) => problem)).toContain(
      'a minute with stored rows is missing',
    )
  })

  it('say less than is stored when a row is stored that nobody counted', async () => {
    const report = await after(({ rows }) => {
      rows.ticks.push({ ...(rows.ticks.find(isTrade(1001)) as Row) })
    })
    expect(report.examples.coverage.map(({ problem }) => problem)).toContain(
      'stored is less than the messages with rows',
    )
  })
})
