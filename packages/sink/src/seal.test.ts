import { boundValue, type PrimitiveType } from '@cryptoflow/iceberg'
import {
  type ColumnSpec,
  deadLetter,
  spotDelta,
  spotOb,
  type TableContract,
  tables,
  ticks,
} from '@cryptoflow/model'
import { readColumnIndex, readOffsetIndex, type SchemaElement } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { bookUpdates } from './examples.ts'
import { type FileBounds, fileBoundsDefault } from './file-bounds.ts'
import type { SealedFile } from './file-writer.ts'
import { bufferOf, cellText, type PlainRow, plainlySorted, randomRows } from './random-rows.ts'
import { metadataOf, readWithHyparquet, withDuckDB } from './readers.ts'
import { joinRowGroups, rowGroupOf, rowGroupRows } from './row-groups.ts'
import { sealRows } from './seal.ts'
import { unsealRows } from './unseal.ts'

const ZSTD = { compression: 'zstd', version: '1.2.3' } as const
const contracts: TableContract[] = Object.values(tables)

/** What every cell should read as, row by row, in contract order. */
function expectedCells(table: TableContract, rows: readonly PlainRow[]): (string | null)[][] {
  return rows.map((row) => Object.entries(table.columns).map(([name, spec]) => cellText(spec, row, name)))
}

/** SQL for a column as the same text as `cellText`. */
function sqlText(name: string, type: ColumnSpec['type']): string {
  if (type === 'timestamp') return `epoch_us("${name}")::VARCHAR`
  return type === 'bytes' ? `lower(hex("${name}"))` : `"${name}"::VARCHAR`
}

function hyparquetText(spec: ColumnSpec, value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (spec.type !== 'decimal') return String(value)
  const digits = (value as bigint).toString().replace('-', '').padStart(19, '0')
  return `${(value as bigint) < 0n ? '-' : ''}${digits.slice(0, -18)}.${digits.slice(-18)}`
}

const only = (files: readonly SealedFile[]): SealedFile => {
  expect(files).toHaveLength(1)
  return files[0] as SealedFile
}
const sealed = (table: TableContract, rows: readonly PlainRow[]) =>
  only(sealRows(bufferOf(table, rows), ZSTD))

describe.each(contracts)('rows of $name', (table) => {
  const rows = randomRows(table, 600, 5)
  const sorted = plainlySorted(table, rows)
  const file = sealed(table, rows)
  const columns = Object.entries<ColumnSpec>(table.columns)

  it('come back from DuckDB exactly, in sort order', async () => {
    await withDuckDB([file.bytes], async (query) => {
      const list = columns.map(([name, spec]) => `${sqlText(name, spec.type)} AS "${name}"`).join(', ')
      const found = await query(
        `SELECT ${list} FROM read_parquet('$0', file_row_number = true) ORDER BY file_row_number`,
      )
      expect(found.map((row) => columns.map(([name]) => row[name]))).toEqual(expectedCells(table, sorted))
    })
  })

  it('come back from hyparquet exactly, in sort order', async () => {
    const found = (await readWithHyparquet(file.bytes)).map((row) =>
      columns.map(([name, spec]) => hyparquetText(spec, row[name])),
    )
    expect(found).toEqual(expectedCells(table, sorted))
  })

  it('stand in a schema with the field ids, types and nullability that Iceberg wants', async () => {
    await withDuckDB([file.bytes], async (query) => {
      const schema = await query(
        `SELECT name, type, type_length::INT AS length, repetition_type AS repetition, converted_type AS converted,
           scale::INT AS scale, precision::INT AS precision, field_id::INT AS id, logical_type AS logical
         FROM parquet_schema('$0') OFFSET 1`,
      )
      expect(schema.map(({ id, name, repetition }) => [id, name, repetition])).toEqual(
        columns.map(([name, spec]) => [spec.id, name, spec.nullable ? 'OPTIONAL' : 'REQUIRED']),
      )
      for (const [i, [, spec]] of columns.entries()) expect(schema[i]).toMatchObject(parquetTypes[spec.type])
    })
  })

  it('have the counts and bounds that DuckDB finds', async () => {
    await withDuckDB([file.bytes], async (query) => {
      for (const [name, spec] of columns) {
        const text = sqlText(name, spec.type)
        const [lowest, highest] = ['min', 'max'].map((pick) =>
          text.replace(`"${name}"`, `${pick}("${name}")`),
        )
        const [found] = await query(
          `SELECT count(*)::INT AS total, count("${name}")::INT AS present, ${lowest} AS lowest, ${highest} AS highest FROM '$0'`,
        )
        expect([name, file.valueCounts[spec.id], file.nullCounts[spec.id]]).toEqual([
          name,
          found?.total,
          (found?.total as number) - (found?.present as number),
        ])
        expectBounds(file, name, spec, found as { lowest: string; highest: string })
      }
    })
  })

  it('give the same bytes every time', () => {
    expect(Buffer.compare(sealed(table, rows).bytes, file.bytes)).toBe(0)
  })
})

