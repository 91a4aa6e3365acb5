import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manyCommits } from '../many-commits.ts'
import { type Answer, ask, isInstalled } from './engines.ts'
import { plainDecimal } from './places.ts'

const COMMITS = 10_000
const SNAPSHOTS = 100
/** The first hours: every one has a commit each 10 seconds. */
const HOUR_MS = 3_600_000
const FIRST_HOUR_MS = Math.ceil(1_700_000_000_000 / HOUR_MS) * HOUR_MS

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The rows of every file, written once and linked under every name. */
const prices = ['0.100000000000000001', '12345678901234567.000000000000000002', '-3']

describe.skipIf(!isInstalled('pyiceberg'))('a table behind ten thousand commits', () => {
  it('is read by PyIceberg: every file and row is counted, and those of an hour are the right ones', async () => {
    const file = join(folder, 'rows.parquet')
    const at = String((FIRST_HOUR_MS + 1_000) * 1000)
    const columns = [
      { id: 1, name: 'exchange', type: 'string', required: true, values: prices.map(() => 'lab') },
      { id: 2, name: 'event_ts', type: 'timestamptz', required: true, values: prices.map(() => at) },
      { id: 3, name: 'price', type: 'decimal(38,18)', required: true, values: prices },
    ]
    await ask('pyiceberg', { do: 'write', files: [{ path: file, columns }] })
    const bytes = statSync(file).size
    const made = await manyCommits({
      folder,
      commits: COMMITS,
      snapshotsKept: SNAPSHOTS,
      shown: [COMMITS],
      onShown({ metadataBytes, snapshots, manifests }) {
        expect(metadataBytes).toBeLessThan(200_000)
        expect(snapshots).toBeLessThanOrEqual(SNAPSHOTS)
        expect(manifests).toBeLessThan(200)
      },
      onFile(path) {
        mkdirSync(dirname(path), { recursive: true })
        linkSync(file, path)
        return bytes
      },
      rowsOf: () => prices.length,
    })
    expect(made).toEqual({ files: COMMITS, rows: COMMITS * prices.length })

    const place = { warehouse: folder, via: 'local', catalog: 'bench', table: 'bench.ticks' }
    expect(await ask('pyiceberg', { ...place, do: 'count' })).toEqual(made)
    const [from, until] = [FIRST_HOUR_MS, FIRST_HOUR_MS + HOUR_MS].map((ms) =>
      new Date(ms).toISOString().replace('Z', '+00:00'),
    )
    const where = [
      ['event_ts', '>=', from],
      ['event_ts', '<', until],
    ]
    const { answer } = await ask<{ answer: Answer }>('pyiceberg', {
      ...place,
      do: 'ask',
      question: { sums: ['price'], where },
    })
    // A file each 10 seconds, and no file of another hour is opened.
    expect([answer.planned, answer.rows]).toEqual([360, 360 * prices.length])
    expect(plainDecimal(answer.sums.price as string)).toBe('4444444404444443076.00000000000000108')
  }, 900_000)
})
