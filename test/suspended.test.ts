import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collectFrom, inFolder, run, runJson, said, start, type Urls, withSimulator } from './support.ts'

/** Listens to the simulated exchange for as many book updates as it sends in about `seconds`. */
function passed(urls: Urls, seconds: number): Promise<void> {
  const socket = new WebSocket(`${urls.spot?.wsUrl}/ws/btcusdt@depth@100ms`)
  let left = seconds * 10
  return new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error('the simulated exchange cannot be heard'))
    socket.onmessage = () => {
      left -= 1
      if (left > 0) return
      socket.close()
      resolve()
    }
  })
}

describe('a collecting process that is stopped and continued', () => {
  it('takes its connections for stale, connects anew, and records what it missed as suspended', async () => {
    await inFolder(async (folder) => {
      const log = join(folder, 'emissions.jsonl')
      const warehouse = join(folder, 'warehouse')
      await withSimulator({ log }, async (urls) => {
        const collector = start(...collectFrom(urls, 'BTCUSDT,ETHUSDT', warehouse), '--seal-ms', '500')
        await said(collector, ' rows/s')
        collector.process.kill('SIGSTOP')
        await passed(urls, 5)
        const again = said(collector, 'the process stood still')
        collector.process.kill('SIGCONT')
        await again
        await said(collector, 'connected: ')
        await said(collector, ' rows/s')
        collector.process.kill('SIGTERM')
        const { code, stderr } = await collector.ended
        expect(code, stderr).toBe(0)
      })
      const verify = ['verify', '--json', '--warehouse', warehouse, '--emissions', log, '--restarted']
      expect(await runJson(...verify)).toMatchObject({ ok: true, lost: 0, doubled: 0 })
      const causes = await run('query', 'SELECT DISTINCT cause FROM gaps', '--warehouse', warehouse)
      expect(causes.stdout).toContain('suspended')
    })
  })
})
