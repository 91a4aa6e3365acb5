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
  writeParquet,
} from 'parquet-wasm'

export interface EncodeOptions {
  readonly compression: 'zstd' | 'snappy'
  /** Version of CryptoFlow, for the file's `created_by`. */
  readonly version?: string
}

/** Offset of the first and only row group: right after the magic bytes `PAR1`. */
export const ROW_GROUP_OFFSET = 4

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
 * Times and sequences as deltas, everything else by dictionary. Pages stay version 1: version 2 would allow
 * dictionaries for decimals as well, which after zstd gain nothing here (11.2 bytes a row against 11.1, see
 * bench/encode.ts), and would encode booleans in a way that Iceberg's Spark reader refuses (apache/iceberg
 * pull 15410, read 2026-11-21).
 */
function writerProperties(table: TableContract, rows: number, options: EncodeOptions): WriterProperties {
  let builder = new WriterPropertiesBuilder()
    .setCompression(options.compression === 'zstd' ? Compression.ZSTD : Compression.SNAPPY)
    .setStatisticsEnabled(EnabledStatistics.Page)
    .setMaxRowGroupSize(rows)
    .setCreatedBy(createdBy(options.version))
  for (const [name, { type }] of Object.entries(table.columns)) {
    if (type !== 'timestamp' && type !== 'long') continue
    builder = builder
      .setColumnDictionaryEnabled(name, false)
      .setColumnEncoding(name, Encoding.DELTA_BINARY_PACKED)
  }
  return builder.build()
}

/**
 * In the form that parquet.thrift asks for. Java readers parse it and distrust all statistics of strings and
 * decimals when they cannot (parquet-mr `CorruptStatistics`).
 */
function createdBy(version?: string): string {
  return `cryptoflow version ${version ?? 'unknown'}`
}
