import { describe, expect, it } from 'vitest'
import { type ExpiryOptions, expiredFiles, planExpiry } from './expiry.ts'
import { reachableFiles } from './orphans.ts'
import { liveDataFiles } from './readers.ts'
import { prepareReplace } from './replace.ts'
import {
  appended,
  chance,
  committed,
  contextOf,
  dataFile,
  type MemoryIO,
  memoryIO,
  newTable,
} from './test-support.ts'
import type { LoadedTable, RefSettings, Snapshot, TableMetadata, Update } from './types.ts'

const DAY = 24 * 3_600_000

describe('planning an expiry', () => {
  it('keeps what is young and always the head', () => {
    expect(planned(chain(1, 2, 3, 4), { nowMs: 10 * DAY, maxSnapshotAgeMs: 7 * DAY })).toEqual([1n, 2n])
    expect(planned(chain(1, 2, 3, 4), { nowMs: 100 * DAY })).toEqual([1n, 2n, 3n])
  })

  it('keeps as many as it is told, however old', () => {
    expect(planned(chain(1, 2, 3, 4), { nowMs: 100 * DAY, minSnapshotsToKeep: 3 })).toEqual([1n])
  })

  it('keeps no more than it is told, however young, and always the head', () => {
    const young = { nowMs: 4 * DAY, maxSnapshotsToKeep: 2 }
    expect(planned(chain(1, 2, 3, 4), young)).toEqual([1n, 2n])
    expect(planned(chain(1, 2, 3, 4), { ...young, minSnapshotsToKeep: 3 })).toEqual([1n])
    expect(planned(chain(1, 2, 3, 4), { ...young, maxSnapshotsToKeep: 0 })).toEqual([1n, 2n, 3n])
  })

  it('goes by the table’s properties and above them by the branch’s own settings', () => {
    const properties = {
      'history.expire.max-snapshot-age-ms': String(2 * DAY),
      'history.expire.min-snapshots-to-keep': '2',
    }
    const table = { ...chain(1, 2, 3, 4), properties }
    expect(planned(table, { nowMs: 5 * DAY })).toEqual([1n, 2n])
    expect(planned(table, { nowMs: 50 * DAY })).toEqual([1n, 2n])
    expect(
      planned(withRef(table, 'main', 4n, { type: 'branch', minSnapshotsToKeep: 4 }), { nowMs: 50 * DAY }),
    ).toEqual([])
    expect(
      planned(withRef(table, 'main', 4n, { type: 'branch', maxSnapshotAgeMs: 48 * DAY }), {
        nowMs: 50 * DAY,
      }),
    ).toEqual([1n])
  })

  it('keeps what a tag names and the history of a branch', () => {
    const tagged = withRef(chain(1, 2, 3, 4), 'v1', 2n, { type: 'tag' })
    expect(planned(tagged, { nowMs: 100 * DAY })).toEqual([1n, 3n])
    const branched = withRef(chain(1, 2, 3, 4), 'b', 2n, { type: 'branch', minSnapshotsToKeep: 2 })
    expect(planned(branched, { nowMs: 100 * DAY })).toEqual([3n])
  })

  it('drops a ref past its age, never main, and then what only it held', () => {
    const tagged = withRef(chain(1, 2, 3, 4), 'v1', 2n, { type: 'tag', maxRefAgeMs: 97 * DAY })
    expect(planExpiry(tagged, { nowMs: 99 * DAY }).refs).toEqual([])
    const expiry = planExpiry(tagged, { nowMs: 100 * DAY })
    expect(expiry.refs).toEqual(['v1'])
    expect(expiry.updates).toEqual([
      { action: 'remove-snapshot-ref', ref: 'v1' },
      { action: 'remove-snapshots', snapshotIds: [1n, 2n, 3n] },
    ])
    const properties = { 'history.expire.max-ref-age-ms': '1' }
    expect(planExpiry({ ...chain(1, 2), properties }, { nowMs: 100 * DAY }).refs).toEqual([])
  })

  it('keeps snapshots of no branch while they are young', () => {
    const staged = { ...chain(1, 2, 3, 8), currentSnapshotId: 2n }
    expect(planned(staged, { nowMs: 9 * DAY, maxSnapshotAgeMs: 2 * DAY })).toEqual([1n, 3n])
  })

  it('asserts every ref as it was, so that nothing named meanwhile is forgotten', () => {
    const table = withRef(chain(1, 2, 3), 'v1', 1n, { type: 'tag' })
    const { requirements } = planExpiry(table, { nowMs: 100 * DAY })
    expect(requirements).toEqual([
      { type: 'assert-table-uuid', uuid: table.tableUuid },
      { type: 'assert-ref-snapshot-id', ref: 'v1', snapshotId: 1n },
      { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: 3n },
    ])
  })

  it('has nothing to do for a table without snapshots', () => {
    expect(planExpiry(newTable().metadata, { nowMs: 100 * DAY }).updates).toEqual([])
  })
})

