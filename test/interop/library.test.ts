import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  applyTransform,
  boundBytes,
  createSqliteCatalog,
  type DataFile,
  evolveSchema,
  evolveSpec,
  expiredFiles,
  type LoadedTable,
  liveDataFiles,
  type PartitionSpec,
  type PrimitiveType,
  type Proposal,
  partitionRows,
  planCompaction,
  planExpiry,
  prepareAppend,
  prepareReplace,
  refsOf,
  replaceSortOrder,
  type Schema,
  type SqliteCatalog,
  snapshotIdFrom,
  type TableDefinition,
} from '@cryptoflow/iceberg'
import { seededChance, uuid } from '@cryptoflow/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ask, isInstalled, type Question } from './engines.ts'
import { io, pathOf, plainDecimal } from './places.ts'

/**
 * Everything that the library can do to a table, and after each step PyIceberg (in the end Spark) finds the rows that
 * were written, no more and no fewer. The Parquet files are PyArrow's, so that none of our own encoders is involved.
 */
interface Row {
  readonly id: bigint
  readonly name: string | null
  /** Unscaled, of 18 digits. */
  readonly price: bigint
  /** Microseconds. */
  readonly at: bigint
  readonly n: bigint | null
}

const name = { namespace: 'lab', name: 'everything' }
const definition: TableDefinition = {
  schema: {
    schemaId: 0,
    fields: [
      { id: 1, name: 'id', required: true, type: 'long' },
      { id: 2, name: 'name', required: false, type: 'string' },
      { id: 3, name: 'price', required: true, type: 'decimal(38,18)' },
      { id: 4, name: 'at', required: true, type: 'timestamptz' },
      { id: 5, name: 'n', required: false, type: 'int' },
    ],
  },
  partitionSpec: {
    specId: 0,
    fields: [
      { sourceId: 1, fieldId: 1000, name: 'id_bucket', transform: 'bucket[4]' },
      { sourceId: 2, fieldId: 1001, name: 'name_trunc', transform: 'truncate[2]' },
      { sourceId: 4, fieldId: 1002, name: 'at_day', transform: 'day' },
    ],
  },
  sortOrder: {
    orderId: 1,
    fields: [{ sourceId: 1, transform: 'identity', direction: 'asc', nullOrder: 'nulls-first' }],
  },
  properties: { 'commit.manifest.min-count-to-merge': '3' },
}
const DAY_US = 86_400_000_000n
const START_US = 1_700_000_000_000_000n

const chance = seededChance(6)
const rows: Row[] = []
let warehouse: string
let catalog: SqliteCatalog
let table: LoadedTable
let timeMs = 1_700_000_000_000
let files = 0

beforeAll(async () => {
  warehouse = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  catalog = createSqliteCatalog({
    file: join(warehouse, 'catalog.db'),
    name: 'lab',
    warehouse: `file://${warehouse}`,
    io,
    nowMs: () => ++timeMs,
    uuid,
  })
  table = await catalog.create(name, definition)
})
afterAll(() => {
  catalog?.close()
  rmSync(warehouse, { recursive: true, force: true })
})

