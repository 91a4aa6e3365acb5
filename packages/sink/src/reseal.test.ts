import { type ColumnSpec, spotDelta, type TableContract, tables, ticks } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { bufferOf, type PlainRow, plainlySorted, randomRows } from './random-rows.ts'
import { withDuckDB } from './readers.ts'
import { difference, resealFiles } from './reseal.ts'
import { FILE_ROWS_MAX, type SealedFile, sealRows } from './seal.ts'
import { unsealRows } from './unseal.ts'

const ZSTD = { compression: 'zstd', version: '1.2.3' } as const
const contracts: TableContract[] = Object.values(tables)

const sealed = (table: TableContract, rows: readonly PlainRow[]): SealedFile =>
  sealRows(bufferOf(table, rows), ZSTD)[0] as SealedFile

describe.each(contracts)('files of $name made one', (table) => {
  const rows = randomRows(table, 900, 7)
  const cuts = [rows.slice(0, 200), rows.slice(200, 201), rows.slice(201, 700), rows.slice(700)]
  const sources = cuts.map((cut) => sealed(table, cut).bytes)
  const { files, refused } = resealFiles(table, sources, ZSTD)

  it('are the very bytes, counts and bounds that sealing all of their rows at once gives', () => {
    expect(refused.size).toBe(0)
    // Rows of a source are in the order of the contract already; equal ones stay in the order of the sources.
    const arrived = cuts.flatMap((cut) => plainlySorted(table, cut))
    expect(files).toEqual([sealed(table, arrived)])
  })

  it('hold exactly the rows of their sources, says DuckDB', async () => {
    await withDuckDB([...sources, (files[0] as SealedFile).bytes], async (query) => {
      const cells = Object.keys(table.columns).map((name) => `"${name}"`)
      const digest = `count(*)::INTEGER AS rows, bit_xor(hash(${cells.join(', ')}))::VARCHAR AS x,
        sum(hash(${cells.join(', ')})::HUGEINT)::VARCHAR AS s`
      const before = await query(`SELECT ${digest} FROM read_parquet(['$0', '$1', '$2', '$3'])`)
      expect(await query(`SELECT ${digest} FROM read_parquet('$4')`)).toEqual(before)
      expect(before[0]?.rows).toBe(900)
    })
  })
})

describe('a text that begins with a byte order mark', () => {
  const marked = randomRows(ticks, 3, 1).map((row) => ({ ...row, symbol: '\ufeffA', trade_id: '\ufeff7' }))

  it('keeps it, in the rows and in the bounds', async () => {
    const { files } = resealFiles(ticks, [sealed(ticks, marked).bytes], ZSTD)
    const [file] = files
    expect(file?.upperBounds[20]).toBe(Buffer.from('\ufeff7').toString('hex'))
    await withDuckDB([(file as SealedFile).bytes], async (query) => {
      const sql = `SELECT DISTINCT hex(symbol) AS symbol, hex(trade_id) AS trade_id FROM '$0'`
      expect(await query(sql)).toEqual([{ symbol: 'EFBBBF41', trade_id: 'EFBBBF37' }])
    })
  })
})

describe('a file that is not as ours are', () => {
  const rows = randomRows(ticks, 20, 3)
  const ours = sealed(ticks, rows).bytes
  const changed = (columns: Record<string, ColumnSpec>): TableContract => ({ ...ticks, columns })
  const { trade_type: _, ...fewer } = ticks.columns
  const cases: [what: string, bytes: () => Uint8Array, why: RegExp][] = [
    ['that is no Parquet file', () => new Uint8Array(100), /the reader says/],
    ['that was cut', () => ours.subarray(0, ours.length - 20), /the reader says/],
    [
      'with a column that the contract does not know',
      () => {
        const more = changed({ ...ticks.columns, note: { id: 99, type: 'text', nullable: true } })
        return sealed(more, rows).bytes
      },
      /note \(id 99\) is not in the contract/,
    ],
    [
      'with a column of another type',
      () =>
        sealed(changed({ ...ticks.columns, frame: { id: 11, type: 'int', nullable: false } }), rowsOf(5))
          .bytes,
      /frame is Int32, expected Int64/,
    ],
    [
      'with a null where none may be',
      () => {
        const loose = changed({ ...ticks.columns, side: { id: 22, type: 'name', nullable: true } })
        const strict = { ...rows[0], side: null } as PlainRow
        return sealed(changed({ ...loose.columns, kind: { id: 21, type: 'name', nullable: true } }), [
          { ...strict, kind: null },
        ]).bytes
      },
      /kind has a null/,
    ],
  ]
  const rowsOf = (count: number): PlainRow[] => rows.slice(0, count).map((row, frame) => ({ ...row, frame }))

  it.each(cases)('%s is left alone, and the others become one', (_what, bytes, why) => {
    const { files, refused } = resealFiles(ticks, [ours, bytes(), ours], ZSTD)
    expect([...refused.keys()]).toEqual([1])
    expect(refused.get(1)).toMatch(why)
    expect(files.map((file) => file.rows)).toEqual([40])
  })

  it('of an older schema has nulls in the columns that came later', () => {
    const { files, refused } = resealFiles(ticks, [sealed(changed(fewer), rows).bytes], ZSTD)
    expect(refused.size).toBe(0)
    expect(files[0]?.nullCounts[31]).toBe(20)
    expect(files[0]?.nullCounts[20]).toBe(sealed(ticks, rows).nullCounts[20])
  })
})

describe('what was written is compared with what was to be written', () => {
  const rows = randomRows(spotDelta, 50, 9)
  const buffer = bufferOf(spotDelta, rows)

  it('finds it the same', () => {
    expect(difference(buffer as never, sealRows(buffer, ZSTD))).toBeNull()
  })

  it.each(Object.entries<ColumnSpec>(spotDelta.columns).filter(([, { type }]) => type !== 'scale'))(
    'and finds one other value of %s',
    (name) => {
      const other = randomRows(spotDelta, 400, 10).find(({ [name]: value }) => {
        const own = rows[31]?.[name] ?? null
        return JSON.stringify(value, bigints) !== JSON.stringify(own, bigints)
      })
      const wrong = rows.map((row, i) => (i === 31 ? { ...row, [name]: other?.[name] ?? null } : row))
      expect(difference(buffer as never, sealRows(bufferOf(spotDelta, wrong), ZSTD))).toMatch(
        /another value of/,
      )
    },
  )

  it('and finds a row too few', () => {
    const files = sealRows(bufferOf(spotDelta, rows.slice(1)), ZSTD)
    expect(difference(buffer as never, files)).toBe('wrote 50 rows, read 49')
  })
})

it('makes as many files as the encoder needs, in order', () => {
  const price = { mantissa: 5n, scale: 1 }
  const [row] = randomRows(ticks, 1, 1) as [PlainRow]
  const plain = { ...row, event_ts: 1, price, quantity: price }
  const half = Array.from({ length: FILE_ROWS_MAX / 2 + 1 }, (_, frame) => ({ ...plain, frame }))
  const source = sealed(ticks, half).bytes
  const { files } = resealFiles(ticks, [source, source], ZSTD)
  expect(files.map((file) => file.rows)).toEqual([FILE_ROWS_MAX, 2])
  const again = bufferOf(ticks, [])
  expect(unsealRows((files[1] as SealedFile).bytes, again as never)).toBeNull()
  expect([...again.columns.frame.values.subarray(0, 2)]).toEqual([half.length - 1, half.length - 1])
})

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
