import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collectFrom, inFolder, runJson, start, withSimulator } from './support.ts'

/** The steps of exactly-once.md section 2, in their order; `2` is the second passage with data in flight. */
const steps = [
  'journal-write:9',
  'file-write:4',
  'image-write:2',
  'seal:2',
  'ledger-put:2',
  'manifest-write:5',
  'catalog-swap:3',
  'mark:3',
  'release:2',
]

interface Verdict {
  readonly lost: number
  readonly doubled: number
  readonly foreign: number
  readonly emitted: number
  readonly stored: number
  readonly ok: boolean
}

describe('a collecting process killed by SIGKILL', () => {
  it.concurrent.each(steps)('in the middle of %s loses and doubles nothing', async (step) => {
    await inFolder(async (folder) => {
      const log = join(folder, 'emissions.jsonl')
      const warehouse = join(folder, 'warehouse')
      const report = join(folder, 'crash.json')
      await withSimulator({ log, faultEvery: 150, seed: 7 }, async (urls) => {
        const collect = collectFrom(urls, 'BTCUSDT,ETHUSDT', warehouse)
        const often = ['--seal-ms', '300', '--commit-ms', '100']
        const killed = await start(...collect, ...often, '--crash-at', `${step}:${report}`).ended
        expect(killed.signal, killed.stderr).toBe('SIGKILL')
        expect(JSON.parse(readFileSync(report, 'utf8')).inFlight).toBeGreaterThan(0)
        // The restart cuts elsewhere: by few rows instead of by time.
        const byRows = ['--seal-ms', '10000', '--seal-rows', '333', '--commit-ms', '150']
        const restarted = await start(...collect, ...byRows, '--until-frames', '60').ended
        expect(restarted.code, restarted.stderr).toBe(0)
      })
      const verdict = await runJson<Verdict>(
        'verify',
        '--json',
        '--warehouse',
        warehouse,
        '--emissions',
        log,
        '--restarted',
      )
      expect(verdict).toMatchObject({ lost: 0, doubled: 0, foreign: 0, ok: true })
      expect(verdict.stored).toBeGreaterThan(50)
    })
  })

  it('is refused as a second process on the same warehouse while the first one lives', async () => {
    await inFolder(async (folder) => {
      await withSimulator({ log: join(folder, 'emissions.jsonl') }, async (urls) => {
        const warehouse = join(folder, 'warehouse')
        const collect = collectFrom(urls, 'BTCUSDT', warehouse)
        const first = start(...collect)
        await new Promise<void>((resolve) => {
          first.process.stderr?.on('data', (text) => {
            if (String(text).includes('connected')) resolve()
          })
        })
        const second = await start(...collect).ended
        expect(second.code).toBe(2)
        expect(second.stderr).toContain(join(warehouse, 'raw'))
        first.process.kill('SIGTERM')
        expect((await first.ended).code).toBe(0)
        expect(existsSync(join(warehouse, 'catalog.db'))).toBe(true)
      })
    })
  })
})
