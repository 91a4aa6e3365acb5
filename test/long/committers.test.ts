import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inFolder, run, runJson, said, start, startApp, withSimulator } from '../support.ts'

interface Status {
  readonly tables: readonly { rows: number | null }[]
  readonly journals: readonly { name: string; journal: { isRunning: boolean } | null }[]
  readonly commits: { readonly backlogs: readonly unknown[]; readonly committers: readonly unknown[] }
}

const MARKETS = { spot: 'BTCUSDT,ETHUSDT', linear: 'BTCUSDT' }

describe('several collecting processes and a committer on one warehouse', () => {
  it('store everything once, whoever dies and comes again', async () => {
    await inFolder(async (folder) => {
      const warehouse = join(folder, 'warehouse')
      const log = join(folder, 'emissions.jsonl')
      await withSimulator({ log, markets: MARKETS }, async (urls) => {
        const collect = (market: keyof typeof MARKETS, ...more: string[]): string[] => {
          const { wsUrl = '', restUrl = '' } = urls[market] ?? {}
          const what = ['--market', market, '--symbols', MARKETS[market], '--warehouse', warehouse]
          const where = ['--ws-url', wsUrl, '--rest-url', restUrl, '--seal-ms', '200', '--commit-ms', '150']
          return ['collect', ...what, ...where, '--set', `journal.name=${market}`, ...more]
        }
        const commit = (): ReturnType<typeof start> =>
          startApp('committer', '--warehouse', warehouse, '--commit-ms', '150', '--threads', '0')
        const spot = start(...collect('spot', 'commit.by=committer'))
        const linear = start(...collect('linear', 'commit.by=committer'))
        await Promise.all([spot, linear].map((each) => said(each, 'connected')))
        const again = await start(...collect('spot')).ended
        expect(again.code).toBe(2)
        expect(again.stderr).toContain('journal.name')
        const third = await start(...collect('spot').with(-1, 'journal.name=third')).ended
        expect(third.code).toBe(2)
        expect(third.stderr.replaceAll(/\s+/g, ' ')).toContain(
          'spot trade of BTCUSDT comes into this warehouse',
        )
        const first = commit()
        await said(first, 'committing into')
        const refused = await run('warehouse', 'move', warehouse, join(folder, 'elsewhere'))
        expect([refused.code, existsSync(warehouse)]).toEqual([2, true])
        await commits(warehouse, 3)
        first.process.kill('SIGKILL')
        spot.process.kill('SIGKILL')
        await Promise.all([first.ended, spot.ended])
        const second = commit()
        // What one process sealed, another commits, also by itself.
        const embedded = await start(...collect('spot', 'commit.by=collector', '--until-frames', '60')).ended
        expect(embedded.code, embedded.stderr).toBe(0)
        linear.process.kill('SIGTERM')
        const { code, stderr } = await linear.ended
        expect(code, stderr).toBe(0)
        expect(stderr).toContain('the ledger has it for a committer')
        const status = await waitFor(warehouse, ({ commits }) => commits.backlogs.length === 0)
        // The killed one is not missed before a minute is over.
        expect(status.commits.committers).toHaveLength(2)
        expect(status.journals.map(({ name, journal }) => [name, journal?.isRunning])).toEqual([
          ['linear', false],
          ['spot', false],
        ])
        second.process.kill('SIGTERM')
        expect(await second.ended).toMatchObject({ code: 0 })
      })
      const place = ['--warehouse', warehouse, '--emissions', log, '--restarted']
      expect(await runJson('verify', '--json', ...place)).toMatchObject({ lost: 0, doubled: 0, ok: true })
    })
  })
})

/** Waits until tables of the warehouse were committed to; each look is a process, so nothing spins. */
async function commits(warehouse: string, tables: number): Promise<void> {
  await waitFor(warehouse, (status) => status.tables.filter(({ rows }) => Number(rows) > 0).length >= tables)
}

async function waitFor(warehouse: string, isSo: (status: Status) => boolean): Promise<Status> {
  for (let i = 0; i < 100; i++) {
    const status = await runJson<Status>('status', '--warehouse', warehouse, '--json')
    if (isSo(status)) return status
  }
  throw new Error('what was waited for did not come')
}