describe.skipIf(!isInstalled('pyiceberg'))('a table that only this library has written', () => {
  it('has the rows of its appends, and PyIceberg opens as few files as its partitions allow', async () => {
    for (let batch = 0; batch < 4; batch++) await append(drawRows(30))
    const [first] = rows
    const id = first!.id.toString()
    const bucket = applyTransform('bucket[4]', 'long', first!.id)
    const inBucket = (await partitionRows(io, table.metadata)).filter(
      ({ partition }) => partition.id_bucket === bucket,
    )
    const [all, one] = await expectOwnRows([{ sums: ['price'], where: [['id', '=', id]] }])
    expect(all!.planned).toBe((await liveDataFiles(io, table.metadata)).length)
    expect(one!.planned).toBeGreaterThan(0)
    expect(one!.planned).toBeLessThanOrEqual(inBucket.reduce((sum, partition) => sum + partition.files, 0))
  })

  it('goes on under wider, more, renamed and moved columns, another spec and another order', async () => {
    await commit(
      evolveSchema(table.metadata, [
        { change: 'widen', name: 'n', type: 'long' },
        { change: 'rename', name: 'name', to: 'label' },
        { change: 'add', name: 'extra', type: 'string' },
        { change: 'move', name: 'price', after: null },
        { change: 'make-optional', name: 'id' },
      ]),
    )
    await commit(
      evolveSpec(table.metadata, [
        { change: 'remove', name: 'name_trunc' },
        { change: 'add', column: 'label', transform: 'identity', name: 'by_label' },
      ]),
    )
    await commit(replaceSortOrder(table.metadata, [{ column: 'at', direction: 'desc' }]))
    await append(drawRows(30, 2n ** 40n))
    await expectOwnRows()
  })

  it('has the same rows in fewer files after a compaction', async () => {
    const before = await liveDataFiles(io, table.metadata)
    const groups = planCompaction(before, { targetBytes: 1 << 20, isClosed: () => true })
    expect(groups.length).toBeGreaterThan(2)
    for (const group of groups) {
      const locations = new Set(group.files.map(({ location }) => location))
      const together = [...written].flatMap(([location, part]) => (locations.has(location) ? part : []))
      const spec = table.metadata.partitionSpecs.find(({ specId }) => specId === group.specId)!
      const added = await writeFiles(together, spec)
      expect(added).toHaveLength(1)
      const replacement = { removed: group.files, added }
      await commit(
        await prepareReplace(context(), table, replacement, { ...options(), specId: group.specId }),
      )
    }
    expect((await liveDataFiles(io, table.metadata)).length).toBeLessThan(before.length)
    await expectOwnRows()
  })

  it('shows a tag what it showed then, when all other history and its files are gone', async () => {
    const tagged = table.metadata.snapshots[1]!.snapshotId
    const rowsThen = (await liveDataFiles(io, table.metadata, tagged)).reduce(
      (sum, file) => sum + file.rows,
      0,
    )
    const settings = { type: 'tag' } as const
    await commit({
      requirements: [],
      updates: [{ action: 'set-snapshot-ref', ref: 'v1', snapshotId: tagged, settings }],
    })
    const before = table.metadata
    await commit(planExpiry(before, { nowMs: timeMs + 1e9, maxSnapshotAgeMs: 0 }))
    expect(table.metadata.snapshots).toHaveLength(2)
    expect(refsOf(table.metadata).get('v1')?.snapshotId).toBe(tagged)
    const gone = await expiredFiles(io, before, table.metadata)
    expect(gone.length).toBeGreaterThan(10)
    for (const location of gone) await io.remove(location)
    const [, then] = await expectOwnRows([{ sums: ['price'], where: [], snapshot: String(tagged) }])
    expect(then!.rows).toBe(rowsThen)
    await append(drawRows(10))
    await expectOwnRows()
  })

  it.skipIf(!isInstalled('spark'))('is read by Spark, through the same SQLite file', async () => {
    const asked = { ...place(), do: 'read', questions: [everything] }
    const { answers } = await ask<{ answers: Answer[] }>('spark', asked)
    expectSums(answers[0]!)
  })
})

const everything: Question = { sums: ['price'], where: [] }

/** What PyIceberg finds in all and for each further question. */
async function expectOwnRows(questions: readonly Question[] = []): Promise<readonly Answer[]> {
  const asked = { ...place(), do: 'read', questions: [everything, ...questions] }
  const { answers } = await ask<{ answers: Answer[] }>('pyiceberg', asked)
  expectSums(answers[0]!)
  return answers
}

function expectSums(answer: Answer): void {
  const price = rows.reduce((sum, row) => sum + row.price, 0n)
  expect(answer.rows).toBe(rows.length)
  expect(plainDecimal(answer.sums.price!)).toBe(plainDecimal(decimalText(price)))
}

function place() {
  return { warehouse, rest: '', via: 'local', catalog: 'lab', table: 'lab.everything' }
}

