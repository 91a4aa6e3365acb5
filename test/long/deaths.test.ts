import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collectFrom, hashes, inFolder, runJson, start, type Tables, withSimulator } from '../support.ts'

interface Verdict {
  readonly lost: number
  readonly doubled: number
  readonly foreign: number
  readonly ok: boolean
}

describe('a collecting process killed by SIGKILL', () => {
  it('again and again leaves a journal that replays to the very same tables', async () => {
    await inFolder(async (folder) => {
      const log = join(folder, 'emissions.jsonl')
      const warehouse = join(folder, 'warehouse')
      await withSimulator({ log, faultEvery: 120, seed: 11 }, async (urls) => {
        const collect = [...collectFrom(urls, 'BTCUSDT,ETHUSDT', warehouse), '--commit-ms', '120']
        const deaths = [
          'image-write:3',
          'journal-write:2',
          'mark:2',
          'seal:1',
          'catalog-swap:4',
          'journal-write:7',
        ]
        for (const [index, death] of deaths.entries()) {
          // Inline and in threads in turn, and never the same rhythm twice.
          const rhythm = ['--threads', String(index % 2), '--seal-ms', String(150 + 70 * index)]
          const drill = ['--crash-at', `${death}:${join(folder, 'crash.json')}`]
          const killed = await start(...collect, ...rhythm, ...drill).ended
          expect(killed.signal, killed.stderr).toBe('SIGKILL')
        }
        const last = await start(...collect, '--until-frames', '60').ended
        expect(last.code, last.stderr).toBe(0)
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
      const lived = await runJson<{ tables: Tables }>('tables', '--warehouse', warehouse, '--json')
      const replayed = await runJson<{ tables: Tables }>(
        'replay',
        '--input',
        join(warehouse, 'raw'),
        '--warehouse',
        join(folder, 'again'),
        '--json',
      )
      expect(hashes(replayed.tables)).toEqual(hashes(lived.tables))
    })
  })
})
