import type { TableContract } from '@cryptoflow/model'
import {
  type Data,
  type DataType,
  Field,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
} from 'apache-arrow'
import {
  Compression,
  EnabledStatistics,
  Encoding,
  Table as WasmTable,
  type WriterProperties,
  WriterPropertiesBuilder,
  WriterVersion,
  writeParquet,
} from 'parquet-wasm'

/** How the `created_by` of all files begins that are ours. */
export const CREATOR = 'cryptoflow version '

export interface EncodeOptions {
  readonly compression: 'zstd' | 'snappy'
  /** Version of CryptoFlow, for the file's `created_by`. */
  readonly version?: string
}

/**
 * One Parquet file with one row group from the columns of a table, in contract order.
 *
 * Blocks the calling thread for the whole encode; runs on a worker in production.
 */
export function encodeParquet(
  table: TableContract,
  columns: readonly Data<DataType>[],
  rows: number,
  options: EncodeOptions,
): Uint8Array {
  const fields = Object.entries(table.columns).map(([name, spec], i) => {
    const { type } = columns[i] as Data<DataType>
    return new Field(name, type, spec.nullable, new Map([['PARQUET:field_id', String(spec.id)]]))
  })
  const struct = makeData({
    type: new Struct(fields),
    length: rows,
    nullCount: 0,
    nullBitmap: null,
    children: [...columns],
  })
  const stream = tableToIPC(new Table([new RecordBatch(new Schema(fields), struct)]), 'stream')
  // Both wasm objects are consumed, and freed, by the call; the properties must not be used twice.
  return writeParquet(WasmTable.fromIPCStream(stream), writerProperties(table, rows, options))
}

/**
 * Times and sequences as deltas, everything else by dictionary, and plain where a dictionary would be too large. Pages
 * are of version 2: in those of version 1 the encoder writes no dictionary of decimals, which makes files compressed
 * with snappy a tenth larger and gains nothing with zstd (ADR 0028). Left alone, version 2 would encode
 * booleans in a way that Iceberg's Spark reader refuses (apache/iceberg pull 15410, read 2026-11-21), and what has no
 * dictionary in ways that few readers know: so every column is told.
 */
function writerProperties(table: TableContract, rows: number, options: EncodeOptions): WriterProperties {
  let builder = new WriterPropertiesBuilder()
    .setWriterVersion(WriterVersion.V2)
    .setCompression(options.compression === 'zstd' ? Compression.ZSTD : Compression.SNAPPY)
    .setStatisticsEnabled(EnabledStatistics.Page)
    .setMaxRowGroupSize(rows)
    .setCreatedBy(createdBy(options.version))
  for (const [name, { type }] of Object.entries(table.columns)) {
    const isDelta = type === 'timestamp' || type === 'long'
    builder = builder
      .setColumnDictionaryEnabled(name, !isDelta && type !== 'boolean')
      .setColumnEncoding(name, isDelta ? Encoding.DELTA_BINARY_PACKED : Encoding.PLAIN)
  }
  return builder.build()
}

/**
 * In the form that parquet.thrift asks for. Java readers parse it and distrust all statistics of strings and
 * decimals when they cannot (parquet-mr `CorruptStatistics`).
 */
function createdBy(version?: string): string {
  return `${CREATOR}${version ?? 'unknown'}`
}
