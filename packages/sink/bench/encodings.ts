/**
 * The rows of one table as Parquet in four ways, each beside the others on the same columns: `sealRows`; the plain call
 * path to the same library (Arrow builders fed value by value, default properties but for zstd); hyparquet-writer with
 * our encodings; DuckDB's COPY from a table in memory. What the others need is made ready outside of what is measured,
 * the rows in our sort order among it; ours sorts them itself. `npm run bench -- --only encoding` measures.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import {
  BooleanColumn,
  type Column,
  type ColumnSpec,
  type ColumnType,
  createRowBuffer,
  DecimalColumn,
  NameColumn,
  type RowBuffer,
  rowOf,
  StringTable,
  type TableContract,
} from '@cryptoflow/model'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import * as arrow from 'apache-arrow'
import * as parquet from 'parquet-wasm'
import { sealRows } from '../src/index.ts'
import { sortedOrder } from '../src/order.ts'
import { unsealRows } from '../src/unseal.ts'
import { arrowType, decimalWords } from './arrow-types.ts'

type Value = string | number | bigint | boolean | Uint8Array | null

/** Values of a column in the order of the file. */
interface PlainColumn {
  readonly name: string
  readonly spec: ColumnSpec
  readonly values: Value[]
}

/** A way to make Parquet of the rows; answers its bytes. */
interface Encoding {
  readonly name: 'ours' | 'arrow' | 'hyparquet-writer' | 'DuckDB COPY'
  encode(): Uint8Array | Promise<Uint8Array>
}

interface EncodingScene {
  readonly rows: number
  readonly encodings: readonly Encoding[]
  /** Bytes of a file of each, after its rows were counted and summed by DuckDB. Throws where they are others'. */
  sizes(): Promise<readonly number[]>
  close(): void
}

/** The largest rows of so many that are measured: more only take longer. */
const ROWS_MAX = 200_000

