import { cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collectFrom, inFolder, run, runJson, said, start, withSimulator } from './support.ts'

describe('a journal that is an older copy of itself', () => {
  it('is not written to, stays readable, and a new one begins where it is set aside', async () => {
    await inFolder(async (folder) => {
      const warehouse = join(folder, 'warehouse')
      const raw = join(warehouse, 'raw')
      const backup = join(folder, 'backup')
      const aside = join(warehouse, 'raw-before')
      const log = join(folder, 'emissions.jsonl')
      const query = (sql: string) =>
        runJson<Record<string, unknown>[]>('query', sql, '--warehouse', warehouse, '--format', 'json')
      const writers = () => query('SELECT DISTINCT writer FROM ticks')
      await withSimulator({ log, markets: { spot: 'BTCUSDT' } }, async (urls) => {
        const collect = async () => {
          const collector = start(...collectFrom(urls, 'BTCUSDT', warehouse), '--seal-ms', '300')
          const heard = await Promise.race([said(collector, ' rows/s').then(() => true), collector.ended])
          if (heard === true) collector.process.kill('SIGTERM')
          return await collector.ended
        }
        expect((await collect()).code).toBe(0)
        cpSync(raw, backup, { recursive: true })
        expect((await collect()).code).toBe(0)
        rmSync(raw, { recursive: true })
        cpSync(backup, raw, { recursive: true })

        for (let i = 0; i < 2; i++) {
          const { code, stderr } = await collect()
          expect(code, stderr).toBe(1)
          expect(stderr).toContain('holds a request that this journal never sealed')
          expect(stderr).toContain('rename the directory and start again')
        }
        expect(await writers()).toHaveLength(1)

        renameSync(raw, aside)
        const { code, stderr } = await collect()
        expect(code, stderr).toBe(0)
        expect(await writers()).toHaveLength(2)
        const old = await run('journal', 'verify', aside)
        expect(old.code, old.stderr).toBe(0)
      })
      const twice = 'SELECT trade_id FROM ticks GROUP BY trade_id HAVING count(*) > 1'
      expect(await query(twice)).toEqual([])
    })
  })
})
