import { type FileIO, type LoadedTable, liveDataFiles, prepareAppend } from '@cryptoflow/iceberg'
import { tables } from '@cryptoflow/model'
import { CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { createCommitter } from '../committer.ts'
import { tableDefinition } from '../definition.ts'
import { dataFileOf } from '../files.ts'
import { requestHash } from '../hash.ts'
import { type MaintenancePlan, maintainTables, type TableReport } from '../maintain.ts'
import type { MaintenanceOptions } from '../maintenance.ts'
import { memoryCatalog } from '../memory-catalog.ts'
import { memoryLedger } from '../memory-ledger.ts'
import { offer, requestOf, restingClock } from './requests.ts'

export const name = { namespace: 'market', name: 'ticks' }
export const definition = tableDefinition(tables.ticks)
export const DAY_MS = 86_400_000

export const all: MaintenancePlan = {
  compact: { targetBytes: 1_000, rowsHeldMax: 1_000, rowsHeldPerFile: 1_000, filesMin: 2, closedAfterMs: 0 },
  expire: { maxSnapshotAgeMs: 0 },
  orphans: { minAgeMs: DAY_MS },
  isDryRun: false,
}
export const only = (part: keyof MaintenancePlan): MaintenancePlan => ({
  ...{ compact: null, expire: null, orphans: null, isDryRun: false },
  [part]: all[part],
})

/** One table with a committer and what a round of maintenance needs; its clock is `nowMs`. */
export function openScene() {
  const catalog = memoryCatalog()
  const ledger = memoryLedger()
  const files = new Map<string, number>()
  const bytes = new Map<string, Uint8Array>()
  let ids = 0
  const scene = {
    nowMs: 10 * DAY_MS,
    sealed: new Set<string>(),
    /** By location, of which epoch of whom a file is whose control log is on another disk. */
    elsewhere: new Map<string, { readonly writer: string; readonly epoch: number }>(),
    onRewrite: async () => {},
    isStopped: false,
  }
  const uuid = (): string => `00000000-0000-4000-8000-${(++ids).toString(16).padStart(12, '0')}`
  const io: FileIO = {
    read: async (location) => {
      const found = location.endsWith('.json') ? new Uint8Array(7) : bytes.get(location)
      if (found === undefined) throw new CryptoFlowError('no file', { kind: 'disk', reaction: 'reject' })
      return found
    },
    write: async (location, written) => {
      bytes.set(location, written)
      files.set(location, scene.nowMs)
    },
    remove: async (location) => {
      bytes.delete(location)
      files.delete(location)
    },
  }
  const context = { io, nowMs: () => scene.nowMs, uuid }
  const clock = { ...restingClock, nowUs: () => scene.nowMs * 1000 }
  const committer = createCommitter({
    voidAfterMs: Number.POSITIVE_INFINITY,
    catalog,
    ledger,
    append: (base, added, options) => prepareAppend(context, base, added, options),
    exists: async (location) => files.has(location),
    tables: { ticks: definition },
    namespace: 'market',
    clock,
    chance: seededChance(1),
  })
  const options: MaintenanceOptions = {
    catalog,
    ledger,
    io,
    tables: { ticks: definition },
    namespace: 'market',
    clock,
    chance: seededChance(2),
    uuid,
    exists: async (location) => files.has(location),
    async rewrite(_table, group) {
      await scene.onRewrite()
      const file = dataFile(`compacted-${++ids}`, group.partition[0] as number)
      return { added: [{ ...file, rows: group.rows }], refused: new Map() }
    },
    list: async (location) =>
      [...files]
        .filter(([each]) => each.startsWith(location))
        .map(([each, modifiedMs]) => ({ location: each, modifiedMs, bytes: 10 })),
    sealed: async () => ({
      files: scene.sealed,
      elsewhere: (location) => scene.elsewhere.get(location) ?? null,
    }),
    isStopped: () => scene.isStopped,
  }
  const place = (key: string): string => {
    const location = `memory:market.ticks/data/${key}.parquet`
    files.set(location, scene.nowMs)
    return location
  }
  const dataFile = (key: string, day: number) =>
    dataFileOf({ ...offer(place(key)), partition: [day, 'x'] }, 1)
  const put = async (epoch: number, day: number): Promise<void> => {
    const offers = [1, 2].map((part) => ({ ...offer(place(`${epoch}-${part}`)), partition: [day, 'x'] }))
    const request = { ...requestOf('w', epoch), tables: { ticks: offers } }
    await ledger.register('w', 'host')
    await ledger.put(request, requestHash(request))
  }
  const loaded = async (): Promise<LoadedTable> => (await catalog.load(name)) as LoadedTable
  return Object.assign(scene, {
    catalog,
    ledger,
    files,
    options,
    place,
    dataFile,
    put,
    loaded,
    context,
    live: async () => (await liveDataFiles(io, (await loaded()).metadata)).map(({ location }) => location),
    /** Commits an epoch with two files of one day. */
    async commit(epoch: number, day: number) {
      await put(epoch, day)
      await committer.runRound()
    },
    async round(plan: MaintenancePlan): Promise<TableReport> {
      const [report] = await maintainTables(options, plan, () => {})
      return report as TableReport
    },
    edit: (change: Partial<LoadedTable['metadata']>) =>
      catalog.edit(name, (metadata) => ({ ...metadata, ...change })),
  })
}
