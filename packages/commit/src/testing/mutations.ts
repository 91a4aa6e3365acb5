import type { Catalog, DataFile, LoadedTable, Requirement, TableMetadata, Update } from '@cryptoflow/iceberg'
import type { ControlEntry, EpochItem, Ledger } from '@cryptoflow/model'
import type { AppendPreparer } from '../committer.ts'
import type { CommitLedger } from '../ledger.ts'
import { commitIdKey, mapProperty } from '../map.ts'
import { type MemoryLedger, memoryLedger } from '../memory-ledger.ts'

/**
 * The rules turned off one at a time, outside production code: a port that lies in the way the missing rule
 * would. Each must make some schedule break a promise.
 */
export type Mutation =
  | 'R2 seal before put'
  | 'R4 no hole that may hold rows is passed'
  | 'R4 a hole without rows is passed'
  | 'R5 table before ledger'
  | 'R6 the map decides'
  | 'R7 map in a property'
  | 'R10 done items above the map'
  | 'R11 all tables'
  | 'R12 the slot is a fence'
  | 'R16 voids are listed'
  | 'R18 retired writers are skipped'

export interface CommitterPorts {
  readonly catalog: Catalog
  readonly ledger: CommitLedger
  readonly append: AppendPreparer
}

export function mutatedCommitterPorts(
  mutation: Mutation | undefined,
  ports: CommitterPorts & { readonly ledger: MemoryLedger },
): CommitterPorts {
  switch (mutation) {
    case 'R4 no hole that may hold rows is passed':
      return { ...ports, ledger: namingNobody(ports.ledger) }
    case 'R4 a hole without rows is passed':
      return { ...ports, ledger: { ...ports.ledger, following: ports.ledger.consecutive } }
    case 'R5 table before ledger':
      return ledgerFirst(ports)
    case 'R6 the map decides':
      return commitIdDecides(ports)
    case 'R7 map in a property':
      return mapInSummaries(ports)
    case 'R10 done items above the map':
      return { ...ports, ledger: withoutDone(ports.ledger) }
    case 'R16 voids are listed':
      return { ...ports, catalog: withoutVoids(ports.catalog) }
    case 'R18 retired writers are skipped':
      return { ...ports, ledger: withoutRegistry(ports.ledger) }
    default:
      return ports
  }
}

export interface WriterPorts {
  ledger(ledger: Ledger, log: readonly ControlEntry[]): Ledger
  /** What the log loses in a crash. */
  forget(log: ControlEntry[]): void
}

export function mutatedWriterPorts(mutation: Mutation | undefined): WriterPorts {
  const honest: WriterPorts = { ledger: (ledger) => ledger, forget: () => {} }
  switch (mutation) {
    case 'R2 seal before put':
      return { ...honest, forget: forgetSeals }
    case 'R11 all tables':
      return { ...honest, ledger: firstTableCounts }
    case 'R12 the slot is a fence':
      return { ...honest, ledger: takenIsPresent }
    default:
      return honest
  }
}

/** The seal becomes durable only when the put is known to have worked. */
function forgetSeals(log: ControlEntry[]): void {
  const accepted = new Set(log.filter(({ kind }) => kind === 'accepted').map(({ epoch }) => epoch))
  const kept = log.filter((entry) => entry.kind !== 'seal' || accepted.has(entry.epoch))
  log.splice(0, log.length, ...kept)
}

function firstTableCounts(ledger: Ledger): Ledger {
  const early = (item: EpochItem | null): EpochItem | null => {
    if (item?.kind !== 'request') return item
    const [snapshot] = Object.values(item.done)
    if (snapshot === undefined) return item
    const done = Object.fromEntries(Object.keys(item.request.tables).map((table) => [table, snapshot]))
    return { ...item, done }
  }
  return withReads(ledger, early)
}

/** What the loser of a slot does that takes the other's request for its own. */
function takenIsPresent(ledger: Ledger, log: readonly ControlEntry[]): Ledger {
  const ownHash = (epoch: number): string => {
    const seals = log.filter((entry) => entry.kind === 'seal')
    return seals.find((seal) => seal.epoch === epoch)?.hash ?? ''
  }
  const disguised = withReads(ledger, (item) =>
    item?.kind === 'request' ? { ...item, hash: ownHash(item.request.epoch) } : item,
  )
  return {
    ...disguised,
    put: async (request, hash) => {
      const answer = await ledger.put(request, hash)
      return answer === 'taken' ? 'present' : answer
    },
  }
}

function withReads(ledger: Ledger, seen: (item: EpochItem | null) => EpochItem | null): Ledger {
  return {
    ...ledger,
    item: async (writer, epoch) => seen(await ledger.item(writer, epoch)),
    consecutive: async (writer, from, limit) => {
      const items = await ledger.consecutive(writer, from, limit)
      return items.map((item) => seen(item) ?? item)
    },
  }
}

/** Requests that call every table unnamed before them: whatever is not there is passed over. */
function namingNobody(ledger: CommitLedger): CommitLedger {
  return {
    ...ledger,
    following: async (writer, from, limit) => {
      const items = await ledger.following(writer, from, limit)
      return items.map((item) =>
        item.kind === 'end' ? item : { ...item, request: { ...item.request, lastNamed: {} } },
      )
    },
  }
}

