import { systemClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { type CoverageFlags, coverageReport } from './coverage-report.ts'
import { formatTable } from './inspect/query.ts'
import { emptyWorld, type Row } from './inspect/test-scene.ts'
import { type WrittenWorld, writeWorld } from './inspect/test-world.ts'

const DAY_US = Date.UTC(2026, 10, 20) * 1000

/** A minute of a key: nothing of it is missing unless it says so. */
function row(
  symbol: string,
  table: string,
  minute: number,
  gapSeconds = 0,
  causes: string | null = null,
): Row {
  const us = DAY_US + minute * 60e6
  return {
    ...common(symbol, us),
    table_name: table,
    minute: us,
    received: 5,
    stored: 5,
    duplicates: 0,
    filtered: 0,
    dead_letters: 0,
    gap_seconds: String(gapSeconds),
    causes,
  }
}

function common(symbol: string, us: number): Row {
  const times = { event_ts: us, event_ts_source: 'received', received_ts: us + 120e6 }
  const key = { exchange: 'e', market: 'spot', symbol, source: 'derived', writer: 'w', frame: 1 }
  return { ...key, ...times }
}

function gap(symbol: string, table: string): Row {
  const place = { gap_id: `${symbol} ${table}`, table_name: table, stream: table }
  return { ...common(symbol, DAY_US), ...place, state: 'closed', cause: 'start' }
}

/** A day of two symbols: A is whole for a minute, cut for two and was not recorded for one; B is whole. */
const DAY: Row[] = [
  row('A', 'ticks', 0, 10.5, 'start'),
  row('A', 'ticks', 1),
  row('A', 'ticks', 2, 49.5, 'disconnect,sequence'),
  row('A', 'ticks', 4),
  row('B', 'ticks', 0),
  row('B', 'ticks', 1),
  row('B', 'instruments', 0),
  row('B', 'instruments', 60),
  row('', 'dead_letter', 1),
]

async function written(coverage: Row[]): Promise<WrittenWorld> {
  const world = emptyWorld()
  world.rows.coverage.push(...coverage)
  world.rows.gaps.push(gap('A', 'ticks'), gap('B', 'ticks'))
  return await writeWorld(world)
}

async function reported(coverage: Row[], flags: Partial<CoverageFlags> = {}): Promise<Parts> {
  const world = await written(coverage)
  try {
    const { files, warehouse } = world
    const source = { files, warehouse, clock: systemClock() }
    const report = await coverageReport(source, { limit: 10, ...flags })
    return { ...report, text: formatTable(report.tables, 80) }
  } finally {
    world.remove()
  }
}
type Parts = Awaited<ReturnType<typeof coverageReport>> & { readonly text: string }

describe('the report of a day', () => {
  it('says per table which share of the minutes is complete, those without a row included', async () => {
    const { day, tables } = await reported(DAY)
    expect(day).toBe('2026-11-20')
    expect(tables.rows).toEqual([
      // What is polled has minutes without an answer by its nature.
      ['e', 'spot', 'instruments', 1, 2, '100.00', null, '0.0'],
      ['e', 'spot', 'ticks', 2, 6, '57.14', 1, '1.0'],
    ])
  })

  it('names causes with their minutes, and what was not recorded among them', async () => {
    const { causes } = await reported(DAY)
    expect(causes.rows).toEqual(
      ['disconnect', 'not recorded', 'sequence', 'start'].map((cause) => [cause, 1, 1, 'ticks']),
    )
  })

  it('lists the keys of which most is missing, with all causes', async () => {
    const { worst } = await reported([...DAY, row('B', 'bbo', 0, 60, 'start')])
    expect(worst.rows).toEqual([
      ['e spot', 'A', 'ticks', '2.0', 'disconnect,not recorded,sequence,start'],
      ['e spot', 'B', 'bbo', '1.0', 'start'],
    ])
    expect((await reported(DAY, { limit: 1, symbol: 'B' })).worst.rows).toEqual([])
  })

  it('is of the day that is asked for, else of the latest', async () => {
    const next = row('A', 'ticks', 1440)
    expect((await reported([...DAY, next])).day).toBe('2026-11-21')
    const first = await reported([...DAY, next], { day: DAY_US })
    expect(first.tables.rows).toHaveLength(2)
    const none = await reported([])
    expect(none).toMatchObject({ day: null, tables: { rows: [] }, causes: { rows: [] }, worst: { rows: [] } })
  })

  it('never says 100 of something that is not whole', async () => {
    const minutes = Array.from({ length: 1440 }, (_, minute) => row('A', 'ticks', minute))
    const many = Array.from({ length: 20 }, (_, i) =>
      minutes.map((each): Row => ({ ...each, symbol: `S${i}` })),
    ).flat()
    many[77] = { ...(many[77] as Row), gap_seconds: '0.000001', causes: 'sequence' }
    const { tables } = await reported(many)
    expect(tables.rows[0]?.[5]).toBe('99.99')
  })

  it('calls no minute complete that a gap without length touches', async () => {
    const { tables, worst } = await reported([row('A', 'ticks', 0, 0, 'sequence'), row('A', 'ticks', 1)])
    expect(tables.rows).toEqual([['e', 'spot', 'ticks', 1, 2, '50.00', 0, '0.0']])
    expect(worst.rows).toEqual([['e spot', 'A', 'ticks', '0.0', 'sequence']])
  })

  it('takes the better of two processes that recorded the same minute', async () => {
    const other = { ...row('A', 'ticks', 0, 0), writer: 'x' }
    const { tables } = await reported([row('A', 'ticks', 0, 60, 'disconnect'), other])
    expect(tables.rows).toEqual([['e', 'spot', 'ticks', 1, 1, '100.00', 0, '0.0']])
  })

  it('fits in 80 columns', async () => {
    const { text } = await reported(DAY)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(text).not.toContain('…')
  })
})
