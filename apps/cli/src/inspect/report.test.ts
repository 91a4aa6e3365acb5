import { createHash } from 'node:crypto'
import { tables } from '@cryptoflow/model'
import { type TableReport, tableReport } from '@cryptoflow/reader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { perfectWorld, type Row, type World, type WrittenWorld, writeWorld } from './test-world.ts'

async function report(change: (world: World) => void): Promise<TableReport[]> {
  const world = perfectWorld()
  change(world)
  const written = await writeWorld(world)
  try {
    return await tableReport(written.files)
  } finally {
    written.remove()
  }
}

const hashOf = (reports: readonly TableReport[], table: string): string | undefined =>
  reports.find((each) => each.table === table)?.content_hash

describe('tableReport', () => {
  let written: WrittenWorld
  let reports: TableReport[]

  beforeAll(async () => {
    written = await writeWorld(perfectWorld())
    reports = await tableReport(written.files)
  })
  afterAll(() => written.remove())

  it('lists every table with its rows, files and bytes', () => {
    expect(reports.map(({ table }) => table)).toEqual(Object.keys(tables))
    expect(reports[0]).toMatchObject({ rows: perfectWorld().rows.ticks.length, files: 1 })
    expect(reports[0]?.bytes).toBeGreaterThan(1000)
    expect(reports.find(({ table }) => table === 'instruments')).toMatchObject({
      rows: 0,
      files: 0,
      bytes: 0,
    })
    for (const { rows, content_hash } of reports) {
      expect(content_hash).toMatch(new RegExp(`^${rows}-[0-9a-f]{32}$`))
    }
  })

  it('says zero of a table without files', async () => {
    const [ticks] = await tableReport(new Map())
    expect(ticks).toEqual({
      table: 'ticks',
      rows: 0,
      files: 0,
      bytes: 0,
      content_hash: `0-${'0'.repeat(32)}`,
    })
  })

  it('gives equal hashes to equal rows in another order and cut', async () => {
    const shuffled = await report(({ rows }) => {
      for (const table of Object.values(rows)) table.reverse()
    })
    expect(shuffled.map(({ content_hash }) => content_hash)).toEqual(reports.map((r) => r.content_hash))
    const halves = [await writePart(0), await writePart(1)]
    try {
      const cut = await tableReport(new Map([['ticks', halves.flatMap((h) => h.files.get('ticks') ?? [])]]))
      expect(cut[0]).toMatchObject({ files: 2, content_hash: hashOf(reports, 'ticks') })
    } finally {
      for (const half of halves) half.remove()
    }
  })

  it('changes with a doubled row, a missing row and any changed value', async () => {
    const changes: ((row: Row, rows: Row[]) => void)[] = [
      (row, rows) => rows.push(row),
      (_, rows) => rows.pop(),
      (row) => Object.assign(row, { quantity: '0.500000000000000001' }),
      (row) => Object.assign(row, { instrument: '' }),
      (row) => Object.assign(row, { event_ts: (row.event_ts as number) + 1 }),
      (row) => Object.assign(row, { side: 'buy1', trade_id: '' }),
    ]
    const hashes = new Set([hashOf(reports, 'ticks')])
    for (const change of changes) {
      const changed = await report(({ rows }) => change(rows.ticks[0] as Row, rows.ticks))
      hashes.add(hashOf(changed, 'ticks'))
    }
    expect(hashes.size).toBe(changes.length + 1)
  })

  it('is the sum of the md5 numbers of the canonical row text, so that anybody can compute it', async () => {
    const one = await report(({ rows }) => rows.dead_letter.splice(1))
    const row = perfectWorld().rows.dead_letter[0] as Row
    const text = (value: unknown): string => `${Buffer.byteLength(String(value))}:${value}`
    const canonical = [
      ...['binance', 'spot', ''].map(text),
      '-|',
      `${row.event_ts}|`,
      text('received'),
      '-|',
      `${row.received_ts}|`,
      ...['ws', '01J'].map(text),
      `${row.frame}|`,
      text('binance.spot.3'),
      '-|',
      ...['malformed', 'expected a value', '1'].map(text),
      `${String(row.raw).toUpperCase()}|`,
    ].join('')
    const digest = createHash('md5').update(canonical).digest().reverse().toString('hex')
    expect(hashOf(one, 'dead_letter')).toBe(`1-${digest}`)
  })
})

/** Every second trade of the perfect world. */
async function writePart(remainder: number): Promise<WrittenWorld> {
  const world = perfectWorld()
  world.rows.ticks = world.rows.ticks.filter((_, i) => i % 2 === remainder)
  return await writeWorld(world)
}