/** What is read of the ledger is older than the table: it was read before the last load. */
function ledgerFirst(ports: CommitterPorts & { readonly ledger: MemoryLedger }): CommitterPorts {
  const { catalog, ledger } = ports
  const before = memoryLedger()
  let next = ledger.copy()
  return {
    ...ports,
    catalog: {
      ...catalog,
      load: async (name) => {
        before.restore(next)
        next = ledger.copy()
        return catalog.load(name)
      },
    },
    ledger: { ...ledger, writers: before.writers, following: before.following },
  }
}

/** A batch whose outcome is unknown goes out again as it is, unless its own commit id is found. */
function commitIdDecides(ports: CommitterPorts): CommitterPorts {
  const { catalog, append } = ports
  const batches = new Map<bigint, { files: readonly DataFile[]; summary: Readonly<Record<string, string>> }>()
  const resend = async (
    base: LoadedTable,
    requirements: readonly Requirement[],
    updates: readonly Update[],
  ): ReturnType<Catalog['commit']> => {
    const outcome = await catalog.commit(base, requirements, updates)
    const table = await catalog.load(base.name)
    const added = updates.find((update) => update.action === 'add-snapshot')?.snapshot
    const batch = added && batches.get(added.snapshotId)
    if (outcome.outcome === 'applied' || table === null || added === undefined || !batch) return outcome
    const id = batch.summary[commitIdKey]
    const landed = table.metadata.snapshots.some(({ summary }) => summary[commitIdKey] === id)
    if (landed || batch.files.length === 0) return { outcome: 'unknown', cause: outcome }
    const snapshotId = added.snapshotId + 1n
    const again = await append(table, batch.files, { snapshotId, summary: batch.summary, attempt: 2 })
    return catalog.commit(
      table,
      [{ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: table.metadata.currentSnapshotId }],
      [...again.updates, { action: 'set-properties', updates: merged(table.metadata, updates, again) }],
    )
  }
  return {
    ...ports,
    catalog: { ...catalog, commit: resend },
    append: (table, files, options) => {
      batches.set(options.snapshotId, { files, summary: options.summary })
      return append(table, files, options)
    },
  }
}

function merged(
  metadata: TableMetadata,
  updates: readonly Update[],
  again: Awaited<ReturnType<AppendPreparer>>,
): Record<string, string> {
  const wanted = JSON.parse(propertyIn(updates) ?? '{}')
  const found = JSON.parse(metadata.properties[mapProperty] ?? '{"map":{}}')
  const map = { ...found.map }
  for (const [writer, epoch] of Object.entries<number>(wanted.map)) {
    map[writer] = Math.max(epoch, map[writer] ?? 0)
  }
  const { snapshotId, sequenceNumber } = again.snapshot
  return {
    [mapProperty]: JSON.stringify({ ...wanted, map, snapshot: String(snapshotId), seq: sequenceNumber }),
  }
}

function propertyIn(updates: readonly Update[]): string | undefined {
  return updates.find((update) => update.action === 'set-properties')?.updates[mapProperty]
}

/** The map stands in the summary of the snapshot alone. */
function mapInSummaries(ports: CommitterPorts): CommitterPorts {
  const { catalog } = ports
  return {
    ...ports,
    catalog: {
      ...catalog,
      load: async (name) => {
        const table = await catalog.load(name)
        if (table === null) return null
        const text = nearestMap(table.metadata)
        const properties = text === undefined ? {} : { [mapProperty]: text }
        return { ...table, metadata: { ...table.metadata, properties } }
      },
      commit: (base, requirements, updates) => {
        const text = propertyIn(updates) ?? ''
        const moved = updates.flatMap((update): Update[] => {
          if (update.action === 'set-properties') return []
          if (update.action !== 'add-snapshot') return [update]
          const summary = { ...update.snapshot.summary, [mapProperty]: text }
          return [{ ...update, snapshot: { ...update.snapshot, summary } }]
        })
        return catalog.commit(base, requirements, moved)
      },
    },
  }
}

function nearestMap(metadata: TableMetadata): string | undefined {
  let id = metadata.currentSnapshotId
  while (id !== null) {
    const snapshot = metadata.snapshots.find(({ snapshotId }) => snapshotId === id)
    if (snapshot === undefined) return undefined
    const text = snapshot.summary[mapProperty]
    if (text !== undefined) return text
    id = snapshot.parentSnapshotId
  }
  return undefined
}

/** Items that are marked done are taken for settled, wherever the map stands. */
function withoutDone(ledger: CommitLedger): CommitLedger {
  return {
    ...ledger,
    following: async (writer, from, limit) => {
      const items = await ledger.following(writer, from, limit)
      const open = items.findIndex((item) => item.kind === 'request' && Object.keys(item.done).length === 0)
      return open < 0 ? [] : items.slice(open)
    },
  }
}

/** Epochs are passed over, and nobody can tell which. */
export function withoutVoids(catalog: Catalog): Catalog {
  return {
    ...catalog,
    commit: (base, requirements, updates) => {
      const forgetful = updates.map((update): Update => {
        const text = update.action === 'set-properties' ? update.updates[mapProperty] : undefined
        if (text === undefined) return update
        const map = JSON.stringify({ ...JSON.parse(text), void: {} })
        return { action: 'set-properties', updates: { [mapProperty]: map } }
      })
      return catalog.commit(base, requirements, forgetful)
    },
  }
}

/** Retired writers leave the maps, and are then read like any other. */
function withoutRegistry(ledger: CommitLedger): CommitLedger {
  return {
    ...ledger,
    writers: async () => {
      const entries = await ledger.writers()
      return [...entries, ...entries.map(({ writer, name }) => ({ writer, name, state: 'open' as const }))]
    },
  }
}