describe('files of forgotten snapshots', () => {
  it('are those that no retained snapshot reaches', async () => {
    const io = memoryIO()
    let table = await appended(io, newTable(), 1n, dataFile(1), dataFile(2))
    table = await appended(io, table, 2n, dataFile(3))
    table = await compacted(io, table, 3n, [1, 3], 'merged')
    const after = committed(table, planExpiry(table.metadata, { nowMs: 100 * DAY }))
    const gone = await expiredFiles(io, table.metadata, after.metadata)
    expect(gone.filter((location) => location.endsWith('.parquet'))).toEqual([
      dataFile(1).location,
      dataFile(3).location,
    ])
    await deletedAndWhole(io, after, gone)
    expect((await liveDataFiles(io, after.metadata)).map(({ rows }) => rows)).toEqual([4, 2])
  })

  it('leave what a tag still shows', async () => {
    const io = memoryIO()
    let table = await appended(io, newTable(), 1n, dataFile(1), dataFile(2))
    const tag: Update = { action: 'set-snapshot-ref', ref: 'v1', snapshotId: 1n, settings: { type: 'tag' } }
    table = committed(table, { requirements: [], updates: [tag] })
    table = await compacted(io, await appended(io, table, 2n), 3n, [1, 2], 'merged')
    const after = committed(table, planExpiry(table.metadata, { nowMs: 100 * DAY }))
    const gone = await expiredFiles(io, table.metadata, after.metadata)
    expect(gone).toEqual([table.metadata.snapshots[1]!.manifestList])
    await deletedAndWhole(io, after, gone)
    expect(await liveDataFiles(io, after.metadata, 1n)).toHaveLength(2)
  })

  it('count statistics among them', async () => {
    const io = memoryIO()
    const table = await appended(io, await appended(io, newTable(), 1n), 2n)
    const statistics = [1n, 2n].map((id) => ({ 'snapshot-id': id, 'statistics-path': `file:///stats-${id}` }))
    const base = { ...table, metadata: { ...table.metadata, rest: { statistics } } }
    const after = committed(base, planExpiry(base.metadata, { nowMs: 100 * DAY }))
    const gone = await expiredFiles(io, base.metadata, after.metadata)
    expect(gone).toContain('file:///stats-1')
    expect(gone).not.toContain('file:///stats-2')
  })

  it('never touch a file that any state still needs, over many lives of a table', async () => {
    for (let seed = 1; seed <= 40; seed++) await live(seed)
  })
})

