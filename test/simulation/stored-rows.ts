import type { DataFile } from '@cryptoflow/iceberg'
import { type TableName, tables } from '@cryptoflow/model'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'

/** A row as an independent reader finds it: decimals as their 18-digit mantissa, times in microseconds. */
export type Row = Readonly<Record<string, unknown>>

export type Tables = ReadonlyMap<TableName, readonly Row[]>

/** Reads files by hyparquet, which knows nothing of our encoder. */
export async function readFiles(
  files: Iterable<readonly [table: TableName, bytes: Uint8Array]>,
): Promise<Map<TableName, Row[]>> {
  const found = new Map<TableName, Row[]>((Object.keys(tables) as TableName[]).map((name) => [name, []]))
  for (const [table, bytes] of files) for (const row of await rowsOf(bytes)) found.get(table)?.push(row)
  return found
}

/** The table and location of each live data file. */
export function liveFiles(
  look: (name: { namespace: string; name: string }) => { readonly files: readonly DataFile[] } | null,
): [TableName, string][] {
  return (Object.keys(tables) as TableName[]).flatMap((table) => {
    const files = look({ namespace: 'cryptoflow', name: table })?.files ?? []
    return files.map(({ location }): [TableName, string] => [table, location])
  })
}

/** Decimals and times are hidden from the reader, which would make doubles and milliseconds of them. */
async function rowsOf(bytes: Uint8Array): Promise<Row[]> {
  const file = bytes.slice().buffer
  const metadata = parquetMetadata(file)
  const decimals: string[] = []
  const schema = metadata.schema.map((element) => {
    const type = element.logical_type?.type
    if (type !== 'DECIMAL' && type !== 'TIMESTAMP') return element
    if (type === 'DECIMAL') decimals.push(element.name)
    const { converted_type: _, logical_type: __, ...plain } = element
    return plain
  })
  const rows = await parquetReadObjects({ file, metadata: { ...metadata, schema }, utf8: false })
  for (const row of rows) {
    for (const name of decimals) {
      const raw = row[name] as Uint8Array | null | undefined
      row[name] = raw ? BigInt.asIntN(128, BigInt(`0x${Buffer.from(raw).toString('hex')}`)) : null
    }
  }
  return rows
}

/** One text for each row, equal for equal rows. */
export function rowText(row: Row): string {
  let text = ''
  for (const [name, value] of Object.entries(row)) {
    const shown =
      typeof value === 'string'
        ? JSON.stringify(value)
        : value instanceof Uint8Array
          ? Buffer.from(value).toString('hex')
          : String(value)
    text += `${name} ${shown}, `
  }
  return text
}
