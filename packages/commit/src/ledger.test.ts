import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import type { CommitLedger } from './ledger.ts'
import { memoryLedger } from './memory-ledger.ts'
import { createSqliteLedger, type SqliteLedger } from './sqlite-ledger.ts'
import { requestOf } from './testing/requests.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-ledger-'))
const opened: SqliteLedger[] = []
let files = 0

function sqlite(
  path = join(folder, `${++files}.db`),
  probe?: () => void,
  busyTimeoutMs = 5_000,
): SqliteLedger {
  const ledger = createSqliteLedger({ path, busyTimeoutMs, ...(probe === undefined ? {} : { probe }) })
  opened.push(ledger)
  return ledger
}

afterAll(() => {
  for (const ledger of opened) ledger.close()
  rmSync(folder, { recursive: true, force: true })
})

const kinds: [string, () => CommitLedger][] = [
  ['the SQLite ledger', () => sqlite()],
  ['the memory ledger', memoryLedger],
]

describe.each(kinds)('%s', (_name, make) => {
  it('stores the first request of a slot and knows it again by its hash', async () => {
    const ledger = make()
    const request = requestOf('w', 1, 'ticks', 'gaps')
    expect(await ledger.put(request, 'h')).toBe('stored')
    expect(await ledger.put(request, 'h')).toBe('present')
    expect(await ledger.put({ ...request, to: 99 }, 'other')).toBe('taken')
    expect(await ledger.item('w', 1)).toEqual({ kind: 'request', hash: 'h', request, done: {}, voids: [] })
    expect(await ledger.item('w', 2)).toBeNull()
  })

  it('ends a writer in an empty slot only, and refuses puts there', async () => {
    const ledger = make()
    await ledger.put(requestOf('w', 1), 'h')
    expect(await ledger.end('w', 1)).toBe('taken')
    expect(await ledger.end('w', 2)).toBe('stored')
    expect(await ledger.end('w', 2)).toBe('present')
    expect(await ledger.put(requestOf('w', 2), 'h')).toBe('taken')
    expect(await ledger.item('w', 2)).toEqual({ kind: 'end' })
  })

  it('tells of a void epoch for ever, also when its rows came later', async () => {
    const ledger = make()
    await ledger.put(requestOf('w', 1, 'ticks', 'gaps'), 'h')
    await ledger.markVoid('w', 1, 'ticks')
    await ledger.markVoid('w', 1, 'ticks')
    await ledger.markVoid('w', 2, 'ticks')
    expect(await ledger.item('w', 1)).toMatchObject({ done: {}, voids: ['ticks'] })
    expect(await ledger.unmarked('w', 'ticks', 9, 9)).toEqual([1])
    await ledger.mark('w', 1, 'ticks', '5')
    expect(await ledger.consecutive('w', 1, 9)).toMatchObject([{ done: { ticks: '5' }, voids: ['ticks'] }])
    await ledger.put(requestOf('w', 2, 'ticks'), 'h')
    expect(await ledger.item('w', 2)).toMatchObject({ voids: [] })
  })

  it('tells what waits of each writer, the oldest first, until every table has it', async () => {
    const ledger = make()
    for (const writer of ['w', 'v']) await ledger.register(writer, `label of ${writer}`)
    await ledger.put(requestOf('w', 2, 'ticks', 'gaps'), 'h2')
    await ledger.put(requestOf('w', 3, 'ticks'), 'h3')
    await ledger.put(requestOf('v', 1, 'gaps'), 'h1')
    await ledger.put(requestOf('v', 2), 'h2')
    await ledger.mark('w', 2, 'ticks', '5')
    expect(await ledger.backlogs()).toEqual([
      {
        writer: 'v',
        name: 'label of v',
        epochs: 1,
        oldest: 1,
        sealedAtMs: 1_000,
        tables: ['gaps'],
        isHole: false,
      },
      {
        writer: 'w',
        name: 'label of w',
        epochs: 2,
        oldest: 2,
        sealedAtMs: 2_000,
        tables: ['gaps'],
        isHole: true,
      },
    ])
    await ledger.mark('v', 1, 'gaps', '5')
    expect((await ledger.backlogs()).map(({ writer }) => writer)).toEqual(['w'])
  })

  it('knows who commits, the last to tell of it first, until they leave', async () => {
    const ledger = make()
    const [early, late] = [
      { id: 'a', name: 'one', seenMs: 1_000, everyMs: 10 },
      { id: 'b', name: 'two', seenMs: 2_000, everyMs: 20 },
    ]
    await ledger.attend(early)
    await ledger.attend(late)
    expect(await ledger.committers()).toEqual([late, early])
    await ledger.attend({ ...early, seenMs: 3_000 })
    expect((await ledger.committers()).map(({ id }) => id)).toEqual(['a', 'b'])
    await ledger.leave('a')
    expect(await ledger.committers()).toEqual([late])
  })

  it('lists items up to the first empty slot, the end, or the limit', async () => {
    const ledger = make()
    for (const epoch of [10, 2, 9, 1, 4, 11]) await ledger.put(requestOf('w', epoch), `h${epoch}`)
    await ledger.end('w', 12)
    const epochs = async (from: number, limit: number): Promise<number[]> =>
      (await ledger.consecutive('w', from, limit)).map((item) =>
        item.kind === 'end' ? -1 : item.request.epoch,
      )
    expect(await epochs(1, 10)).toEqual([1, 2])
    expect(await epochs(3, 10)).toEqual([])
    expect(await epochs(9, 10)).toEqual([9, 10, 11])
    expect(await epochs(9, 2)).toEqual([9, 10])
    expect(await epochs(12, 2)).toEqual([])
  })

  it('ends a writer behind its last item, whatever was lost before, and takes nothing behind the end (R12)', async () => {
    const ledger = make()
    for (const epoch of [1, 3]) await ledger.put(requestOf('w', epoch), `h${epoch}`)
    expect(await ledger.end('w', 2)).toBe('taken')
    expect(await ledger.put(requestOf('w', 2), 'h2')).toBe('stored')
    expect(await ledger.end('w', 5)).toBe('stored')
    expect(await ledger.put(requestOf('w', 6), 'h6')).toBe('taken')
    expect(await ledger.put(requestOf('w', 4), 'h4')).toBe('stored')
    expect(await ledger.put(requestOf('v', 6), 'h6')).toBe('stored')
  })

  it('lists items beyond empty slots up to the end or the limit', async () => {
    const ledger = make()
    for (const epoch of [10, 2, 9, 1, 4]) await ledger.put(requestOf('w', epoch), `h${epoch}`)
    await ledger.end('w', 11)
    await ledger.put(requestOf('v', 3), 'h3')
    const epochs = async (from: number, limit: number): Promise<number[]> =>
      (await ledger.following('w', from, limit)).map((item) =>
        item.kind === 'end' ? -1 : item.request.epoch,
      )
    expect(await epochs(1, 9)).toEqual([1, 2, 4, 9, 10])
    expect(await epochs(3, 2)).toEqual([4, 9])
    expect(await epochs(11, 9)).toEqual([])
  })

  it('keeps marks by table, answers what lacks one, and remembers that a table had any', async () => {
    const ledger = make()
    for (const epoch of [1, 2, 3]) await ledger.put(requestOf('w', epoch, 'ticks', 'gaps'), 'h')
    await ledger.put(requestOf('w', 4, 'gaps'), 'h')
    expect(await ledger.hasMarks('ticks')).toBe(false)
    expect(await ledger.unmarked('w', 'ticks', 9, 9)).toEqual([1, 2, 3])
    expect(await ledger.unmarked('w', 'ticks', 2, 9)).toEqual([1, 2])
    expect(await ledger.unmarked('w', 'ticks', 9, 1)).toEqual([1])
    const snapshot = String(2n ** 63n - 1n)
    await ledger.mark('w', 1, 'ticks', snapshot)
    await ledger.mark('w', 1, 'ticks', snapshot)
    expect(await ledger.unmarked('w', 'ticks', 9, 9)).toEqual([2, 3])
    expect(await ledger.unmarked('w', 'gaps', 9, 9)).toEqual([1, 2, 3, 4])
    expect(await ledger.item('w', 1)).toMatchObject({ done: { ticks: snapshot } })
    expect(await ledger.hasMarks('ticks')).toBe(true)
    expect(await ledger.hasMarks('gaps')).toBe(false)
  })

  it('drops a mark for an empty slot: it would speak for whatever comes there', async () => {
    const ledger = make()
    await ledger.mark('w', 1, 'ticks', '1')
    await ledger.put(requestOf('w', 1, 'ticks'), 'h')
    expect(await ledger.item('w', 1)).toMatchObject({ done: {} })
    expect(await ledger.hasMarks('ticks')).toBe(false)
  })

  it('retires a writer only after its end and with every mark made (R18)', async () => {
    const ledger = make()
    await ledger.register('w', 'host')
    await ledger.put(requestOf('w', 1, 'ticks'), 'h')
    expect(await ledger.retire('w')).toBe('open')
    await ledger.end('w', 2)
    expect(await ledger.retire('w')).toBe('undecided')
    await ledger.mark('w', 1, 'ticks', '1')
    expect(await ledger.retire('w')).toBe('retired')
    expect(await ledger.writers()).toEqual([{ writer: 'w', name: 'host', state: 'retired', lastEpoch: 1 }])
    await ledger.register('w', 'other host')
    expect(await ledger.writers()).toMatchObject([{ state: 'retired', name: 'other host' }])
  })

  it('does not retire over an item that is missing', async () => {
    const ledger = make()
    await ledger.register('w', 'host')
    await ledger.end('w', 2)
    expect(await ledger.retire('w')).toBe('undecided')
  })

  it('registers each writer once, whatever its id and name are', async () => {
    const ledger = make()
    await ledger.register('__proto__', "x'; DROP TABLE writers; --")
    await ledger.register('__proto__', '测试')
    expect(await ledger.writers()).toEqual([{ writer: '__proto__', name: '测试', state: 'open' }])
  })
})

