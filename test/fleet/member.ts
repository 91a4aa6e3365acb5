// A process of a fleet: it writes a made-up journal, or commits, or both, on real disks, until it is killed or told enough.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createCommitter,
  createEpochWriter,
  createSqliteLedger,
  type EpochWriter,
  tableDefinition,
} from '@cryptoflow/commit'
import { createSqliteCatalog, prepareAppend } from '@cryptoflow/iceberg'
import { dropImages, openControlLog, openJournal, writeImage } from '@cryptoflow/journal'
import {
  type DataFileOffer,
  type EpochRequest,
  type Probe,
  RecordKind,
  type TableName,
  tables,
} from '@cryptoflow/model'
import { entropy, randomSeed, seededChance, sleep, systemClock, uuid } from '@cryptoflow/runtime'
import { diskFileIO, diskStore, fileLocation, filePath } from '@cryptoflow/stores'
import { CATALOG, holds, type MemberOptions, NAMESPACE, plainOffer, served } from './words.ts'

const options = JSON.parse(process.argv[2] ?? '') as MemberOptions
const clock = systemClock()
const chance = seededChance(randomSeed())
let records = 0
let released = 0
let passages = 0

/** Dies in the middle of a durable step, when it is the one that was asked for and data are on their way. */
const probe: Probe = (step) => {
  const { drill } = options
  const inFlight = records - released
  if (drill === null || step !== drill.step || inFlight <= 0 || ++passages < drill.passage) return
  writeFileSync(drill.report, JSON.stringify({ step, inFlight }))
  process.kill(process.pid, 'SIGKILL')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const nowMs = (): number => Math.floor(clock.nowUs() / 1000)
const { warehouse } = options
mkdirSync(warehouse, { recursive: true })
const io = diskFileIO({ probe })
const catalog = createSqliteCatalog({
  file: join(warehouse, 'catalog.db'),
  name: CATALOG,
  warehouse: fileLocation(warehouse),
  io,
  nowMs,
  uuid,
  onSwap: () => probe('catalog-swap'),
})
const ledger = createSqliteLedger({ path: join(warehouse, 'ledger.db'), probe })
const committer = createCommitter({
  catalog,
  ledger,
  append: (table, files, each) => prepareAppend({ io, nowMs, uuid }, table, files, each),
  exists: async (location) => existsSync(filePath(location)),
  tables: Object.fromEntries(served.map((table) => [table, tableDefinition(tables[table])])),
  namespace: NAMESPACE,
  clock,
  chance,
})

async function commitOnce(): Promise<void> {
  for (const [table, outcome] of await committer.runRound()) {
    if (outcome.kind === 'halted') throw new Error(`${table} is halted: ${outcome.why}`)
  }
}

if (options.journal === null) for (;;) await commitOnce().then(() => sleep(clock, 5))
else await writeJournal(options.journal)

async function writeJournal(name: string): Promise<void> {
  const directory = join(warehouse, 'journals', name)
  const journal = await openJournal({
    directory,
    clock,
    version: 'fleet',
    reserveBytes: 0,
    flushEveryMs: 1,
    probe,
  })
  const log = await openControlLog(directory, { probe })
  const writer = createEpochWriter({ log, ledger, clock, writer: journal.id, name })
  const { lastSealed } = await writer.resume()
  await dropImages(directory, lastSealed === null ? [] : [lastSealed.image])
  const store = diskStore({ directory: warehouse, step: 'file-write', probe })
  records = journal.recovered.lastRecord
  released = lastSealed?.to ?? 0
  const settle = async (): Promise<void> => {
    if (options.commits) await commitOnce()
    await writer.settle()
    const { fenced, sealed, accepted, lastSealed: last } = writer.state
    if (fenced !== null) throw new Error(`fenced: ${fenced.reason}`)
    if (sealed + accepted === 0) released = last?.to ?? 0
  }
  for (let epochs = 0; options.epochs === null || epochs < options.epochs; epochs++) {
    for (let i = 1 + chance.below(4); i > 0; i--) {
      records = journal.append(RecordKind.clock, 0, clock.nowUs(), new Uint8Array(20))
    }
    await journal.flush()
    await cut(writer, journal.id, directory, store)
    process.stdout.write('.')
    await settle()
    while (!writer.state.canSeal) await settle().then(() => sleep(clock, 5))
  }
  while (writer.state.sealed + writer.state.accepted > 0) await settle().then(() => sleep(clock, 5))
  await log.close()
  await journal.close()
}

/** Seals everything that is durable and not sealed; a data file holds the numbers of its records. */
async function cut(
  writer: EpochWriter,
  id: string,
  directory: string,
  store: ReturnType<typeof diskStore>,
): Promise<void> {
  const last = writer.state.lastSealed
  const [epoch, from, to] = [(last?.epoch ?? 0) + 1, (last?.to ?? 0) + 1, records]
  if (from > to) return
  const named: Partial<Record<TableName, DataFileOffer[]>> = {}
  for (const table of served) {
    const rows = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((row) => holds(table, row))
    if (rows.length === 0) continue
    const bytes = new TextEncoder().encode(JSON.stringify({ writer: id, rows }))
    const key = `${NAMESPACE}/${table}/data/${entropy(3)}-${id}-${epoch}-${table}-0-${entropy(4)}.parquet`
    await store.put(key, bytes)
    named[table] = [{ ...plainOffer, location: store.location(key), bytes: bytes.length, rows: rows.length }]
  }
  const image = await writeImage(directory, new TextEncoder().encode(`state at ${to}`), probe)
  const range = { writer: id, epoch, from, to, tables: named as EpochRequest['tables'] }
  await writer.submit({ request: { ...range, progress: {}, sealedAtMs: nowMs(), version: 'fleet' }, image })
}
