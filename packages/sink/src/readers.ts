import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet'

/** Two independent readers of what the sink wrote, for tests. */

export type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** Runs `work` with DuckDB over the given files, which SQL knows as `'$0'`, `'$1'`, ... */
export async function withDuckDB(
  files: readonly Uint8Array[],
  work: (query: Query) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cryptoflow-sink-'))
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    for (const [i, bytes] of files.entries()) await writeFile(join(directory, `${i}.parquet`), bytes)
    await work(async (sql) => {
      const located = sql.replaceAll(/\$(\d+)/g, (_, i) => join(directory, `${i}.parquet`))
      return (await connection.runAndReadAll(located)).getRowObjects()
    })
  } finally {
    connection.closeSync()
    instance.closeSync()
    await rm(directory, { recursive: true })
  }
}

/**
 * Rows by hyparquet. It turns decimals into doubles and times into milliseconds, so these types are hidden from it
 * and read as they lie in the file: exact bytes, whole microseconds.
 */
export async function readWithHyparquet(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const metadata = metadataOf(bytes)
  const decimals: string[] = []
  const schema = metadata.schema.map((element) => {
    const type = element.logical_type?.type
    if (type !== 'DECIMAL' && type !== 'TIMESTAMP') return element
    if (type === 'DECIMAL') decimals.push(element.name)
    const { converted_type: _, logical_type: __, ...plain } = element
    return plain
  })
  const rows = await parquetReadObjects({
    file: bytes.slice().buffer,
    metadata: { ...metadata, schema },
    compressors: { ZSTD: (input) => new Uint8Array(zstdDecompressSync(input)) },
    utf8: false,
  })
  for (const row of rows) {
    for (const name of decimals) {
      const raw = row[name] as Uint8Array | null | undefined
      row[name] = raw ? BigInt.asIntN(128, BigInt(`0x${Buffer.from(raw).toString('hex')}`)) : null
    }
  }
  return rows
}

export function metadataOf(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(bytes.slice().buffer)
}