function drawRows(count: number, n = 7n): Row[] {
  return Array.from({ length: count }, () => ({
    id: BigInt(chance.below(2 ** 31)) * 4_000_000_000n,
    name: chance.below(5) === 0 ? null : ['ab😀', 'abc', 'xy', ''][chance.below(4)]!,
    price: (BigInt(chance.below(2 ** 31)) - 2n ** 30n) * 1_234_567_890_123n,
    at: START_US + BigInt(chance.below(3)) * DAY_US,
    n: chance.below(3) === 0 ? null : n,
  }))
}

/** The rows of each data file that was ever written. */
const written = new Map<string, readonly Row[]>()

async function append(added: readonly Row[]): Promise<void> {
  rows.push(...added)
  const { partitionSpecs, defaultSpecId } = table.metadata
  const spec = partitionSpecs.find(({ specId }) => specId === defaultSpecId)!
  await commit(await prepareAppend(context(), table, await writeFiles(added, spec), options()))
}

async function commit({ requirements, updates }: Proposal): Promise<void> {
  const result = await catalog.commit(table, requirements, updates)
  if (result.outcome !== 'applied') throw new Error(result.outcome)
  table = result.table
}

function context() {
  return { io, nowMs: () => ++timeMs, uuid }
}

function options() {
  return { snapshotId: snapshotIdFrom(uuid()), summary: {}, attempt: 1 }
}

/** One Parquet file for each partition of the rows, with the current schema's columns. */
async function writeFiles(part: readonly Row[], spec: PartitionSpec): Promise<readonly DataFile[]> {
  const { schemas, currentSchemaId, location } = table.metadata
  const schema = schemas.find(({ schemaId }) => schemaId === currentSchemaId)!
  const groups = Map.groupBy(part, (row) => JSON.stringify(partitionOf(row, schema, spec)))
  const made = [...groups.values()].map((group) => {
    const file = `${location}/data/${++files}.parquet`
    written.set(file, group)
    return { file, group }
  })
  mkdirSync(join(pathOf(location), 'data'), { recursive: true })
  await ask('pyiceberg', {
    do: 'write',
    files: made.map(({ file, group }) => ({
      path: pathOf(file),
      columns: schema.fields.map(({ id, name: column, type, required }) => ({
        id,
        name: column,
        type,
        required,
        values: group.map((row) => jsonValue(cellOf(row, id), type)),
      })),
    })),
  })
  return made.map(({ file, group }) => dataFile(file, group, schema, spec))
}

function dataFile(location: string, group: readonly Row[], schema: Schema, spec: PartitionSpec): DataFile {
  const lowerBounds = new Map<number, Uint8Array>()
  const upperBounds = new Map<number, Uint8Array>()
  for (const { id, type } of schema.fields) {
    const values = group.map((row) => cellOf(row, id)).filter((value) => typeof value === 'bigint')
    if (values.length === 0) continue
    const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    lowerBounds.set(id, boundBytes(type, sorted[0]!))
    upperBounds.set(id, boundBytes(type, sorted.at(-1)!))
  }
  return {
    location,
    bytes: statSync(pathOf(location)).size,
    rows: group.length,
    partition: partitionOf(group[0]!, schema, spec),
    valueCounts: new Map(schema.fields.map(({ id }) => [id, group.length])),
    nullCounts: new Map(
      schema.fields.map(({ id }) => [id, group.filter((row) => cellOf(row, id) === null).length]),
    ),
    lowerBounds,
    upperBounds,
    splitOffsets: [],
    sortOrderId: null,
  }
}

function partitionOf(row: Row, schema: Schema, spec: PartitionSpec): DataFile['partition'] {
  return spec.fields.map(({ sourceId, transform }) => {
    const { type } = schema.fields.find(({ id }) => id === sourceId)!
    return applyTransform(transform, type, cellOf(row, sourceId))
  })
}

function cellOf(row: Row, fieldId: number): bigint | string | null {
  return [row.id, row.name, row.price, row.at, row.n][fieldId - 1] ?? null
}

function jsonValue(value: bigint | string | null, type: PrimitiveType): string | null {
  if (value === null || typeof value === 'string') return value
  return type === 'decimal(38,18)' ? decimalText(value) : String(value)
}

function decimalText(unscaled: bigint): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(19, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -18)}.${digits.slice(-18)}`
}
