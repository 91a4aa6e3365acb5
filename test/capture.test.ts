import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { inFolder, run, runJson } from './support.ts'

const name = 'binance-spot__hftbacktest__btcusdt__20240808_20240809.jsonl.zst'
const folder = process.env.CRYPTOFLOW_CAPTURES ?? ''
const capture = join(folder, name)
const isHere = folder !== '' && existsSync(capture)
if (!isHere) console.warn(`SKIPPED: real captures; CRYPTOFLOW_CAPTURES does not lead to ${name}`)

interface Replayed {
  readonly dead_letters: number
  readonly files: { readonly decoded: Record<string, { messages: number; rows: number }> }[]
  readonly books: {
    applied: number
    bridges: number
    crossed: number
    bbo_points: number
    bbo_equal: number
  }[]
}

describe.runIf(isHere)('a real capture', () => {
  it('gives a book that agrees with the exchange’s own best bid and offer, and the numbers of the wire', async () => {
    await inFolder(async (warehouse) => {
      const replayed = await runJson<Replayed>(
        'replay',
        '--input',
        capture,
        '--warehouse',
        warehouse,
        '--json',
      )
      expect(replayed.dead_letters).toBe(0)
      expect(replayed.files[0]?.decoded).toEqual({
        ticks: { messages: 19904, rows: 19904 },
        spot_delta: { messages: 6496, rows: 300111 },
      })
      // The two points that differ are the feed's own: its bookTicker lags behind a fast move.
      expect(replayed.books).toMatchObject([
        { applied: 6493, bridges: 1, crossed: 0, bbo_points: 6492, bbo_equal: 6490 },
      ])
      const wire = wireRows()
      expect(firstDifference(await stored(warehouse, deltaSql), wire.deltas.sort())).toBeNull()
      expect(firstDifference(await stored(warehouse, tradeSql), wire.trades.sort())).toBeNull()
      expect(await stored(warehouse, 'SELECT count(*) FROM gaps WHERE missing > 0')).toEqual(['0'])
    })
  })
})

const deltaSql = `SELECT coalesce(first_seq, -1), last_seq, side, level_index, price, price_scale, quantity,
  quantity_scale, is_snapshot FROM spot_delta`
const tradeSql = `SELECT trade_id, side, price, price_scale, quantity, quantity_scale, epoch_us(event_ts)
  FROM ticks`

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

/** What the messages say, read by another program than ours: text to text, no number in between. */
function wireRows(): { deltas: string[]; trades: string[] } {
  const deltas: string[] = []
  const trades: string[] = []
  for (const line of zstdDecompressSync(readFileSync(capture)).toString('utf8').trimEnd().split('\n')) {
    const message = JSON.parse((JSON.parse(line) as { raw: string }).raw)
    const data = message.data ?? message
    if (data.e === 'trade') {
      const side = data.m ? 'sell' : 'buy'
      trades.push([data.t, side, ...wireNumber(data.p), ...wireNumber(data.q), data.T * 1000].join(','))
    } else if (data.e === 'depthUpdate') levels(deltas, data.U, data.u, data.b, data.a, false)
    else if (data.lastUpdateId) levels(deltas, -1, data.lastUpdateId, data.bids, data.asks, true)
  }
  return { deltas, trades }
}

function levels(
  rows: string[],
  first: number,
  last: number,
  bids: [string, string][],
  asks: [string, string][],
  isSnapshot: boolean,
): void {
  for (const [side, list] of [
    ['bid', bids],
    ['ask', asks],
  ] as const) {
    list.forEach(([price, quantity], index) => {
      const row = [first, last, side, index, ...wireNumber(price), ...wireNumber(quantity), isSnapshot]
      rows.push(row.join(','))
    })
  }
}

/** `61837.63000000` -> the same at 18 fraction digits, and the 8 that were written. */
function wireNumber(text: string): [string, number] {
  const [whole = '', fraction = ''] = text.split('.')
  return [`${whole}.${fraction.padEnd(18, '0')}`, fraction.length]
}
