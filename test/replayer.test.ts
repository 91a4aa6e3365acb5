import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inFolder, run, startApp } from './support.ts'

const trade = (id: number): string =>
  JSON.stringify({
    exchange: 'binance',
    market: 'spot',
    transport: 'ws',
    conn: 'a',
    recv_ts_us: 1_700_000_000_000_000 + id,
    url: null,
    raw: `{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":${id},"p":"1.0","q":"2.0","T":1700000000000,"m":true,"M":true}`,
  })

describe('the replayer', () => {
  it('proves that a second replay gives the same rows, and leaves only the first', () =>
    inFolder(async (folder) => {
      const input = join(folder, 'trades.jsonl')
      writeFileSync(input, Array.from({ length: 9 }, (_, id) => trade(id)).join('\n'))
      const golden = join(folder, 'golden.json')
      const args = ['--input', input, '--warehouse', join(folder, 'warehouse'), '--speed', '1000x']
      const first = await startApp('replayer', ...args, '--verify', '--write-golden', golden, '--json').ended
      expect(first.code, first.stderr).toBe(0)
      const result = JSON.parse(first.stdout)
      expect(result.verify).toEqual({ equal: true, differences: [] })
      expect(readdirSync(folder).sort()).toEqual(['golden.json', 'trades.jsonl', 'warehouse'])
      const { rows, content_hash } = result.tables.ticks
      const found = JSON.parse(readFileSync(golden, 'utf8'))
      expect(found.tables.ticks).toEqual({ rows, content_hash })

      found.tables.ticks = { rows: 8, content_hash: '8-00' }
      writeFileSync(golden, JSON.stringify(found))
      const second = await run('replay', ...args, '--golden', golden)
      expect(second.stdout).toContain(
        `WRONG: ticks holds 9 rows ${content_hash}, the golden file has 8 rows 8-00`,
      )
      expect(second.code).toBe(1)
    }))
})
