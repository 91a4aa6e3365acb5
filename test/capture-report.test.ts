import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inFolder, run, runJson } from './support.ts'

const line = (conn: string, raw: string, more: object = {}): string =>
  `${JSON.stringify({ exchange: 'binance', market: 'spot', transport: 'ws', conn, recv_ts_us: 1, url: null, raw, ...more })}\n`
const trade =
  '{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":1,"p":"1.0","q":"2.0","T":1700000000000,"m":true,"M":true}'

/** Two messages that are stored, one of nobody's exchange, one made by a recorder, one not stored, one unreadable. */
const capture = [
  line('a', trade),
  line('a', trade.replace('"t":1', '"t":2')),
  line('b', trade, { exchange: 'elsewhere' }),
  line('a', '{"stream":"btcusdt@depthSnapshot","generated":true,"data":{}}'),
  line('a', '{"e":"kline","E":1700000000000,"s":"BTCUSDT","k":{}}'),
  line('a', 'not JSON'),
].join('')

function inCapture<T>(work: (path: string, warehouse: string) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const path = join(folder, 'six.jsonl')
    writeFileSync(path, capture)
    return await work(path, join(folder, 'warehouse'))
  })
}

describe('the report on a replayed capture', () => {
  it('says which messages were not ours, and why', () =>
    inCapture(async (path, warehouse) => {
      const { code, stdout, stderr } = await run('replay', '--input', path, '--warehouse', warehouse)
      expect(code, stderr).toBe(0)
      expect(stdout).toContain('six.jsonl: ')
      expect(stdout).toContain('1 dead letters, 2 messages not ours (generated 1, out_of_scope 1)')
    }))

  it('says of every message of a short capture what became of it, also when it was replayed before', () =>
    inCapture(async (path, warehouse) => {
      const args = ['replay', '--input', path, '--warehouse', warehouse, '--json'] as const
      const first = await runJson<{ files: object[] }>(...args)
      expect(first).toMatchObject({ messages: 6, decoded: 2, ignored: 1, refused: 2, dead_letters: 1 })
      expect(first.files).toEqual([
        {
          file: 'six.jsonl',
          decoded: { ticks: { messages: 2, rows: 2 } },
          ignored: { kline: 1 },
          refused: { out_of_scope: 1, generated: 1 },
          records: [
            { i: 0, verdict: 'decoded', rows: { ticks: 1 } },
            { i: 1, verdict: 'decoded', rows: { ticks: 1 } },
            { i: 2, verdict: 'refused', reason: 'out_of_scope' },
            { i: 3, verdict: 'refused', reason: 'generated' },
            { i: 4, verdict: 'ignored', reason: 'kline' },
            { i: 5, verdict: 'dead_letter', reason: 'malformed' },
          ],
        },
      ])
      const second = await runJson<{ files: object[]; tables: Record<string, { rows: number }> }>(...args)
      expect(second.files).toEqual(first.files)
      expect(second.tables).toMatchObject({ ticks: { rows: 2 }, dead_letter: { rows: 1 } })
    }))
})
