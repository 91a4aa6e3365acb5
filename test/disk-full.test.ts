import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fillDisk, mountDisk } from './small-disk.ts'
import { collectFrom, inFolder, run, runJson, said, start, withSimulator } from './support.ts'

/** More than the reserve and the room that a journal wants before it goes on, and both again. */
const DISK_MB = 192

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: a full disk; mounting a small one needs root')

describe.runIf(isRoot)('a collecting process whose disk is full', () => {
  it.each([
    ['with a reserve', '4MiB'],
    ['without one', '0'],
  ])(
    '%s stops listening, keeps what it has, and goes on by itself when there is room, with the hole recorded',
    async (_, reserve) => {
      const hasReserve = reserve !== '0'
      await inFolder(async (folder) => {
        const disk = join(folder, 'disk')
        const unmount = mountDisk(disk, DISK_MB)
        if (unmount === null) {
          console.warn('SKIPPED: a full disk; this process may not mount one')
          return
        }
        try {
          const log = join(folder, 'emissions.jsonl')
          const warehouse = join(disk, 'warehouse')
          const filler = join(disk, 'filler')
          await withSimulator({ log }, async (urls) => {
            const rhythm = [
              '--seal-ms',
              '300',
              '--commit-ms',
              '200',
              '--set',
              `journal.reserve_bytes=${reserve}`,
            ]
            const collector = start(...collectFrom(urls, 'BTCUSDT,ETHUSDT', warehouse), ...rhythm)
            await said(collector, ' rows/s')
            if (hasReserve) {
              const low = said(collector, 'the disk is nearly full')
              const eased = said(collector, 'images of books are made again')
              fillDisk(filler, 6 << 20)
              await low
              rmSync(filler)
              await eased
            }
            const full = said(collector, 'the disk is full')
            const again = said(collector, 'the disk has room again')
            fillDisk(filler, 0)
            await full
            rmSync(filler)
            await again
            await said(collector, ' rows/s')
            collector.process.kill('SIGTERM')
            const { code, stderr } = await collector.ended
            expect(code, stderr).toBe(0)
          })
          const verify = ['verify', '--json', '--warehouse', warehouse, '--emissions', log, '--restarted']
          const verdict = await runJson<{ ok: boolean; lost: number; doubled: number; stored: number }>(
            ...verify,
          )
          expect(verdict).toMatchObject({ ok: true, lost: 0, doubled: 0 })
          expect(verdict.stored).toBeGreaterThan(0)
          const causes = await run('query', 'SELECT DISTINCT cause FROM gaps', '--warehouse', warehouse)
          expect(causes.stdout).toContain('disk_full')
          const holes = `SELECT count(*) AS holes FROM gaps WHERE stream = 'derived' AND state = 'closed'`
          const images = await run('query', holes, '--format', 'csv', '--warehouse', warehouse)
          expect(Number(images.stdout.split('\n')[1]) > 0).toBe(hasReserve)
        } finally {
          unmount()
        }
      })
    },
  )
})
