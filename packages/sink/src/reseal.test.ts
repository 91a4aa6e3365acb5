import {
  type ColumnSpec,
  DecimalColumn,
  NameColumn,
  spotDelta,
  type TableContract,
  tables,
  ticks,
} from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { difference } from './difference.ts'
import { numbers } from './examples.ts'
import { fileBoundsDefault } from './file-bounds.ts'
import type { SealedFile } from './file-writer.ts'
import { openMerge } from './merge.ts'
import { sortedOrder } from './order.ts'
import { bufferOf, type PlainRow, plainlySorted, randomRows } from './random-rows.ts'
import { withDuckDB } from './readers.ts'
import { resealFiles } from './reseal.ts'
import { rowGroupRows } from './row-groups.ts'
import { sealRows } from './seal.ts'
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

  const order = sortedOrder(buffer as never)
  const differs = (others: readonly PlainRow[]) =>
    difference(buffer as never, order, sealed(spotDelta, others).bytes)

  it('finds it the same', () => expect(differs(rows)).toBeNull())

  it.each(Object.entries<ColumnSpec>(spotDelta.columns).filter(([, { type }]) => type !== 'scale'))(
    'and finds one other value of %s',
    (name) => {
      const other = randomRows(spotDelta, 400, 10).find(({ [name]: value }) => {
        const own = rows[31]?.[name] ?? null
        return JSON.stringify(value, bigints) !== JSON.stringify(own, bigints)
      })
      const wrong = rows.map((row, i) => (i === 31 ? { ...row, [name]: other?.[name] ?? null } : row))
      expect(differs(wrong)).toMatch(/another value of/)
    },
  )

  it('and finds a row too few', () => {
    expect(differs(rows.slice(1))).toBe('wrote 50 rows, read 49')
  })
})

describe('files of many row groups', () => {
  const bounds = { ...fileBoundsDefault, rowGroupRows: 100 }
  const small = { ...ZSTD, bounds }

  it.each([1, 2, 3])('are merged to what sealing all of their rows at once gives, seed %d', (seed) => {
    const next = numbers(seed)
    // Equal in the sort columns are rows of one source only.
    const cuts = Array.from({ length: 5 }, (_, i) =>
      randomRows(ticks, Math.floor(next() * 600), seed * 10 + i).map((row, place) => ({
        ...row,
        frame: i * 1_000 + Math.floor(place / 3),
      })),
    )
    const sources = cuts.flatMap((cut, i) => {
      const rowGroupRows = 20 + Math.floor(next() * 200)
      return sealRows(bufferOf(ticks, cut), { ...ZSTD, bounds: { ...bounds, rowGroupRows } }).map(
        ({ bytes }) => ({ bytes, i }),
      )
    })
    const { files, refused } = resealFiles(
      ticks,
      sources.map(({ bytes }) => bytes),
      small,
    )
    expect(refused.size).toBe(0)
    const whole = sealRows(
      bufferOf(
        ticks,
        cuts.flatMap((cut) => plainlySorted(ticks, cut)),
      ),
      small,
    )
    expect(files.map(({ rows }) => rows)).toEqual(whole.map(({ rows }) => rows))
    expect(files.map(({ bytes }) => rowGroupRows(bytes))).toEqual(
      whole.map(({ bytes }) => rowGroupRows(bytes)),
    )
    const texts = (made: typeof files) => made.flatMap(({ bytes }) => rowTexts(bytes))
    expect(texts(files)).toEqual(texts(whole))
  })

  it('hold one or two row groups of each source at a time, not all rows', () => {
    const rows = randomRows(ticks, 6_000, 3)
    const sources = [0, 1, 2].map((part) => {
      const cut = rows.filter((_, i) => i % 3 === part)
      return sealRows(bufferOf(ticks, cut), small)[0]?.bytes as Uint8Array
    })
    const merge = openMerge(ticks, new Map(sources.entries()))
    let most = 0
    for (let isAll = false; !isAll; ) {
      expect(merge.load()).toBeNull()
      most = Math.max(most, merge.pool.count)
      const known = merge.known()
      isAll = known.isAll
      merge.drop(known.order.length)
    }
    expect(merge.pool.count).toBe(0)
    expect(most).toBeLessThanOrEqual(600)
  })

  it('of which one was written by others are merged without it: its row groups may be in any order', () => {
    const [whole, theirs] = [5, 6].map(
      (seed) => sealRows(bufferOf(ticks, randomRows(ticks, 500, seed)), small)[0] as SealedFile,
    ) as [SealedFile, SealedFile]
    const at = Buffer.from(theirs.bytes.buffer).lastIndexOf('cryptoflow version')
    theirs.bytes.set(Buffer.from('parquet-mr version'), at)
    const { files, refused } = resealFiles(ticks, [theirs.bytes, whole.bytes], small)
    expect([...refused]).toEqual([[0, 'it has several row groups that others have written']])
    expect(files.map((file) => file.rows)).toEqual([500])
  })

  it('of which one is cut in a later row group are merged without it', () => {
    const [whole, broken] = [5, 6].map(
      (seed) => sealRows(bufferOf(ticks, randomRows(ticks, 500, seed)), small)[0] as SealedFile,
    ) as [SealedFile, SealedFile]
    broken.bytes.fill(0, broken.splitOffsets[3], (broken.splitOffsets[3] as number) + 500)
    const { files, refused } = resealFiles(ticks, [broken.bytes, whole.bytes], small)
    expect([...refused.keys()]).toEqual([0])
    expect(files.map((file) => file.rows)).toEqual([500])
  })
})

/** The rows of a file, each as a text. */
function rowTexts(file: Uint8Array): string[] {
  const buffer = bufferOf(ticks, [])
  expect(unsealRows(file, buffer as never)).toBeNull()
  return Array.from({ length: buffer.count }, (_, row) =>
    Object.values(buffer.columns)
      .map((column) => {
        if (column instanceof DecimalColumn) return `${column.mantissa(row)}e${column.scales[row]}`
        if (column instanceof NameColumn) {
          const id = column.values[row] as number
          return id < 0 ? 'null' : buffer.names.text(id)
        }
        return String(column.values[row])
      })
      .join('|'),
  )
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