describe('a sealed file', () => {
  it('is one row group right after the magic bytes, says who wrote it, and keeps page statistics', () => {
    const file = only(sealRows(bookUpdates(30_000), ZSTD))
    const metadata = metadataOf(file.bytes)
    expect(metadata.created_by).toBe('cryptoflow version 1.2.3')
    expect(metadata.row_groups).toHaveLength(1)
    expect(Number(metadata.num_rows)).toBe(30_000)
    const first = metadata.row_groups[0]?.columns[0]
    const offset = first?.meta_data?.dictionary_page_offset ?? first?.meta_data?.data_page_offset
    expect(file.splitOffsets).toEqual([Number(offset)])
    expect(file.splitOffsets).toEqual([4])
    for (const column of metadata.row_groups[0]?.columns ?? []) {
      expect(column.meta_data?.statistics).toBeDefined()
      expect(column.column_index_offset).toBeDefined()
    }
  })

  it.each(contracts)(
    'of $name has delta-encoded times and sequences, plain booleans and dictionaries for the rest, in every row group',
    (table) => {
      const bounds = { ...fileBoundsDefault, rowGroupRows: 60 }
      const { bytes } = only(sealRows(bufferOf(table, randomRows(table, 100, 9)), { ...ZSTD, bounds }))
      const groups = metadataOf(bytes).row_groups
      expect(groups).toHaveLength(2)
      for (const { meta_data: column } of groups.flatMap(({ columns }) => columns)) {
        const name = column?.path_in_schema[0] as string
        const { type } = table.columns[name] as ColumnSpec
        const isDelta = type === 'long' || type === 'timestamp'
        expect([name, column?.codec]).toEqual([name, 'ZSTD'])
        expect([name, column?.encodings.includes('DELTA_BINARY_PACKED')]).toEqual([name, isDelta])
        const hasDictionary = column?.dictionary_page_offset !== undefined
        expect([name, hasDictionary]).toEqual([name, !isDelta && type !== 'boolean'])
        expect([name, column?.encodings.includes('RLE_DICTIONARY')]).toEqual([name, hasDictionary])
        const known = ['PLAIN', 'RLE', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED']
        expect(column?.encodings.filter((encoding) => !known.includes(encoding))).toEqual([])
      }
    },
  )

  it('is compressed with snappy when told so', () => {
    const [file] = sealRows(bufferOf(ticks, randomRows(ticks, 100, 9)), { compression: 'snappy' })
    const {
      row_groups: [group],
      created_by,
    } = metadataOf(file?.bytes as Uint8Array)
    expect(created_by).toBe('cryptoflow version unknown')
    expect(new Set(group?.columns.map((column) => column.meta_data?.codec))).toEqual(new Set(['SNAPPY']))
  })

  it('is not made of no rows', () => {
    for (const table of contracts) expect(sealRows(bufferOf(table, []), ZSTD)).toEqual([])
  })

  it('holds one row, and columns of nothing but nulls', async () => {
    for (const table of contracts) {
      const [row] = randomRows(table, 1, 3)
      const file = sealed(table, [row as PlainRow])
      for (const spec of Object.values(table.columns)) {
        if (!spec.nullable) continue
        expect(file.nullCounts[spec.id]).toBe(1)
        expect(file.lowerBounds[spec.id]).toBeUndefined()
        expect(file.upperBounds[spec.id]).toBeUndefined()
      }
      const [read] = await readWithHyparquet(file.bytes)
      expect(Object.keys(read ?? {})).toEqual(Object.keys(table.columns))
    }
  })

  it('holds the largest and smallest decimals that the contract allows', async () => {
    const largest = { mantissa: 10n ** 38n - 1n, scale: 18 }
    const smallest = { mantissa: -(10n ** 38n) + 1n, scale: 18 }
    const [row] = randomRows(ticks, 1, 3)
    const file = sealed(ticks, [
      { ...row, price: largest, quantity: { mantissa: 1n, scale: 18 } },
      { ...row, price: smallest, quantity: { mantissa: 10n ** 20n - 1n, scale: 0 } },
    ])
    await withDuckDB([file.bytes], async (query) => {
      expect(await query(`SELECT price::VARCHAR AS p, quantity::VARCHAR AS q FROM '$0'`)).toEqual([
        { p: '99999999999999999999.999999999999999999', q: '0.000000000000000001' },
        { p: '-99999999999999999999.999999999999999999', q: '99999999999999999999.000000000000000000' },
      ])
    })
  })

  it('keeps empty texts apart from nulls, and their bounds are empty', async () => {
    const [row] = randomRows(ticks, 1, 3)
    const file = sealed(
      ticks,
      ['', null].map((trade_id) => ({ ...row, trade_id })),
    )
    const read = await readWithHyparquet(file.bytes)
    expect(read.map(({ trade_id }) => trade_id ?? null)).toEqual(['', null])
    expect([file.lowerBounds[20], file.upperBounds[20], file.nullCounts[20]]).toEqual(['', '', 1])
  })

  it('keeps half a character of one text apart from half a character of the next', async () => {
    const [row] = randomRows(ticks, 1, 3)
    const halves = ['\ud83d', '\ude00', 'a', null]
    const file = sealed(
      ticks,
      halves.map((trade_id) => ({ ...row, trade_id })),
    )
    const read = await readWithHyparquet(file.bytes)
    expect(read.map(({ trade_id }) => trade_id ?? null)).toEqual(['\ufffd', '\ufffd', 'a', null])
    const upper = Buffer.from(file.upperBounds[20] as string, 'hex').toString()
    expect(upper).toBe('\ufffd')
  })

  it('leaves the buffer as it was', () => {
    const rows = randomRows(spotDelta, 50, 12)
    const buffer = bufferOf(spotDelta, rows)
    const before = structuredClone(buffer.columns.price)
    sealRows(buffer, ZSTD)
    expect(structuredClone(buffer.columns.price)).toEqual(before)
    expect(buffer.count).toBe(50)
  })

  it('does not read beyond the rows that count', () => {
    const rows = randomRows(spotOb, 50, 12)
    const buffer = bufferOf(spotOb, rows)
    buffer.count = 20
    expect(only(sealRows(buffer, ZSTD)).bytes).toEqual(sealed(spotOb, rows.slice(0, 20)).bytes)
  })

  it('is refused as our mistake when a required column holds a null', () => {
    for (const table of contracts) {
      const rows = randomRows(table, 3, 3)
      for (const [name, spec] of Object.entries<ColumnSpec>(table.columns)) {
        if (spec.nullable || spec.type === 'scale') continue
        const broken = rows.map((row, i) => (i === 1 ? { ...row, [name]: null } : row))
        expect(() => sealed(table, broken), name).toThrow(`bug: ${table.name}.${name} is never null`)
      }
    }
  })

  it.each([
    ['frame', 1.5],
    ['frame', 2 ** 53 + 2],
    ['frame', Number.POSITIVE_INFINITY],
    ['event_ts', 0.25],
    ['level_index', 2 ** 31],
    ['level_index', 0.5],
  ])('is refused as our mistake when %s is %d', (name, value) => {
    const rows = randomRows(spotDelta, 3, 3).map((row) => ({ ...row, [name]: value }))
    expect(() => sealed(spotDelta, rows)).toThrow('bug: ')
  })
})

describe('a file of several row groups', () => {
  const bounds = (more: Partial<FileBounds>): FileBounds => ({ ...fileBoundsDefault, ...more })
  const rows = bookUpdates(10_000)
  const whole = only(sealRows(rows, ZSTD))
  const file = only(sealRows(rows, { ...ZSTD, bounds: bounds({ rowGroupRows: 3_000 }) }))

  it('has them at the offsets that the manifest says, in order, whole but for the last', () => {
    const { row_groups: groups, num_rows: total } = metadataOf(file.bytes)
    expect(Number(total)).toBe(10_000)
    expect(groups.map((group) => [Number(group.num_rows), group.ordinal])).toEqual([
      [3_000, 0],
      [3_000, 1],
      [3_000, 2],
      [1_000, 3],
    ])
    expect(groups.map((group) => Number(group.file_offset))).toEqual(file.splitOffsets)
    const ends = groups.map(
      (group, i) => (file.splitOffsets[i] as number) + Number(group.total_compressed_size),
    )
    expect(ends.slice(0, 3)).toEqual(file.splitOffsets.slice(1))
  })

  it('has the counts and bounds of a file with one', () => {
    const { bytes: _, splitOffsets: __, ...metrics } = file
    expect(whole).toMatchObject(metrics)
  })

  it('has statistics of each row group that are those of its rows, says DuckDB', async () => {
    await withDuckDB([file.bytes], async (query) => {
      const said = await query(
        `SELECT row_group_id::INT AS g, path_in_schema AS name, stats_min_value AS low, stats_max_value AS high,
           stats_null_count::INT AS nulls FROM parquet_metadata('$0')
         WHERE name IN ('symbol', 'frame', 'price', 'side', 'prev_seq') ORDER BY g, name`,
      )
      const groups = `SELECT *, (file_row_number // 3000)::INT AS g FROM read_parquet('$0', file_row_number = true)`
      const found = await query(
        ['symbol', 'frame', 'price', 'side', 'prev_seq']
          .map(
            (
              name,
            ) => `SELECT g, '${name}' AS name, min(${name})::VARCHAR AS low, max(${name})::VARCHAR AS high,
              count(*) FILTER (${name} IS NULL)::INT AS nulls FROM (${groups}) GROUP BY g`,
          )
          .join(' UNION ALL ')
          .concat(' ORDER BY g, name'),
      )
      expect(said).toEqual(found)
      expect(said).toHaveLength(20)
    })
  })

  it('is sorted from end to end, and its page index finds the same rows, say DuckDB and hyparquet', async () => {
    await withDuckDB([file.bytes, whole.bytes], async (query) => {
      const all = (n: number) => query(`SELECT * FROM read_parquet('$${n}', file_row_number = true)`)
      expect(await all(0)).toEqual(await all(1))
    })
    const view = new DataView(file.bytes.buffer)
    for (const { columns, num_rows: rows } of metadataOf(file.bytes).row_groups) {
      for (const {
        offset_index_offset,
        offset_index_length,
        column_index_offset,
        meta_data: meta,
      } of columns) {
        const offset = Number(offset_index_offset)
        const reader = { view, offset }
        const { page_locations: pages } = readOffsetIndex(reader)
        expect(reader.offset - offset).toBe(offset_index_length)
        expect(pages[0]?.offset).toBe(meta?.data_page_offset)
        expect(pages.every(({ first_row_index }) => first_row_index < rows)).toBe(true)
        const element = metadataOf(file.bytes).schema.find(({ name }) => name === meta?.path_in_schema[0])
        const index = readColumnIndex({ view, offset: Number(column_index_offset) }, element as SchemaElement)
        expect(index.null_pages).toHaveLength(pages.length)
      }
    }
  })

  it('ends a row group by bytes, and one row too large for any gets its own', () => {
    const [row] = randomRows(deadLetter, 1, 3)
    const sizes = [0.4, 0.4, 0.4, 1.2, 0.1].map((share) => Math.floor(share * 1_000_000))
    const letters = bufferOf(
      deadLetter,
      sizes.map((size) => ({ ...row, raw: new Uint8Array(size) })),
    )
    const made = only(sealRows(letters, { ...ZSTD, bounds: bounds({ rowGroupBytes: 1_000_000 }) }))
    expect(metadataOf(made.bytes).row_groups.map((group) => Number(group.num_rows))).toEqual([2, 1, 1, 1])
  })

  it('is ended by bytes between two row groups, and what follows it is in order', async () => {
    const fileBytes = Math.floor(file.bytes.length * 0.6)
    const files = sealRows(rows, { ...ZSTD, bounds: bounds({ rowGroupRows: 1_000, fileBytes }) })
    expect(files.map((each) => each.rows).reduce((sum, count) => sum + count)).toBe(10_000)
    expect(files.length).toBe(2)
    for (const { bytes } of files) expect(bytes.length).toBeLessThan(fileBytes * 1.2)
    await withDuckDB([...files.map((each) => each.bytes), whole.bytes], async (query) => {
      const sql = (list: string) => query(`SELECT * FROM read_parquet([${list}])`)
      expect(await sql("'$0', '$1'")).toEqual(await sql("'$2'"))
    })
  })

  it('of one row group is the file that the encoder made, byte for byte', () => {
    const again = joinRowGroups()
    again.add(whole.bytes)
    expect(Buffer.compare(again.finish(), whole.bytes)).toBe(0)
    expect(() => again.add(file.bytes)).toThrow('the file has one row group')
  })

  it('gives each of them back as a file of its own', () => {
    const parts = rowGroupRows(file.bytes).map((_, i) => rowGroupOf(file.bytes, i))
    const again = bufferOf(spotDelta, [])
    for (const part of parts) expect(unsealRows(part, again as never)).toBeNull()
    const back = only(sealRows(again, ZSTD))
    expect(Buffer.compare(back.bytes, whole.bytes)).toBe(0)
  })
})

/** Physical and logical Parquet types by column type (Iceberg spec, appendix A). */
const parquetTypes: Record<ColumnSpec['type'], object> = {
  name: { type: 'BYTE_ARRAY', converted: 'UTF8', logical: expect.stringContaining('String') },
  text: { type: 'BYTE_ARRAY', converted: 'UTF8', logical: expect.stringContaining('String') },
  bytes: { type: 'BYTE_ARRAY', converted: null, logical: null },
  boolean: { type: 'BOOLEAN', converted: null, logical: null },
  int: { type: 'INT32', converted: null, logical: null },
  scale: { type: 'INT32', converted: null, logical: null },
  long: { type: 'INT64', converted: null, logical: null },
  timestamp: {
    type: 'INT64',
    converted: 'TIMESTAMP_MICROS',
    logical: expect.stringMatching(/Timestamp.*isAdjustedToUTC=1.*MicroSeconds/),
  },
  decimal: { type: 'FIXED_LEN_BYTE_ARRAY', length: 16, converted: 'DECIMAL', scale: 18, precision: 38 },
}

const icebergTypes: Record<ColumnSpec['type'], PrimitiveType> = {
  name: 'string',
  text: 'string',
  bytes: 'binary',
  boolean: 'boolean',
  int: 'int',
  scale: 'int',
  long: 'long',
  timestamp: 'timestamptz',
  decimal: 'decimal(38,18)',
}

/** Bounds equal what the values are; those of long texts enclose them and have 16 code points at most. */
function expectBounds(
  file: SealedFile,
  name: string,
  spec: ColumnSpec,
  found: { lowest: string | null; highest: string | null },
): void {
  const [lower, upper] = [file.lowerBounds[spec.id], file.upperBounds[spec.id]]
  if (spec.type === 'bytes') {
    expect([lower, upper]).toEqual([undefined, undefined])
    return
  }
  const textOf = (hex: string | undefined): string => {
    const value = boundValue(icebergTypes[spec.type], new Uint8Array(Buffer.from(hex as string, 'hex')))
    return spec.type === 'decimal' ? (hyparquetText(spec, value) as string) : String(value)
  }
  const isText = spec.type === 'name' || spec.type === 'text'
  if (!isText) {
    expect([name, textOf(lower), textOf(upper)]).toEqual([name, found.lowest, found.highest])
    return
  }
  const [lowest, highest] = [found.lowest as string, found.highest as string]
  const cut = [...lowest].slice(0, 16).join('')
  expect([name, textOf(lower)]).toEqual([name, cut])
  if (upper === undefined) {
    expect([...highest].slice(0, 16).every((point) => point === '\u{10ffff}')).toBe(true)
    return
  }
  const isEnclosed = Buffer.compare(Buffer.from(highest), Buffer.from(upper, 'hex')) <= 0
  expect([name, isEnclosed, [...textOf(upper)].length <= 16]).toEqual([name, true, true])
}
