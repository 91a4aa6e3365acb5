import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run, runJson } from './support.ts'

const folder = process.env.CRYPTOFLOW_CAPTURES ?? ''
const isHere = folder !== '' && existsSync(join(folder, 'expect.json'))
if (!isHere) console.warn('SKIPPED: real captures; CRYPTOFLOW_CAPTURES does not lead to an expect.json')

/** Frames in binary form, which nothing here reads yet. */
const BINARY = 'binance-spot__sbe-stream-frames__2025-04.jsonl.zst'
const names = isHere ? readdirSync(folder).filter((name) => /^binance-.*\.jsonl\.zst$/.test(name)) : []

type Counts = Record<string, number>
type Decoded = Record<string, { messages: number; rows: number }>

interface BookCounts {
  readonly applied: number
  readonly bridges: number
  readonly crossed: number
  readonly bbo_points: number
  readonly bbo_equal: number
}

interface Replayed {
  readonly messages: number
  readonly decoded: number
  readonly ignored: number
  readonly dead_letters: number
  readonly files: { file: string; decoded: Decoded; ignored: Counts; refused: Counts }[]
  readonly books: (BookCounts & { file: string; symbol: string; gaps: number })[]
  readonly peak_rss_bytes: number
  readonly tables: Record<string, { rows: number }>
}

interface Expected {
  readonly file: string
  readonly messages: number
  readonly decoded: Decoded
  readonly ignored: Counts
  readonly sessions: readonly { readonly book?: Record<string, Partial<BookCounts>> }[]
}

describe.runIf(isHere)('real captures', () => {
  const warehouse = mkdtempSync(join(tmpdir(), 'cryptoflow-captures-'))
  afterAll(() => rmSync(warehouse, { recursive: true, force: true }))
  let replayed: Replayed
  let expected: readonly Expected[]
  beforeAll(async () => {
    const paths = names.map((name) => join(folder, name))
    const args = ['replay', '--input', ...paths, '--warehouse', warehouse, '--json']
    replayed = await runJson<Replayed>(...args)
    const all = JSON.parse(readFileSync(join(folder, 'expect.json'), 'utf8')) as { files: Expected[] }
    expected = all.files.filter(({ file }) => names.includes(file))
  })

  it('become exactly the messages and rows that are expected of them', () => {
    expect(replayed.dead_letters).toBe(0)
    expect(expected.length).toBe(names.length)
    for (const { file, decoded, ignored } of expected) {
      const found = replayed.files.find((one) => one.file === file)
      if (file === BINARY) expect(found).toMatchObject({ decoded: {}, refused: { binary_frames: 3 } })
      else {
        expect(found?.decoded, file).toEqual(decoded)
        expect(total(found?.ignored), file).toBe(total(ignored))
        expect(found?.refused, file).toEqual({})
      }
    }
    const refused = replayed.files.reduce((sum, file) => sum + total(file.refused), 0)
    expect(replayed.messages).toBe(replayed.decoded + replayed.ignored + refused)
  })

  it('give books that join, go on without a gap, and agree with the exchange’s own best bid and offer', () => {
    let points = 0
    let equal = 0
    for (const { file, sessions } of expected) {
      const books = Object.assign({}, ...sessions.map(({ book }) => book)) as Record<string, BookCounts>
      for (const [symbol, { applied, bridges, crossed, bbo_points, bbo_equal }] of Object.entries(books)) {
        if (applied === 0) continue
        const found = replayed.books.find((book) => book.file === file && book.symbol === symbol)
        expect(found, `${file} ${symbol}`).toMatchObject({ applied, bridges, crossed })
        if (bbo_points > 0) expect(found, `${file} ${symbol}`).toMatchObject({ bbo_points, bbo_equal })
        points += bbo_points
        equal += bbo_equal
      }
    }
    expect(equal / points).toBeGreaterThanOrEqual(0.999)
    expect(replayed.books.reduce((sum, { crossed }) => sum + crossed, 0)).toBe(0)
  })

  it('leave no gap where there is none', async () => {
    expect(await stored(warehouse, 'SELECT count(*) FROM gaps WHERE missing > 0')).toEqual(['0'])
    expect(await stored(warehouse, "SELECT count(*) FROM gaps WHERE cause = 'sequence'")).toEqual(['0'])
  })

  it.each([
    'binance-spot__hftbacktest__btcusdt__20240808_20240809.jsonl.zst',
    'binance-usdm__cryptofeed__2021-07-22.jsonl.zst',
    'binance-coinm__cryptofeed__2021-07-22.jsonl.zst',
  ])('are stored with the numbers of the wire: %s', async (name) => {
    const path = join(folder, name)
    const writer = `capture${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 24)}`
    const wire = wireRows(path)
    for (const [what, sql] of Object.entries(storedSql)) {
      const rows = await stored(warehouse, sql.replace('WRITER', writer))
      expect(firstDifference(rows, wire[what as keyof typeof wire].sort()), what).toBeNull()
      expect(rows.length).toBeGreaterThan(50)
    }
  })

  it('are replayed within bounded memory', () => {
    expect(replayed.peak_rss_bytes).toBeLessThan(600 * 1024 * 1024)
  })
})

