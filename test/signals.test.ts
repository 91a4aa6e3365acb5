import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collectFrom, inFolder, runJson, start, withSimulateCommand } from './support.ts'

describe('a signal that arrives twice, as a terminal and whoever stands between send it', () => {
  it('stops collector and simulator once, with everything in the tables and in the log', async () => {
    await inFolder(async (folder) => {
      const log = join(folder, 'emissions.jsonl')
      const warehouse = join(folder, 'warehouse')
      await withSimulateCommand(['--log', log, '--market', 'spot:BTCUSDT'], async (urls) => {
        const collector = start(...collectFrom(urls, 'BTCUSDT', warehouse))
        await new Promise<void>((resolve) => {
          collector.process.stderr?.on('data', (text) => {
            if (String(text).includes(' rows/s')) resolve()
          })
        })
        collector.process.kill('SIGINT')
        collector.process.kill('SIGTERM')
        const { code, stderr } = await collector.ended
        expect(code, stderr).toBe(0)
        expect(stderr).toContain('everything received is in the tables')
      })
      const verdict = await runJson<{ ok: boolean; stored: number }>(
        'verify',
        '--json',
        '--warehouse',
        warehouse,
        '--emissions',
        log,
      )
      expect(verdict).toMatchObject({ ok: true, lost: 0, doubled: 0 })
      expect(verdict.stored).toBeGreaterThan(0)
    })
  })
})
