import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collectFrom, inFolder, run, runJson, said, start, type Urls, withSimulator } from './support.ts'

/** Collects polled books until the first answers are in the tables; what it said meanwhile. */
async function polled(urls: Urls, warehouse: string, ...more: string[]): Promise<string> {
  const books = ['--set', 'book_poll.every_ms=200', '--set', 'book_poll.depth=7', ...more]
  const collector = start(...collectFrom(urls, 'BTCUSDT,ETHUSDT', warehouse), '--seal-ms', '400', ...books)
  await said(collector, ' rows/s')
  await said(collector, ' commits')
  collector.process.kill('SIGTERM')
  const { code, stderr } = await collector.ended
  expect(code, stderr).toBe(0)
  return stderr
}

describe('order books that are polled by REST', () => {
  it('are rows of the images alone, as deep as asked for; one that is not believed is a dead letter', async () => {
    await inFolder(async (folder) => {
      const [warehouse, strict] = [join(folder, 'warehouse'), join(folder, 'strict')]
      const query = (sql: string, place: string) =>
        runJson<Record<string, unknown>[]>('query', sql, '--warehouse', place, '--format', 'json')
      await withSimulator({ log: join(folder, 'emissions.jsonl') }, async (urls) => {
        await polled(urls, warehouse)
        await polled(urls, strict, '--set', 'book_poll.spread_max_percent=0')
      })
      const rows = `SELECT DISTINCT kind, source, depth::int AS depth, book_state FROM spot_ob ORDER BY ALL`
      expect(await query(rows, warehouse)).toEqual([
        { kind: 'rest', source: 'rest', depth: 7, book_state: 'waiting' },
      ])
      const symbols = 'SELECT DISTINCT symbol FROM spot_ob ORDER BY ALL'
      expect(await query(symbols, warehouse)).toEqual([{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }])
      const letters = `SELECT DISTINCT reason, stream, symbol, detail LIKE 'spread above 0 %%' AS said, decode(raw) LIKE '{"lastUpdateId%' AS is_body FROM dead_letter ORDER BY ALL`
      const letter = { reason: 'invalid_book', stream: 'depth@rest', said: true, is_body: true }
      expect(await query(letters, strict)).toEqual([
        { ...letter, symbol: 'BTCUSDT' },
        { ...letter, symbol: 'ETHUSDT' },
      ])
      expect(await query('SELECT count(*)::int AS rows FROM spot_ob', strict)).toEqual([{ rows: 0 }])
      expect((await run('tables', '--warehouse', warehouse)).stdout).not.toMatch(/spot_delta +[1-9]/)
    })
  })
})
