import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  areHere,
  type Counts,
  captureLines,
  captureNames,
  type Decoded,
  type ExpectedBook,
  type ExpectedFile,
  type ExpectedRecord,
  expectations,
  folder,
  isKnown,
  stored,
  total,
  unknownExchanges,
} from './captures.ts'
import { jsonOf, start } from './support.ts'

/** Frames in binary form, which nothing here reads yet. */
const BINARY = 'binance-spot__sbe-stream-frames__2025-04.jsonl.zst'

interface ReplayedFile {
  readonly file: string
  readonly decoded: Decoded
  readonly ignored: Counts
  readonly refused: Counts
  readonly records?: readonly ExpectedRecord[]
}

interface ReplayedBook {
  readonly file: string
  readonly exchange: string
  readonly symbol: string
  readonly applied: number
  readonly bridges: number
  readonly snapshots: number
  readonly crossed: number
  readonly levels: { readonly bids: number; readonly asks: number } | null
  readonly bbo_points: number
  readonly bbo_equal: number
  readonly checksums: number
  readonly checksums_equal: number
}

interface Replayed {
  readonly messages: number
  readonly decoded: number
  readonly ignored: number
  readonly refused: number
  readonly dead_letters: number
  readonly files: readonly ReplayedFile[]
  readonly books: readonly ReplayedBook[]
  readonly peak_rss_bytes: number
}

