import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { openDuck, type QueryResult } from '@cryptoflow/reader'
import { manualClock } from '@cryptoflow/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rowConditions } from '../key-flags.ts'
import { copyQuery, csvFormat, formatCsv, formatJson, jsonFormat, runQuery, streamQuery } from './query.ts'
import { perfectWorld, type WrittenWorld, writeWorld } from './test-world.ts'

let written: WrittenWorld
beforeAll(async () => {
  written = await writeWorld(perfectWorld())
  writeFileSync(join(written.directory, 'outside.csv'), 'secret\n')
})
afterAll(() => written.remove())

const query = (sql: string, limit = 100): Promise<QueryResult> => runQuery({ ...written, sql, limit })

describe('runQuery', () => {
  it('reads the tables and knows their columns', async () => {
    const result = await query('SELECT symbol, count(*) AS trades FROM ticks GROUP BY ALL ORDER BY 1')
    expect(result).toEqual({
      columns: [
        { name: 'symbol', type: 'VARCHAR' },
        { name: 'trades', type: 'BIGINT' },
      ],
      rows: [
        ['BTCUSDT', '27'],
        ['测试USDT', '27'],
      ],
      truncated: false,
    })
  })

  it('takes the exchange from the rows and not from a folder name', async () => {
    expect((await query('SELECT DISTINCT exchange FROM ticks')).rows).toEqual([['binance']])
  })

  it('reads a warehouse whose folder has glob characters in its name', async () => {
    const warehouse = join(written.directory, '[w]*?')
    mkdirSync(warehouse)
    const path = join(warehouse, 'ticks.parquet')
    copyFileSync((written.files.get('ticks') as string[])[0] as string, path)
    const files = new Map([['ticks' as const, [path]]])
    const result = await runQuery({ files, warehouse, sql: 'SELECT count(*) FROM ticks', limit: 1 })
    expect(result.rows).toEqual([['54']])
  })

  it('stops at the limit and says so', async () => {
    expect(await query('FROM ticks', 3)).toMatchObject({ truncated: true, rows: { length: 3 } })
    expect(await query('FROM ticks LIMIT 3', 3)).toMatchObject({ truncated: false, rows: { length: 3 } })
  })

  it('shows numbers, times and bytes exactly', async () => {
    const { rows } =
      await query(`SELECT 0.1::DECIMAL(38,18), 9007199254740993::BIGINT, 7::INTEGER, true, NULL,
      TIMESTAMPTZ '2023-11-14 22:13:20.000001+00', TIMESTAMPTZ '1969-12-31 23:59:59.999999+00',
      '\\x00\\xFF'::BLOB, repeat('a', 65)::BLOB, 'infinity'::TIMESTAMPTZ`)
    expect(rows[0]).toEqual([
      '0.100000000000000000',
      '9007199254740993',
      7,
      true,
      null,
      '2023-11-14T22:13:20.000001Z',
      '1969-12-31T23:59:59.999999Z',
      '00ff',
      `${'61'.repeat(64)}... (65 bytes)`,
      'infinity',
    ])
  })

  it('spells out characters that could attack a terminal, in cells and in column names', async () => {
    const { rows, columns } = await query(
      `SELECT chr(27) || '[31m' || chr(8238) || chr(155) || chr(8203) || '测' AS "a${'\u202e'}b"`,
    )
    expect(rows).toEqual([['\\u{1b}[31m\\u{202e}\\u{9b}\\u{200b}测']])
    expect(columns[0]?.name).toBe('a\\u{202e}b')
  })

  it('has an empty table where there are no files', async () => {
    const result = await runQuery({ ...written, files: new Map(), sql: 'SELECT price FROM ticks', limit: 1 })
    expect(result).toEqual({
      columns: [{ name: 'price', type: 'DECIMAL(38,18)' }],
      rows: [],
      truncated: false,
    })
  })

  it.each([
    'WITH t AS (FROM ticks) SELECT count(*) FROM t',
    'DESCRIBE ticks',
    'SUMMARIZE gaps',
    'SHOW TABLES',
    'EXPLAIN SELECT 1',
    'EXPLAIN ANALYZE SELECT count(*) FROM ticks',
    'VALUES (1)',
    'SELECT unnest(range(3));',
  ])('runs %s', async (sql) => {
    expect((await query(sql)).rows.length).toBeGreaterThan(0)
  })

  it('names DuckDB’s complaint and the tables when a statement is wrong', async () => {
    const wrong = query('SELECT nothing FROM ticks')
    await expect(wrong).rejects.toMatchObject({ kind: 'usage', reaction: 'reject' })
    await expect(wrong).rejects.toThrow(
      /"nothing" not found.*ticks, spot_delta, spot_ob, futures_delta.*gaps, coverage, dead_letter/,
    )
    await expect(query('SELEC 1')).rejects.toThrow(/syntax error/)
  })

  it('fails with a statement that fails in the middle, instead of answering half of it', async () => {
    const sql = "SELECT CASE WHEN i = 300000 THEN error('half way') ELSE i END FROM range(400000) AS t(i)"
    await expect(query(sql, 1_000_000)).rejects.toThrow(/half way/)
    expect(await query(sql, 10)).toMatchObject({ truncated: true, rows: { length: 10 } })
  })

  it('interrupts a statement that takes longer than the limit', async () => {
    const clock = manualClock()
    const duck = await openDuck({ ...written, clock, timeoutMs: 5_000 })
    const endless =
      'SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 1'
    const outcome = duck.rows(endless, 1).catch((error: unknown) => error)
    for (let ended = false; !ended; clock.advance(1_000)) {
      ended = await Promise.race([outcome.then(() => true), nextTurn().then(() => false)])
    }
    expect(await outcome).toMatchObject({ kind: 'usage', message: expect.stringContaining('longer') })
    expect(await duck.rows('SELECT 1', 1)).toMatchObject({ rows: [[1]] })
    duck.close()
  })

  it('says which column of which table has another type than the contract', async () => {
    const files = new Map([['ticks' as const, written.files.get('spot_ob') ?? []]])
    const opened = runQuery({ ...written, files, sql: 'SELECT 1', limit: 1 })
    await expect(opened).rejects.toMatchObject({ kind: 'data', message: expect.stringContaining('ticks') })
  })
})

