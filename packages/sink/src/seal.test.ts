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
import { describe, expect, it } from 'vitest'
import { bookUpdates } from './examples.ts'
import { bufferOf, cellText, type PlainRow, plainlySorted, randomRows } from './random-rows.ts'
import { metadataOf, readWithHyparquet, withDuckDB } from './readers.ts'
import { FILE_ROWS_MAX, FILE_TEXT_BYTES_MAX, type SealedFile, sealRows } from './seal.ts'

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

const only = (files: SealedFile[]): SealedFile => {
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
    'of $name has delta-encoded times and sequences, plain decimals and dictionaries for the rest',
    (table) => {
      const metadata = metadataOf(sealed(table, randomRows(table, 100, 9)).bytes)
      for (const { meta_data: column } of metadata.row_groups[0]?.columns ?? []) {
        const name = column?.path_in_schema[0] as string
        const { type } = table.columns[name] as ColumnSpec
        const isDelta = type === 'long' || type === 'timestamp'
        expect([name, column?.codec]).toEqual([name, 'ZSTD'])
        expect([name, column?.encodings.includes('DELTA_BINARY_PACKED')]).toEqual([name, isDelta])
        const hasDictionary = column?.dictionary_page_offset !== undefined
        expect([name, hasDictionary]).toEqual([name, !isDelta && type !== 'boolean' && type !== 'decimal'])
        expect([name, column?.encodings.includes('RLE_DICTIONARY')]).toEqual([name, hasDictionary])
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

describe('many rows', () => {
  it('are split into files of 262,144 that follow one another in sort order', async () => {
    const buffer = bookUpdates(FILE_ROWS_MAX + 1_000)
    const files = sealRows(buffer, { compression: 'snappy' })
    expect(files.map((file) => file.rows)).toEqual([FILE_ROWS_MAX, 1_000])
    await withDuckDB(
      files.map((file) => file.bytes),
      async (query) => {
        const [found] = await query(
          `WITH r AS (SELECT row_number() OVER () AS i, (symbol, event_ts, last_seq, frame) AS key, quantity
             FROM read_parquet(['$0', '$1']))
           SELECT count(*)::INT AS rows, sum(quantity)::VARCHAR AS quantity,
             (SELECT count(*) FROM (SELECT key < lag(key) OVER (ORDER BY i) AS falls FROM r) WHERE falls)::INT AS falls FROM r`,
        )
        const total = buffer.columns.quantity.mantissas
          .subarray(0, buffer.count)
          .reduce((sum, value) => sum + value, 0)
        const quantity = `${Math.floor(total / 1e5)}.${String(total % 1e5).padStart(5, '0')}0000000000000`
        expect(found).toEqual({ rows: FILE_ROWS_MAX + 1_000, quantity, falls: 0 })
        expect(
          await query(`SELECT num_row_groups::INT AS n FROM parquet_file_metadata(['$0', '$1'])`),
        ).toEqual([{ n: 1 }, { n: 1 }])
      },
    )
  })

  it('with many bytes are split by bytes, and a row too large for any file gets its own', async () => {
    const [row] = randomRows(deadLetter, 1, 3)
    const sizes = [0.4, 0.4, 0.4, 1.2, 0.1].map((share) => Math.floor(share * FILE_TEXT_BYTES_MAX))
    const rows = sizes.map((size) => ({ ...row, raw: new Uint8Array(size) }))
    const files = sealRows(bufferOf(deadLetter, rows), ZSTD)
    expect(files.map((file) => file.rows)).toEqual([2, 1, 1, 1])
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