describe.runIf(areHere)('real captures', () => {
  const warehouse = mkdtempSync(join(tmpdir(), 'cryptoflow-captures-'))
  afterAll(() => rmSync(warehouse, { recursive: true, force: true }))
  let replayed: Replayed
  let expected: readonly ExpectedFile[]
  beforeAll(async () => {
    const paths = captureNames.map((name) => join(folder, name))
    // Its memory is measured: a process of its own.
    const replay = start('replay', '--input', ...paths, '--warehouse', warehouse, '--json')
    replayed = jsonOf<Replayed>(await replay.ended)
    expected = expectations()
    const missing = new Set(expected.flatMap(unknownExchanges))
    if (missing.size > 0) console.warn(`SKIPPED: captures of ${[...missing].join(', ')}: no adapter is there`)
  }, 120_000)
  const fileOf = (name: string): ReplayedFile | undefined => replayed.files.find(({ file }) => file === name)

  it('are all of those that are expected', () => {
    expect(captureNames.toSorted()).toEqual(expected.map(({ file }) => file).toSorted())
  })

  it('become exactly the messages and rows that are expected of them', () => {
    for (const file of expected) {
      const found = fileOf(file.file)
      if (unknownExchanges(file).length > 0) continue
      if (file.file === BINARY) {
        expect(found).toMatchObject({ decoded: {}, refused: { binary_frames: file.messages } })
        continue
      }
      expect(found?.decoded, file.file).toEqual(file.decoded)
      expect(total(found?.ignored), `${file.file}, ignored`).toBe(total(file.ignored))
      expect(total(found?.refused), `${file.file}, refused`).toBe(total(file.refused))
    }
  })

  it('leave no message uncounted, and no dead letter', () => {
    const { messages, decoded, ignored, refused, dead_letters } = replayed
    expect(messages).toBe(expected.reduce((sum, file) => sum + file.messages, 0))
    expect(messages).toBe(decoded + ignored + refused + dead_letters)
    expect(dead_letters).toBe(0)
  })

  it('are judged message by message where they are single frames', () => {
    const judged = expected.flatMap(({ file, records = [] }) => {
      const known = records.filter(({ exchange, verdict }) => isKnown(exchange) || verdict === 'refused')
      return known.map((wanted) => ({ file, wanted, found: fileOf(file)?.records?.[wanted.i] }))
    })
    expect(judged.map(({ file, found }) => judgement(file, found))).toEqual(
      judged.map(({ file, wanted }) => judgement(file, wanted)),
    )
    expect(judged.length).toBeGreaterThan(100)
  })

  it('give books that begin, go on and agree with what the exchange says of them', () => {
    let compared = 0
    for (const { file, sessions } of expected) {
      for (const { exchange, book } of sessions) {
        for (const [symbol, wanted] of Object.entries(book ?? {})) {
          if (wanted === null || !isKnown(exchange)) continue
          if (wanted.bridges === 0 || (wanted.snapshots === 0 && wanted.applied === 0)) continue
          const own = replayed.books.filter((one) => one.file === file && one.symbol === symbol)
          expect(own.length, `${file} ${symbol}`).toBe(1)
          expect(own[0], `${file} ${symbol}`).toMatchObject(comparable(wanted))
          compared += 1
        }
      }
    }
    expect(compared).toBeGreaterThan(30)
  })

  it('agree with the exchange’s own best bid and offer at nearly all points, and never cross', () => {
    const points = replayed.books.reduce((sum, book) => sum + book.bbo_points, 0)
    const equal = replayed.books.reduce((sum, book) => sum + book.bbo_equal, 0)
    expect(points).toBeGreaterThan(50_000)
    expect(equal / points).toBeGreaterThanOrEqual(0.999)
    expect(replayed.books.reduce((sum, { crossed }) => sum + crossed, 0)).toBe(0)
  })

  it('leave no gap where there is none', async () => {
    const real = captureNames.filter((name) => !name.startsWith('mixed__'))
    const writers = real.map((name) => `'${writerOf(name)}'`).join(', ')
    const of = `FROM gaps WHERE writer IN (${writers}) AND`
    expect(await stored(warehouse, `SELECT * ${of} missing > 0`)).toEqual([])
    expect(
      await stored(warehouse, `SELECT * ${of} cause IN ('sequence', 'checksum', 'undecodable')`),
    ).toEqual([])
  })

  it.each([
    'binance-spot__hftbacktest__btcusdt__20240808_20240809.jsonl.zst',
    'binance-usdm__cryptofeed__2021-07-22.jsonl.zst',
    'binance-coinm__cryptofeed__2021-07-22.jsonl.zst',
  ])('are stored with the numbers of the wire: %s', async (name) => {
    const wire = wireRows(name)
    for (const [what, sql] of Object.entries(storedSql)) {
      const rows = await stored(warehouse, sql.replace('WRITER', writerOf(name)))
      expect(firstDifference(rows, wire[what as keyof typeof wire].sort()), what).toBeNull()
      expect(rows.length).toBeGreaterThan(50)
    }
  })

  it('are replayed within bounded memory', () => {
    expect(replayed.peak_rss_bytes).toBeLessThan(600 * 1024 * 1024)
  })
})

/** What a replay tells of a book, of what is expected of it. */
function comparable(wanted: ExpectedBook): Partial<ReplayedBook> {
  const { applied, crossed, bridges, snapshots = 0, bbo_points = 0, bbo_equal = 0 } = wanted
  const { crc_checked, crc_ok, levels_at_end } = wanted
  return {
    applied,
    crossed,
    ...(bridges === undefined ? { snapshots } : { bridges }),
    ...(bbo_points === 0 ? {} : { bbo_points, bbo_equal }),
    ...(crc_checked === undefined ? {} : { checksums: crc_checked, checksums_equal: crc_ok ?? 0 }),
    ...(levels_at_end === undefined ? {} : { levels: { bids: levels_at_end[0], asks: levels_at_end[1] } }),
  }
}

function judgement(file: string, record: ExpectedRecord | undefined): string {
  const rows = Object.entries(record?.rows ?? {}).map(([table, count]) => `${count} ${table}`)
  return [file, record?.i, record?.verdict, ...rows.sort()].join(' ')
}

function writerOf(name: string): string {
  const hash = createHash('sha256').update(readFileSync(join(folder, name)))
  return `capture${hash.digest('hex').slice(0, 24)}`
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
function wireRows(name: string): WireRows {
  const rows: WireRows = { deltas: [], trades: [], quotes: [] }
  const records = captureLines(name)
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
