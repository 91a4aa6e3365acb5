import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { fillDisk, mountDisk } from '../small-disk.ts'
import {
  collectFrom,
  inFolder,
  run,
  runJson,
  type Started,
  said,
  start,
  startApp,
  withSimulator,
} from '../support.ts'

const DISK_MB = 48
/** Others hold the locks for moments. */
const LOCK_WAIT_MS = 30_000

interface Verdict {
  readonly ok: boolean
  readonly lost: number
  readonly doubled: number
  readonly stored: number
}

/** Takes the write locks of databases, as another program may; frees them when called. */
function lock(...paths: string[]): () => void {
  const held = paths.map((path) => {
    const database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
    database.exec('BEGIN IMMEDIATE')
    return database
  })
  return () => {
    for (const database of held) database.close()
  }
}

/** Makes files read-only also for those who have them open; false where that cannot be done. */
function setReadOnly(paths: readonly string[], isReadOnly: boolean): boolean {
  return spawnSync('chattr', [isReadOnly ? '+i' : '-i', ...paths]).status === 0
}

/** A database that nobody can write to until something has happened. */
async function readOnly(database: string, happened: Promise<void>): Promise<void> {
  const files = [database, `${database}-wal`]
  try {
    expect(setReadOnly(files, true)).toBe(true)
    await happened
  } finally {
    setReadOnly(files, false)
  }
}

function canSetReadOnly(folder: string): boolean {
  const probe = join(folder, 'probe')
  writeFileSync(probe, '')
  const can = setReadOnly([probe], true) && setReadOnly([probe], false)
  rmSync(probe)
  return can
}

describe('catalog and ledger that are locked or read-only for a while, and tables without room', () => {
  it('are waited for by a collector and a committer, who say so and go on; every row is stored once', async () => {
    await inFolder(async (folder) => {
      const log = join(folder, 'emissions.jsonl')
      const warehouse = join(folder, 'warehouse')
      const data = join(warehouse, 'cryptoflow')
      mkdirSync(data, { recursive: true })
      const unmount = mountDisk(data, DISK_MB)
      if (unmount === null)
        console.warn('SKIPPED: tables without room; this process may not mount a small disk')
      const [ledger, catalog] = [join(warehouse, 'ledger.db'), join(warehouse, 'catalog.db')]
      let stopAll = async (): Promise<void> => {}
      try {
        await withSimulator({ log }, async (urls) => {
          const rhythm = ['--seal-ms', '300', '--commit-ms', '200', '--set', 'journal.reserve_bytes=1MiB']
          const collector = start(
            ...collectFrom(urls, 'BTCUSDT,ETHUSDT', warehouse),
            ...rhythm,
            'commit.by=committer',
          )
          const committer = startApp('committer', '--warehouse', warehouse, '--commit-ms', '200')
          stopAll = async () => {
            for (const { process, ended } of [collector, committer]) {
              process.kill('SIGKILL')
              await ended
            }
          }
          await Promise.all([heard(collector, ' rows/s'), heard(committer, 'commits')])

          const away = heard(collector, 'the ledger could not be used')
          const unlock = lock(ledger, catalog)
          const asked = await run('query', 'SELECT count(*) AS n FROM ticks', '--warehouse', warehouse)
          expect(asked, asked.stderr).toMatchObject({ code: 0 })
          await away
          unlock()
          await goOn(collector, warehouse)

          if (!canSetReadOnly(folder)) console.warn('SKIPPED: read-only databases; chattr does not work here')
          else {
            await readOnly(catalog, heard(committer, 'not committed in this round'))
            await goOn(collector, warehouse)
            await readOnly(ledger, heard(collector, 'the ledger could not be used'))
            await goOn(collector, warehouse)
          }

          if (unmount !== null) {
            const full = heard(collector, 'no room to seal')
            const filler = join(data, 'filler')
            fillDisk(filler, 0)
            await full
            rmSync(filler)
            await goOn(collector, warehouse)
          }
          collector.process.kill('SIGTERM')
          const { code, stderr } = await collector.ended
          expect(code, stderr).toBe(0)
          await nothingWaits(warehouse)
          committer.process.kill('SIGTERM')
          expect(await committer.ended).toMatchObject({ code: 0 })
        })
        const place = ['--warehouse', warehouse, '--emissions', log]
        const verdict = await runJson<Verdict>('verify', '--json', ...place)
        expect(verdict).toMatchObject({ ok: true, lost: 0, doubled: 0 })
        expect(verdict.stored).toBeGreaterThan(0)
      } finally {
        await stopAll()
        unmount?.()
      }
    })
  })
})

/** As `said`; a process that ends instead is a failure. */
function heard(process: Started, text: string): Promise<void> {
  const ended = process.ended.then(({ code, stderr }) => {
    throw new Error(`ended with ${code} before it said "${text}": ${stderr.slice(-2_000)}`)
  })
  return Promise.race([said(process, text), ended])
}

/** Waits until there are more data files in the tables; between two looks is a line of progress. */
async function goOn(collector: Started, warehouse: string): Promise<void> {
  const filesOf = async (): Promise<number> =>
    [...(await tableFiles(warehouseAt(warehouse), systemClock())).values()].flat().length
  const before = await filesOf()
  while ((await filesOf()) <= before) await heard(collector, ' rows/s')
}

interface Status {
  readonly commits: { readonly backlogs: readonly unknown[] }
}

/** Each look is a process, so nothing spins. */
async function nothingWaits(warehouse: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const { commits } = await runJson<Status>('status', '--warehouse', warehouse, '--json')
    if (commits.backlogs.length === 0) return
  }
  throw new Error('what was sealed is not in the tables')
}