/** Random appends, compactions, tags and expiries; after each expiry everything reachable must open. */
async function live(seed: number): Promise<void> {
  const below = chance(seed)
  const io = memoryIO()
  let table = newTable({ 'commit.manifest.min-count-to-merge': '4' })
  let rows = 0
  for (let id = 1n; id <= 30n; id++) {
    const kind = below(10)
    const shown = await liveDataFiles(io, table.metadata)
    if (kind < 2 && shown.length > 2) {
      const from = below(shown.length - 1)
      const chosen = shown.slice(from, from + 1 + below(3))
      table = await compacted(
        io,
        table,
        id,
        chosen.map((file) => file.rows),
        `merged-${id}`,
      )
    } else if (kind === 2 && table.metadata.currentSnapshotId !== null) {
      const { currentSnapshotId } = table.metadata
      const settings = { type: below(2) === 0 ? 'tag' : 'branch' } as const
      const tag: Update = {
        action: 'set-snapshot-ref',
        ref: `r${id}`,
        snapshotId: currentSnapshotId,
        settings,
      }
      table = committed(table, { requirements: [], updates: [tag] })
    } else if (kind < 5) {
      const expiry = planExpiry(table.metadata, { nowMs: 100 * DAY, minSnapshotsToKeep: 1 + below(4) })
      const after = committed(table, expiry)
      await deletedAndWhole(io, after, await expiredFiles(io, table.metadata, after.metadata))
      table = after
    } else {
      const file = dataFile(Number(id) * 1000 + below(1000))
      rows += file.rows
      table = await appended(io, table, id, file)
    }
    const total = (await liveDataFiles(io, table.metadata)).reduce((sum, file) => sum + file.rows, 0)
    expect(total, `seed ${seed}, step ${id}`).toBe(rows)
  }
}

/** Deletes the files, and reads all that the table still promises. */
async function deletedAndWhole(io: MemoryIO, table: LoadedTable, gone: readonly string[]): Promise<void> {
  for (const location of gone) {
    expect(io.files.delete(location) || location.startsWith('file:///stats'), location).toBe(true)
  }
  const { metadata } = table
  for (const location of await reachableFiles(io, table)) {
    const isMetadata = /metadata\/(0|version-hint)/.test(location)
    expect(isMetadata || io.files.has(location), location).toBe(true)
  }
  for (const { snapshotId } of metadata.snapshots) await liveDataFiles(io, metadata, snapshotId)
}

async function compacted(
  io: MemoryIO,
  table: LoadedTable,
  snapshotId: bigint,
  rows: readonly number[],
  name: string,
): Promise<LoadedTable> {
  const removed = (await liveDataFiles(io, table.metadata)).filter((file) => rows.includes(file.rows))
  const sum = removed.reduce((all, file) => all + file.rows, 0)
  const merged = { ...dataFile(sum), location: `file:///warehouse/${name}.parquet` }
  io.files.set(merged.location, new Uint8Array(1))
  const options = { snapshotId, summary: {}, attempt: 1 }
  const context = contextOf(io, Number(snapshotId))
  return committed(table, await prepareReplace(context, table, { removed, added: [merged] }, options))
}

/** Snapshots 1, 2, 3, ... on main, made on these days. */
function chain(...days: number[]): TableMetadata {
  const snapshots = days.map(
    (day, i): Snapshot => ({
      snapshotId: BigInt(i + 1),
      parentSnapshotId: i === 0 ? null : BigInt(i),
      sequenceNumber: i + 1,
      timestampMs: day * DAY,
      manifestList: `list-${i + 1}`,
      summary: { operation: 'append' },
      schemaId: 0,
    }),
  )
  return { ...newTable().metadata, snapshots, currentSnapshotId: BigInt(days.length) }
}

function withRef(
  metadata: TableMetadata,
  ref: string,
  snapshotId: bigint,
  settings: RefSettings,
): TableMetadata {
  const update: Update = { action: 'set-snapshot-ref', ref, snapshotId, settings }
  return committed({ ...newTable(), metadata }, { requirements: [], updates: [update] }).metadata
}

function planned(metadata: TableMetadata, options: ExpiryOptions): readonly bigint[] {
  return planExpiry(metadata, options).snapshotIds
}
