import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createSqliteCatalog, type FileIO, liveDataFiles, prepareAppend } from '@cryptoflow/iceberg'
import { type ControlEntry, tables } from '@cryptoflow/model'
import { seededChance, uuid } from '@cryptoflow/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import { type CommitterOptions, createCommitter } from './committer.ts'
import { tableDefinition } from './definition.ts'
import { createSqliteLedger } from './sqlite-ledger.ts'
import { around } from './testing/ports.ts'
import { offer, requestOf, restingClock } from './testing/requests.ts'
import { createEpochWriter } from './writer.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-commit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const io: FileIO = {
  read: async (location) => readFileSync(fileURLToPath(location)),
  write: async (location, bytes) => {
    const path = fileURLToPath(location)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.tmp`, bytes)
    renameSync(`${path}.tmp`, path)
  },
  remove: async (location) => rmSync(fileURLToPath(location), { force: true }),
}
const name = { namespace: 'market', name: 'ticks' }
let nowMs = 1_800_000_000_000

/** One process on the warehouse: its own handles on catalog and ledger. */
function process(path: string, seed: number) {
  mkdirSync(path, { recursive: true })
  const context = { io, nowMs: () => ++nowMs, uuid }
  const catalog = createSqliteCatalog({
    ...context,
    file: join(path, 'catalog.db'),
    name: 'cryptoflow',
    warehouse: pathToFileURL(path).href,
  })
  const ledger = createSqliteLedger({ path: join(path, 'ledger.db') })
  const options: CommitterOptions = {
    catalog,
    ledger,
    append: (table, files, rest) => prepareAppend(context, table, files, rest),
    exists: async (location) => existsSync(fileURLToPath(location)),
    tables: { ticks: tableDefinition(tables.ticks) },
    namespace: 'market',
    clock: restingClock,
    chance: seededChance(seed),
  }
  const close = (): void => {
    catalog.close()
    ledger.close()
  }
  return { catalog, ledger, committer: createCommitter(options), close }
}

/** Epoch e of a writer with one file of ticks that is there. */
function seal(path: string, writer: string, epoch: number) {
  const location = pathToFileURL(join(path, `${writer}-${epoch}.parquet`)).href
  writeFileSync(fileURLToPath(location), 'x')
  const request = { ...requestOf(writer, epoch), tables: { ticks: [offer(location, [20_000, 'x'])] } }
  return { request, image: 'image' }
}

describe('SQLite catalog, real manifests and SQLite ledger', () => {
  it('take two writers’ epochs through two committers at once, each row once, all released', async () => {
    const path = join(folder, 'two')
    const parts = [process(path, 1), process(path, 2)]
    const writers = parts.map(({ ledger }, i) => {
      const entries: ControlEntry[] = []
      const log = { entries, append: async (entry: ControlEntry) => void entries.push(entry) }
      return createEpochWriter({ log, ledger, clock: restingClock, writer: `w${i}`, name: 'host' })
    })
    for (const writer of writers) await writer.resume()
    for (let epoch = 1; epoch <= 6; epoch++) {
      for (const [i, writer] of writers.entries()) await writer.submit(seal(path, `w${i}`, epoch))
      await Promise.all(parts.map(({ committer }) => committer.runRound()))
      for (const writer of writers) await writer.settle()
    }
    for (const { committer } of parts) await committer.runRound()
    for (const writer of writers) await writer.settle()
    const metadata = (await parts[0]!.catalog.load(name))!.metadata
    const files = await liveDataFiles(io, metadata)
    expect(files.map(({ location }) => location.replace(/^.*\//, '')).sort()).toEqual(
      [0, 1].flatMap((i) => [1, 2, 3, 4, 5, 6].map((epoch) => `w${i}-${epoch}.parquet`)),
    )
    expect(files[0]).toMatchObject({ rows: 1, partition: [20_000, 'x'], sortOrderId: 1 })
    expect(writers.map(({ state }) => state.lastReleased)).toEqual([6, 6])
    expect(parts.map(({ committer }) => committer.halted.size)).toEqual([0, 0])
    for (const { close } of parts) close()
  })

  it('go on after the process is gone between any two steps of a round', async () => {
    const path = join(folder, 'crash')
    const steps = ['load', 'create', 'commit', 'following', 'writers', 'mark', 'unmarked']
    for (const [epoch, step] of steps.entries()) {
      const one = process(path, epoch + 10)
      await one.ledger.register('w', 'host')
      await one.ledger.put(seal(path, 'w', epoch + 1).request, `h${epoch}`)
      const dies = async (called: string, call: () => Promise<unknown>): Promise<unknown> => {
        const answer = await call()
        if (called === step) throw new Error('killed')
        return answer
      }
      const killed = createCommitter({
        catalog: around(one.catalog, dies),
        ledger: around(one.ledger, dies),
        append: (table, files, rest) => prepareAppend({ io, nowMs: () => ++nowMs, uuid }, table, files, rest),
        exists: async () => true,
        tables: { ticks: tableDefinition(tables.ticks) },
        namespace: 'market',
        clock: restingClock,
        chance: seededChance(epoch + 100),
      })
      await killed.runRound().catch(() => {})
      await one.committer.runRound()
      const metadata = (await one.catalog.load(name))!.metadata
      expect(await liveDataFiles(io, metadata), step).toHaveLength(epoch + 1)
      expect(await one.ledger.unmarked('w', 'ticks', 99, 99)).toEqual([])
      one.close()
    }
  })
})
