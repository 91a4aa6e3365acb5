import { mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type ColumnSpec, type ColumnType, type TableName, tables } from '@cryptoflow/model'
import { arrowType, decimalWords } from '@cryptoflow/sink/bench/arrow-types'
import * as arrow from 'apache-arrow'
import * as parquet from 'parquet-wasm'
import type { PlainDecimal } from './plain-book.ts'

export type PlainValue = string | number | boolean | PlainDecimal | null
export type PlainRow = Readonly<Record<string, PlainValue>>

/** Rows of one partition of one table as plain arrays, a column each. */
type Columns = Record<string, PlainValue[]>

/** What a commit names. */
interface PlainFile {
  readonly table: TableName
  readonly path: string
  readonly rows: number
  readonly bounds: Readonly<Record<string, readonly [string, string] | null>>
}

/** As many rows as our own row groups have at most; theirs are files. */
const FILE_ROWS_MAX = 131_072
const PARTITION_US = { hour: 3_600_000_000, day: 86_400_000_000 }

/** Plain arrays to Parquet files to a commit, with the columns, sort, encodings and statistics of ours. */
export function openPlainTables(directory: string) {
  const partitions = new Map<string, { table: TableName; columns: Columns; count: number }>()
  const files: PlainFile[] = []
  let waiting = 0
  mkdirSync(directory, { recursive: true })
  return {
    rowsWaiting: () => waiting,
    add(table: TableName, row: PlainRow): void {
      const { partition, columns: specs } = tables[table]
      const width = partition === null ? Number.POSITIVE_INFINITY : PARTITION_US[partition.time]
      const key = `${table} ${Math.floor((row.event_ts as number) / width)}`
      let open = partitions.get(key)
      if (open === undefined) {
        const names = Object.entries<ColumnSpec>(specs).filter(([, { type }]) => type !== 'scale')
        open = { table, columns: Object.fromEntries(names.map(([name]) => [name, []])), count: 0 }
        partitions.set(key, open)
      }
      for (const name in open.columns) open.columns[name]?.push(row[name] ?? null)
      open.count += 1
      waiting += 1
    },
    async seal(): Promise<void> {
      for (const { table, columns, count } of partitions.values()) {
        const order = sortedRows(table, columns, count)
        for (let from = 0; from < count; from += FILE_ROWS_MAX) {
          const path = join(directory, `${table}-${files.length}.parquet`)
          const rows = order.slice(from, from + FILE_ROWS_MAX)
          const { bytes, bounds } = encode(table, columns, rows)
          await writeDurably(path, bytes)
          files.push({ table, path, rows: rows.length, bounds })
        }
      }
      partitions.clear()
      waiting = 0
      await writeDurably(join(directory, 'commit.json'), Buffer.from(JSON.stringify(files)))
    },
    /** Files by table. */
    files: (): ReadonlyMap<TableName, readonly PlainFile[]> => Map.groupBy(files, ({ table }) => table),
  }
}

function sortedRows(table: TableName, columns: Columns, count: number): number[] {
  const keys = tables[table].sort.map((name) => columns[name] as PlainValue[])
  return Array.from({ length: count }, (_, row) => row).sort((a, b) => {
    for (const values of keys) {
      const order = compare(values[a] as PlainValue, values[b] as PlainValue)
      if (order !== 0) return order
    }
    return a - b
  })
}

function compare(a: PlainValue, b: PlainValue): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}

function encode(table: TableName, columns: Columns, rows: readonly number[]) {
  const bounds: Record<string, readonly [string, string] | null> = {}
  const specs = Object.entries<ColumnSpec>(tables[table].columns)
  const data = specs.map(([name, spec]) => {
    const values = columns[spec.of ?? name] as PlainValue[]
    const chosen = rows.map((row) => scalarOf(spec.type, values[row] as PlainValue))
    bounds[name] = boundsOf(spec.type, chosen)
    return builtColumn(spec.type, chosen)
  })
  const fields = specs.map(
    ([name, spec], i) =>
      new arrow.Field(
        name,
        (data[i] as arrow.Data<arrow.DataType>).type,
        spec.nullable,
        new Map([['PARQUET:field_id', String(spec.id)]]),
      ),
  )
  const struct = arrow.makeData({
    type: new arrow.Struct(fields),
    length: rows.length,
    nullCount: 0,
    nullBitmap: null,
    children: data,
  })
  const batch = new arrow.RecordBatch(new arrow.Schema(fields), struct)
  const ipc = arrow.tableToIPC(new arrow.Table([batch]), 'stream')
  const bytes = parquet.writeParquet(parquet.Table.fromIPCStream(ipc), writerProperties(table, rows.length))
  return { bytes, bounds }
}

/** The setting of our own sink, so that the files differ in nothing but who filled them. */
function writerProperties(table: TableName, rows: number) {
  let builder = new parquet.WriterPropertiesBuilder()
    .setWriterVersion(parquet.WriterVersion.V2)
    .setCompression(parquet.Compression.ZSTD)
    .setStatisticsEnabled(parquet.EnabledStatistics.Page)
    .setMaxRowGroupSize(rows)
  for (const [name, { type }] of Object.entries<ColumnSpec>(tables[table].columns)) {
    const isDelta = type === 'timestamp' || type === 'long'
    builder = builder
      .setColumnDictionaryEnabled(name, !isDelta && type !== 'boolean')
      .setColumnEncoding(name, isDelta ? parquet.Encoding.DELTA_BINARY_PACKED : parquet.Encoding.PLAIN)
  }
  return builder.build()
}

type Scalar = string | number | boolean | bigint | null

function scalarOf(type: ColumnType, value: PlainValue): Scalar {
  if (value !== null && typeof value === 'object') return type === 'scale' ? value.scale : value.value
  return value
}

function boundsOf(type: ColumnType, values: readonly Scalar[]): readonly [string, string] | null {
  if (type === 'bytes') return null
  let lowest: Scalar = null
  let highest: Scalar = null
  for (const value of values) {
    if (value === null) continue
    if (lowest === null || value < lowest) lowest = value
    if (highest === null || value > highest) highest = value
  }
  return lowest === null || highest === null ? null : [String(lowest), String(highest)]
}

function builtColumn(type: ColumnType, values: readonly Scalar[]): arrow.Data<arrow.DataType> {
  const built = builderOf(type)
  for (const value of values) built.append(value === null ? null : arrowValue(type, value))
  const data = built.finish().toVector().data[0] as arrow.Data<arrow.DataType>
  if (type !== 'timestamp') return data
  const { length, nullCount, nullBitmap, values: numbers } = data
  const timestamp = new arrow.TimestampMicrosecond('UTC')
  return arrow.makeData({ type: timestamp, length, nullCount, nullBitmap, data: numbers })
}

interface AnyBuilder {
  append(value: unknown): unknown
  finish(): { toVector(): { data: readonly unknown[] } }
}

function builderOf(type: ColumnType): AnyBuilder {
  return arrow.makeBuilder({ type: arrowType(type), nullValues: [null] }) as unknown as AnyBuilder
}

function arrowValue(type: ColumnType, value: NonNullable<Scalar>): unknown {
  if (type === 'long' || type === 'timestamp') return BigInt(value)
  return type === 'decimal' ? decimalWords(value as bigint) : value
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w')
  await file.writeFile(bytes)
  await file.datasync()
  await file.close()
}