function total(counts: Counts | undefined): number {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0)
}

const storedSql = {
  deltas: `SELECT symbol, coalesce(first_seq, -1), last_seq, coalesce(prev_seq, -1), side, level_index, price,
    price_scale, quantity, quantity_scale, is_snapshot
    FROM (FROM spot_delta UNION ALL BY NAME FROM futures_delta) WHERE writer = 'WRITER'`,
  trades: `SELECT symbol, trade_id, kind, side, price, price_scale, quantity, quantity_scale, epoch_us(event_ts)
    FROM ticks WHERE writer = 'WRITER'`,
  quotes: `SELECT symbol, last_seq, bid_price, bid_price_scale, bid_quantity, bid_quantity_scale, ask_price,
    ask_price_scale, ask_quantity, ask_quantity_scale FROM bbo WHERE writer = 'WRITER'`,
}

async function stored(warehouse: string, sql: string): Promise<string[]> {
  const args = ['--warehouse', warehouse, '--format', 'csv', '--limit', '1000000']
  const { code, stdout, stderr } = await run('query', sql, ...args)
  expect(code, stderr).toBe(0)
  return stdout.trim().split(/\r?\n/).slice(1).sort()
}

/** Where two sorted lists part; a diff of a third of a million lines would take minutes. */
function firstDifference(found: string[], expected: string[]): { found?: string; expected?: string } | null {
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    const pair = { found: found[i], expected: expected[i] }
    if (pair.found !== pair.expected) return JSON.parse(JSON.stringify(pair))
  }
  return null
}

interface WireRows {
  readonly deltas: string[]
  readonly trades: string[]
  readonly quotes: string[]
}

/** What the messages say, read by another program than ours: text to text, no number in between. */
function wireRows(path: string): WireRows {
  const rows: WireRows = { deltas: [], trades: [], quotes: [] }
  const lines = zstdDecompressSync(readFileSync(path)).toString('utf8').trimEnd().split('\n')
  const records = lines.map((line) => JSON.parse(line) as { url: string | null; raw: string })
  const only = new Set(records.flatMap(({ raw }) => /"s":"([^"]+)"/.exec(raw)?.[1] ?? []))
  for (const { url, raw } of records) {
    const message = JSON.parse(raw)
    const data = message.data ?? message
    const { s: symbol } = data
    if (data.e === 'trade' || data.e === 'aggTrade') {
      const side = data.m ? 'sell' : 'buy'
      const what = data.e === 'trade' ? [data.t, 'trade', side] : [data.a, 'aggregate', side]
      rows.trades.push(
        [symbol, ...what, ...wireNumber(data.p), ...wireNumber(data.q), data.T * 1000].join(','),
      )
    } else if (data.e === 'depthUpdate') {
      levels(rows.deltas, [symbol, data.U, data.u, data.pu ?? -1], data.b, data.a, false)
    } else if (data.lastUpdateId) {
      const ofUrl = url === null ? null : new URL(url).searchParams.get('symbol')
      levels(rows.deltas, [ofUrl ?? [...only][0], -1, data.lastUpdateId, -1], data.bids, data.asks, true)
    } else if (data.B !== undefined && data.A !== undefined) {
      const numbers = [data.b, data.B, data.a, data.A].flatMap(wireNumber)
      rows.quotes.push([symbol, data.u, ...numbers].join(','))
    }
  }
  return rows
}

function levels(
  rows: string[],
  head: readonly unknown[],
  bids: [string, string][],
  asks: [string, string][],
  isSnapshot: boolean,
): void {
  for (const [side, list] of [
    ['bid', bids],
    ['ask', asks],
  ] as const) {
    list.forEach(([price, quantity], index) => {
      const row = [...head, side, index, ...wireNumber(price), ...wireNumber(quantity), isSnapshot]
      rows.push(row.join(','))
    })
  }
}

/** `61837.63000000` -> the same at 18 fraction digits, and the 8 that were written. */
function wireNumber(text: string): [string, number] {
  const [whole = '', fraction = ''] = text.split('.')
  return [`${whole}.${fraction.padEnd(18, '0')}`, fraction.length]
}