describe('a result that is written', () => {
  const sql = 'SELECT symbol, price, quantity FROM ticks ORDER BY frame, symbol, trade_id'

  it('is the same text piece by piece, whole or up to the limit', async () => {
    for (const limit of [1_000, 3]) {
      const whole = await query(sql, limit)
      for (const [format, text] of [
        [csvFormat, formatCsv(whole)],
        [jsonFormat, formatJson(whole)],
      ] as const) {
        let streamed = ''
        const told = await streamQuery({ ...written, sql, limit }, format, (part) => {
          streamed += part
        })
        expect(streamed).toBe(text)
        expect(told).toEqual({ rows: whole.rows.length, truncated: limit === 3 })
      }
    }
    let empty = ''
    await streamQuery({ ...written, sql: `${sql} LIMIT 0`, limit: 9 }, jsonFormat, (part) => {
      empty += part
    })
    expect(empty).toBe('[]')
  })

  it('is a Parquet file with the same rows, whatever the statement ends in', async () => {
    const path = join(written.directory, 'result.parquet')
    for (const [end, limit, rows] of [
      ['', Number.POSITIVE_INFINITY, 54],
      [';  ', 5, 5],
      [' -- all of them', Number.POSITIVE_INFINITY, 54],
    ] as const) {
      expect(await copyQuery({ ...written, sql: sql + end, limit }, path)).toMatchObject({ rows })
      expect(readFileSync(path).subarray(0, 4).toString()).toBe('PAR1')
      const duck = await openDuck({ files: new Map(), warehouse: null, alsoRead: [path] })
      const [first] = await duck.rawRows(`SELECT count(*), count(price) FROM read_parquet('${path}')`)
      expect(first?.map(Number)).toEqual([rows, rows])
      duck.close()
    }
    rmSync(path)
  })

  it('goes nowhere else, and is of a statement that only reads', async () => {
    const path = join(written.directory, 'result.parquet')
    const elsewhere = join(written.directory, 'elsewhere.parquet')
    for (const bad of [
      `SELECT 1) TO '${elsewhere}' (FORMAT parquet) --`,
      `COPY (SELECT 1) TO '${elsewhere}'`,
      'SELECT 1; SELECT 2',
      "FROM read_text('/etc/passwd')",
    ]) {
      await expect(copyQuery({ ...written, sql: bad, limit: 9 }, path)).rejects.toMatchObject({
        kind: 'usage',
      })
    }
    expect([path, elsewhere].map((file) => existsSync(file))).toEqual([false, false])
  })
})

describe('rows that are asked for', () => {
  const counted = async (flags: Parameters<typeof rowConditions>[0]) => {
    const where = rowConditions(flags)
    const { rows } = await runQuery({
      ...written,
      where,
      sql: 'SELECT count(*)::INTEGER FROM ticks',
      limit: 1,
    })
    return rows[0]?.[0]
  }

  it('are those of a key, where * and ? stand for anything', async () => {
    for (const [symbol, rows] of [
      ['BTCUSDT', 27],
      ['*USDT', 54],
      ['??USDT', 27],
      ['BTC*', 27],
      ['BTC', 0],
      ['[B]*', 0],
      ['B.*', 0],
      ['B+*', 0],
      ['*\\E*', 0],
      ["x' OR 1=1 --", 0],
      ["*' OR 1=1 --", 0],
    ] as const) {
      expect(await counted({ symbol }), symbol).toBe(rows)
    }
    expect(await counted({ exchange: 'bin*', market: 'spot' })).toBe(54)
    expect(await counted({ exchange: 'kraken' })).toBe(0)
  })

  it('are those from a time on and before another, to the microsecond', async () => {
    const all = await query('SELECT epoch_us(event_ts)::VARCHAR FROM ticks ORDER BY 1')
    const times = all.rows.map(([us]) => Number(us))
    const from = times[10] as number
    const to = times[40] as number
    expect(await counted({ from, to })).toBe(times.filter((us) => us >= from && us < to).length)
    expect(await counted({ from: (times.at(-1) as number) + 1 })).toBe(0)
    expect(await counted({ to: (times[0] as number) + 1 })).toBe(times.filter((us) => us === times[0]).length)
  })
})