describe('the SQLite ledger on disk', () => {
  it('holds everything after it is opened again, synced at every commit', async () => {
    const path = join(folder, 'again.db')
    const first = createSqliteLedger({ path })
    await first.register('w', 'host')
    await first.put(requestOf('w', 1, 'ticks', 'gaps'), 'h')
    await first.mark('w', 1, 'ticks', '7')
    first.close()
    const second = sqlite(path)
    expect(await second.item('w', 1)).toMatchObject({ hash: 'h', done: { ticks: '7' } })
    expect(await second.unmarked('w', 'gaps', 1, 9)).toEqual([1])
    const db = new DatabaseSync(path)
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    db.close()
  })

  it('calls the probe inside the open transaction: a crash there leaves nothing', async () => {
    const path = join(folder, 'probe.db')
    const other = sqlite(path)
    const seen: string[] = []
    let crash = true
    const probed = createSqliteLedger({
      path,
      probe: (step) => {
        seen.push(step)
        if (crash) throw new Error('crash')
      },
    })
    opened.push(probed)
    await expect(probed.put(requestOf('w', 1, 'ticks'), 'h')).rejects.toThrow('crash')
    expect(await other.item('w', 1)).toBeNull()
    crash = false
    await probed.put(requestOf('w', 1, 'ticks'), 'h')
    crash = true
    await expect(probed.mark('w', 1, 'ticks', '1')).rejects.toThrow('crash')
    expect(await other.item('w', 1)).toMatchObject({ done: {} })
    expect(await other.unmarked('w', 'ticks', 1, 9)).toEqual([1])
    expect(await other.hasMarks('ticks')).toBe(false)
    expect(seen).toEqual(['ledger-put', 'ledger-put', 'mark'])
  })

  it('answers retry while another process holds the write lock, and reads on', async () => {
    const path = join(folder, 'busy.db')
    const ledger = sqlite(path, undefined, 1)
    await ledger.put(requestOf('w', 1), 'h')
    const db = new DatabaseSync(path)
    db.exec('BEGIN IMMEDIATE')
    const error = await ledger.put(requestOf('w', 2), 'h').catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(CryptoFlowError)
    expect(error).toMatchObject({ kind: 'ledger', reaction: 'retry' })
    expect(await ledger.item('w', 1)).not.toBeNull()
    db.exec('ROLLBACK')
    db.close()
    expect(await ledger.put(requestOf('w', 2), 'h')).toBe('stored')
  })

  it('is opened and read while another process holds the write lock', async () => {
    const path = join(folder, 'held.db')
    await sqlite(path).register('w', 'host')
    const db = new DatabaseSync(path)
    db.exec('BEGIN IMMEDIATE')
    try {
      expect(await sqlite(path, undefined, 1).writers()).toMatchObject([{ writer: 'w' }])
    } finally {
      db.close()
    }
  })

  it('gives one slot to one of two processes', async () => {
    const path = join(folder, 'two.db')
    const [a, b] = [sqlite(path), sqlite(path)]
    const answers = await Promise.all([a.put(requestOf('w', 1), 'a'), b.put(requestOf('w', 1), 'b')])
    expect(answers.sort()).toEqual(['stored', 'taken'])
  })

  it('refuses a file of a newer format, and one that is no database', async () => {
    const path = join(folder, 'newer.db')
    createSqliteLedger({ path }).close()
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 2')
    db.close()
    expect(() => createSqliteLedger({ path })).toThrow('found format 2, expected 1')
    expect(() => createSqliteLedger({ path: join(folder, 'none', 'x.db') })).toThrow(CryptoFlowError)
  })
})