/** The rows of these data files of a table; `hyparquet-writer` from where the benchmarks' yardsticks are installed. */
export async function encodingScene(
  table: TableContract,
  files: readonly string[],
  yardsticks: URL,
): Promise<EncodingScene | null> {
  const buffer = createRowBuffer(table, new StringTable()) as RowBuffer
  for (const file of files) {
    if (buffer.count >= ROWS_MAX) break
    const why = unsealRows(readFileSync(file), buffer)
    if (why !== null) throw new Error(`${file}: ${why}`)
  }
  if (buffer.count === 0) return null
  const columns = plainColumns(buffer)
  const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-encodings-'))
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  const ours = (): Uint8Array =>
    Buffer.concat(sealRows(buffer, { compression: 'zstd' }).map(({ bytes }) => bytes))
  const source = join(folder, 'source.parquet')
  writeFileSync(source, ours())
  await connection.run(`CREATE TABLE t AS FROM read_parquet('${source}')`)
  const copied = join(folder, 'copied.parquet')
  const encodings: Encoding[] = [
    { name: 'ours', encode: ours },
    { name: 'arrow', encode: () => byArrow(columns) },
    { name: 'hyparquet-writer', encode: byHyparquet(columns, yardsticks) },
    { name: 'DuckDB COPY', encode: () => byDuckDb(connection, copied) },
  ]
  return {
    rows: buffer.count,
    encodings,
    async sizes() {
      const sizes: number[] = []
      const digests = new Set<string>()
      for (const [i, { encode }] of encodings.entries()) {
        const bytes = await encode()
        const path = join(folder, `${i}.parquet`)
        writeFileSync(path, bytes)
        sizes.push(bytes.length)
        digests.add(await digest(connection, columns, path))
      }
      if (digests.size > 1) throw new Error(`the rows of ${table.name} differ: ${[...digests].join(' ')}`)
      return sizes
    },
    close() {
      connection.closeSync()
      instance.closeSync()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Count, and sums of what a wrong encoding of numbers, decimals, texts or nulls would change. */
async function digest(
  connection: DuckDBConnection,
  columns: readonly PlainColumn[],
  path: string,
): Promise<string> {
  const sums = columns.map(({ name, spec: { type } }) => {
    if (type === 'decimal') return `sum("${name}")::VARCHAR`
    const text =
      type === 'bytes' ? `hex("${name}")` : type === 'timestamp' ? `epoch_us("${name}")` : `"${name}"`
    return `sum(hash(coalesce(${text}::VARCHAR, '-'))::HUGEINT)::VARCHAR`
  })
  const sql = `SELECT concat_ws(' ', count(*), ${sums.join(', ')}) FROM read_parquet('${path}')`
  return String((await connection.runAndReadAll(sql)).getRows()[0]?.[0])
}

function plainColumns(buffer: RowBuffer): PlainColumn[] {
  const order = sortedOrder(buffer)
  return Object.entries<ColumnSpec>(buffer.table.columns).map(([name, spec]) => {
    const source = spec.of ?? name
    const column = (buffer.columns as Record<string, Column>)[source] as Column
    const valueAt = (row: number): Value => plainValue(buffer, column, spec.type, rowOf(buffer, source, row))
    return { name, spec, values: Array.from(order, valueAt) }
  })
}

function plainValue({ names }: RowBuffer, column: Column, type: ColumnType, row: number): Value {
  if (column instanceof DecimalColumn) {
    const mantissa = column.mantissa(row)
    const scale = column.scales[row] as number
    if (mantissa === null) return null
    return type === 'scale' ? scale : mantissa * 10n ** BigInt(18 - scale)
  }
  const value = column.values[row] as number | string | Uint8Array | null
  if (column instanceof NameColumn) return (value as number) < 0 ? null : names.text(value as number)
  if (column instanceof BooleanColumn) return value === 2 ? null : value === 1
  if (typeof value !== 'number') return value
  if (Number.isNaN(value)) return null
  return type === 'int' ? value : BigInt(value)
}

function byArrow(columns: readonly PlainColumn[]): Uint8Array {
  const data = columns.map(({ spec, values }) => {
    const builder = arrow.makeBuilder({ type: arrowType(spec.type), nullValues: [null] }) as unknown as {
      append(value: unknown): unknown
      finish(): { toVector(): arrow.Vector }
    }
    for (const value of values)
      builder.append(spec.type === 'decimal' && value !== null ? decimalWords(value as bigint) : value)
    const built = builder.finish().toVector().data[0] as arrow.Data
    if (spec.type !== 'timestamp') return built
    const { length, nullCount, nullBitmap, values: numbers } = built
    return arrow.makeData({
      type: new arrow.TimestampMicrosecond('UTC'),
      length,
      nullCount,
      nullBitmap,
      data: numbers,
    })
  })
  const fields = columns.map(
    ({ name, spec }, i) => new arrow.Field(name, (data[i] as arrow.Data).type, spec.nullable),
  )
  const struct = arrow.makeData({
    type: new arrow.Struct(fields),
    length: columns[0]?.values.length ?? 0,
    nullCount: 0,
    nullBitmap: null,
    children: data,
  })
  const ipc = arrow.tableToIPC(
    new arrow.Table([new arrow.RecordBatch(new arrow.Schema(fields), struct)]),
    'stream',
  )
  const properties = new parquet.WriterPropertiesBuilder().setCompression(parquet.Compression.ZSTD).build()
  return parquet.writeParquet(parquet.Table.fromIPCStream(ipc), properties)
}

interface HyparquetWriter {
  parquetWriteBuffer(options: object): ArrayBuffer
}

/** Not a dependency: it is installed beside the project, by the benchmark alone. */
const HYPARQUET_WRITER = 'hyparquet-writer'

function byHyparquet(columns: readonly PlainColumn[], yardsticks: URL): () => Uint8Array {
  const { parquetWriteBuffer } = createRequire(yardsticks)(HYPARQUET_WRITER) as HyparquetWriter
  const elements = columns.map(({ name, spec }) => ({
    name,
    repetition_type: spec.nullable ? 'OPTIONAL' : 'REQUIRED',
    ...hyparquetType(spec.type),
  }))
  const schema = [{ name: 'root', num_children: columns.length }, ...elements]
  const columnData = columns.map(({ name, spec: { type }, values }) => ({
    name,
    data: values,
    ...(type === 'long' || type === 'timestamp' ? { encoding: 'DELTA_BINARY_PACKED' } : {}),
  }))
  const compressors = { ZSTD: (input: Uint8Array) => zstdCompressSync(input) }
  return () => new Uint8Array(parquetWriteBuffer({ columnData, schema, codec: 'ZSTD', compressors }))
}

function hyparquetType(type: ColumnType): object {
  switch (type) {
    case 'name':
    case 'text':
      return { type: 'BYTE_ARRAY', converted_type: 'UTF8' }
    case 'bytes':
      return { type: 'BYTE_ARRAY' }
    case 'boolean':
      return { type: 'BOOLEAN' }
    case 'decimal':
      return {
        type: 'FIXED_LEN_BYTE_ARRAY',
        type_length: 16,
        converted_type: 'DECIMAL',
        precision: 38,
        scale: 18,
      }
    case 'int':
    case 'scale':
      return { type: 'INT32' }
    case 'long':
      return { type: 'INT64' }
    case 'timestamp':
      return { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' }
  }
}

async function byDuckDb(connection: DuckDBConnection, path: string): Promise<Uint8Array> {
  await connection.run(`COPY t TO '${path}' (FORMAT parquet, COMPRESSION zstd)`)
  return readFileSync(path)
}