describe('without the lock', () => {
  it('a statement may do what the process may do', async () => {
    const path = join(written.directory, 'unsafe.csv')
    const sql = `COPY (SELECT 1 AS a) TO '${path}'`
    await expect(runQuery({ ...written, sql, limit: 1 })).rejects.toThrow('only read')
    await runQuery({ ...written, sql, limit: 1, isUnsafe: true })
    expect(readFileSync(path, 'utf8')).toBe('a\n1\n')
    rmSync(path)
  })
})

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('the sandbox', () => {
  const outside = (): string => join(written.directory, 'outside.csv')
  const inside = (): string => join(written.warehouse, 'new.parquet')

  it.each<[string, () => string]>([
    ['COPY TO the warehouse', () => `COPY (SELECT 1) TO '${inside()}'`],
    ['COPY TO elsewhere', () => `COPY (SELECT 1) TO '${written.directory}/new.csv'`],
    ['EXPLAIN ANALYZE of a COPY', () => `EXPLAIN ANALYZE COPY (SELECT 1) TO '${inside()}'`],
    ['EXPLAIN (ANALYZE) of a COPY', () => `EXPLAIN (ANALYZE) COPY (SELECT 1) TO '${inside()}'`],
    ['a COPY behind a comment', () => `/* SELECT */ COPY (SELECT 1) TO '${inside()}'`],
    ['a COPY behind a SELECT', () => `SELECT 1; COPY (SELECT 1) TO '${inside()}'`],
    ['a COPY inside query()', () => `FROM query('COPY (SELECT 1) TO ''${inside()}''')`],
    ['EXPORT DATABASE', () => `EXPORT DATABASE '${written.warehouse}/x'`],
    ['ATTACH', () => `ATTACH '${written.warehouse}/new.db'`],
    ['CREATE TABLE', () => 'CREATE TABLE t (a INT)'],
    ['DROP VIEW', () => 'DROP VIEW ticks'],
    ['INSTALL', () => 'INSTALL httpfs'],
    ['LOAD', () => 'LOAD httpfs'],
    ['SET', () => 'SET enable_external_access = true'],
    ['a PRAGMA that sets', () => "PRAGMA memory_limit = '20GB'"],
    ['a profile of the next query', () => 'PRAGMA enable_profiling'],
    ['CALL', () => "CALL enable_logging('QueryLog')"],
    ['nothing', () => ''],
  ])('refuses %s', async (_, sql) => {
    await expect(query(sql())).rejects.toMatchObject({ kind: 'usage' })
    expect(readdirSync(written.warehouse).filter((name) => !name.startsWith('exchange='))).toEqual([])
    expect(existsSync(join(written.directory, 'new.csv'))).toBe(false)
  })

  it('refuses functions that write a log into the warehouse from inside a SELECT', async () => {
    const log = `enable_logging('QueryLog', storage = 'file', storage_config = {'path': '${written.warehouse}/log'})`
    for (const sql of [`FROM ${log}`, `SELECT 1 WHERE EXISTS (FROM ${log.replace('enable', 'ENABLE')})`]) {
      await expect(query(sql)).rejects.toThrow(/the function enable_logging is not allowed/)
    }
    await expect(query('FROM json_execute_serialized_sql(json_serialize_sql($$SELECT 1$$))')).rejects.toThrow(
      /not allowed/,
    )
    expect(existsSync(join(written.warehouse, 'log'))).toBe(false)
  })

  it.each<[string, () => string]>([
    ['read_csv', () => `FROM read_csv('/etc/passwd')`],
    ['read_text', () => `FROM read_text('${outside()}')`],
    ['read_blob', () => `FROM read_blob('/etc/passwd')`],
    ['a file name as a table', () => `FROM '${outside()}'`],
    ['a way out of the warehouse', () => `FROM read_text('${written.warehouse}/../outside.csv')`],
    ['a listing', () => `FROM glob('/etc/*')`],
    ['the network', () => `FROM read_csv('http://127.0.0.1:1/x.csv')`],
  ])('does not read outside of the warehouse by %s', async (_, sql) => {
    await expect(query(sql())).rejects.toThrow(/disabled by configuration|httpfs|not allowed/)
  })

  it('does not hand out the environment', async () => {
    await expect(query(`SELECT getenv('PATH')`)).rejects.toMatchObject({ kind: 'usage' })
  })
})
