import { describe, expect, it } from 'vitest'
import { findOrphans, type ListedFile, type OrphanSearch } from './orphans.ts'
import { appended, dataFile, type MemoryIO, memoryIO, newTable } from './test-support.ts'
import type { LoadedTable } from './types.ts'

describe('orphans', () => {
  it('are old files that no snapshot and no request names', async () => {
    const io = memoryIO()
    const table = await appended(io, newTable(), 1n, dataFile(1))
    for (const location of ['file:///stray', 'file:///pending']) io.files.set(location, new Uint8Array(1))
    expect(await orphans(io, table, { protect: async () => new Set(['file:///pending']) })).toEqual([
      'file:///stray',
    ])
  })

  it('are none of the table’s own: metadata, its log, the hint, statistics', async () => {
    const io = memoryIO()
    const { metadata, ...rest } = await appended(io, newTable(), 1n, dataFile(1))
    const statistics = [{ 'snapshot-id': 1n, 'statistics-path': 'file:///s.puffin' }]
    const table = { ...rest, metadata: { ...metadata, rest: { 'partition-statistics': statistics } } }
    const own = [table.metadataLocation, metadata.metadataLog[0]!.metadataFile, 'file:///s.puffin']
    for (const location of [...own, `${metadata.location}/metadata/version-hint.text`])
      io.files.set(location, new Uint8Array(1))
    expect(await orphans(io, table)).toEqual([])
  })

  it('are older than the bound, to the millisecond', async () => {
    const io = memoryIO()
    io.files.set('file:///stray', new Uint8Array(1))
    expect(await orphans(io, newTable(), { beforeMs: 5 })).toEqual([])
    expect(await orphans(io, newTable(), { beforeMs: 6 })).toEqual(['file:///stray'])
  })

  it.each([
    ['file:/warehouse/a b', 'file:///warehouse/a b'],
    ['/warehouse/a b', 'file:///warehouse/a b'],
    ['file:///warehouse/a%20b', 'file:///warehouse/a b'],
    ['s3a://bucket/a', 's3://bucket/a'],
  ])('are known however an engine writes their place: %s is %s', async (written, listed) => {
    const io = memoryIO()
    const table = await appended(io, newTable(), 1n, { ...dataFile(1), location: written })
    io.files.set(listed, new Uint8Array(1))
    expect(await orphans(io, table, { list: async () => [{ location: listed, modifiedMs: 0 }] })).toEqual([])
  })

  it('are not found where there is no table', async () => {
    const io = memoryIO()
    io.files.set('file:///stray', new Uint8Array(1))
    expect(await orphans(io, newTable(), { load: async () => null })).toEqual([])
  })

  it('never hold a file that is uploaded and committed between any steps', async () => {
    const steps = ['start', 'list', 'protect', 'load', 'never']
    for (const [i, uploadedBehind] of steps.entries()) {
      for (const committedBehind of steps.slice(i)) {
        const found = await orphansBeside(uploadedBehind, committedBehind)
        expect(found, `${uploadedBehind}, ${committedBehind}`).toEqual([])
      }
    }
  })
})

/** A search beside a writer that uploads a file and asks for it, and a committer that appends and marks it as done. */
async function orphansBeside(
  uploadedBehind: string,
  committedBehind: string,
): Promise<readonly ListedFile[]> {
  const io = memoryIO()
  const file = dataFile(1)
  let table = newTable()
  let pending = new Set<string>()
  const passed = async (step: string): Promise<void> => {
    if (step === uploadedBehind) {
      io.files.set(file.location, new Uint8Array(1))
      pending = new Set([file.location])
    }
    if (step === committedBehind) {
      table = await appended(io, table, 1n, file)
      pending = new Set()
    }
  }
  const told = async <T>(step: string, value: T): Promise<T> => {
    await passed(step)
    return value
  }
  await passed('start')
  return findOrphans({
    io,
    beforeMs: 100,
    list: () =>
      told(
        'list',
        [...io.files.keys()].map((location) => ({ location, modifiedMs: 0 })),
      ),
    protect: () => told('protect', pending),
    load: () => told('load', table),
  })
}

async function orphans(
  io: MemoryIO,
  table: LoadedTable,
  change: Partial<OrphanSearch> = {},
): Promise<string[]> {
  const found = await findOrphans({
    io,
    beforeMs: 100,
    list: async () => [...io.files.keys()].map((location) => ({ location, modifiedMs: 5 })),
    protect: async () => new Set(),
    load: async () => table,
    ...change,
  })
  return found.map(({ location }) => location)
}
