import {
  applyUpdates,
  type Catalog,
  type DataFile,
  type LoadedTable,
  newTableMetadata,
  type Requirement,
  type Snapshot,
  type TableDefinition,
  type TableMetadata,
  type TableName,
  type Update,
} from '@cryptoflow/iceberg'
import { assert } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { AppendPreparer } from './committer.ts'

/**
 * What happens to one post to a simulated catalog.
 *
 * none             it is applied or a conflict, and says so
 * applied-unknown  the same, but nobody is told
 * lost             nothing happens and nobody is told
 * delayed          nobody is told; it happens when `land` is called
 * refused          a deterministic refusal (400)
 */
export type PostFault = 'none' | 'applied-unknown' | 'lost' | 'delayed' | 'refused'

/**
 * A catalog and its manifests in memory, for tests and deterministic simulation: Iceberg's own rules for
 * metadata, and a list of data files in the place of manifests. Times are counted, not told.
 */
export interface MemoryCatalog extends Catalog {
  readonly append: AppendPreparer
  /** Asked before every post. */
  fault: () => PostFault
  /** A server that takes `assert-ref-snapshot-id` with null for no requirement (R8). */
  ignoresNull: boolean
  /** The oldest delayed post arrives; false when there is none. */
  land(): boolean
  /** Metadata and live data files of the table's head; null when there is no such table. */
  look(name: TableName): { readonly metadata: TableMetadata; readonly files: readonly DataFile[] } | null
  /** Another engine appends these files, or rewrites what is there (`replace`). */
  foreign(name: TableName, operation: 'append' | 'replace', files?: readonly DataFile[]): void
  /** Any other change of the metadata by somebody else. */
  edit(name: TableName, change: (metadata: TableMetadata) => TableMetadata): void
  /** Expires every snapshot but the head. */
  expire(name: TableName): void
  drop(name: TableName): void
  copy(): ReadonlyMap<string, LoadedTable>
  /** The catalog as it was; files stay where they are. */
  restore(copy: ReadonlyMap<string, LoadedTable>): void
}

export function memoryCatalog(): MemoryCatalog {
  let tables = new Map<string, LoadedTable>()
  const lists = new Map<string, readonly DataFile[]>()
  const delayed: (() => unknown)[] = []
  let count = 0

  const found = (name: TableName): LoadedTable => {
    const table = tables.get(keyOf(name))
    assert(table !== undefined, 'the table is there')
    return table
  }
  const keep = (name: TableName, metadata: TableMetadata): LoadedTable => {
    const table = { name, metadata, metadataLocation: `memory:${keyOf(name)}/${++count}.json` }
    tables.set(keyOf(name), table)
    return table
  }
  const filesOf = (metadata: TableMetadata): readonly DataFile[] => {
    const head = metadata.snapshots.find(({ snapshotId }) => snapshotId === metadata.currentSnapshotId)
    return head === undefined ? [] : (lists.get(head.manifestList) ?? [])
  }
  const post = (
    base: LoadedTable,
    requirements: readonly Requirement[],
    updates: readonly Update[],
  ): LoadedTable | null => {
    const table = tables.get(keyOf(base.name))
    if (table === undefined) return null
    const { metadata } = table
    const isLateRoot = catalog.ignoresNull && requirements.some(isNullAssertion)
    const held = isLateRoot ? requirements.filter((each) => !isNullAssertion(each)) : requirements
    // Java's metadata builder lets a snapshot without a parent through whatever its sequence number is.
    const checked = isLateRoot ? { ...metadata, lastSequenceNumber: 0 } : metadata
    const at = { baseLocation: table.metadataLocation, nowMs: ++count }
    const result = applyUpdates(checked, held, updates, at)
    if (result.outcome === 'conflict') return null
    const lastSequenceNumber = Math.max(metadata.lastSequenceNumber, result.metadata.lastSequenceNumber)
    return keep(base.name, { ...result.metadata, lastSequenceNumber })
  }
  const snapshotOn = (
    metadata: TableMetadata,
    snapshotId: bigint,
    summary: Snapshot['summary'],
  ): Snapshot => ({
    snapshotId,
    parentSnapshotId: metadata.currentSnapshotId,
    sequenceNumber: metadata.lastSequenceNumber + 1,
    timestampMs: metadata.lastUpdatedMs,
    manifestList: `memory:list-${snapshotId}-${++count}`,
    summary,
    schemaId: metadata.currentSchemaId,
  })

  const catalog: MemoryCatalog = {
    fault: () => 'none',
    ignoresNull: false,
    append: async ({ metadata }, files, { snapshotId, summary }) => {
      const snapshot = snapshotOn(metadata, snapshotId, { ...summary, operation: 'append' })
      lists.set(snapshot.manifestList, [...filesOf(metadata), ...files])
      return { snapshot, updates: shown(snapshot) }
    },
    load: async (name) => tables.get(keyOf(name)) ?? null,
    create: async (name, definition: TableDefinition) => {
      const there = tables.get(keyOf(name))
      const at = { uuid: `uuid-${++count}`, location: `memory:${keyOf(name)}`, nowMs: count }
      return there ?? keep(name, newTableMetadata(definition, at))
    },
    commit: async (base, requirements, updates) => {
      const fault = catalog.fault()
      const apply = (): LoadedTable | null => post(base, requirements, updates)
      if (fault === 'refused') {
        throw new CryptoFlowError('commit: the simulated catalog answers 400', {
          kind: 'catalog',
          reaction: 'reject',
        })
      }
      if (fault === 'delayed') delayed.push(apply)
      if (fault === 'lost' || fault === 'delayed') return { outcome: 'unknown', cause: fault }
      const table = apply()
      if (fault === 'applied-unknown') return { outcome: 'unknown', cause: fault }
      return table === null ? { outcome: 'conflict' } : { outcome: 'applied', table }
    },
    land: () => {
      const apply = delayed.shift()
      apply?.()
      return apply !== undefined
    },
    look: (name) => {
      const metadata = tables.get(keyOf(name))?.metadata
      return metadata === undefined ? null : { metadata, files: filesOf(metadata) }
    },
    foreign: (name, operation, files = []) => {
      const { metadata } = found(name)
      const snapshot = snapshotOn(metadata, BigInt(++count), { operation })
      lists.set(snapshot.manifestList, [...filesOf(metadata), ...files])
      const at = { baseLocation: found(name).metadataLocation, nowMs: ++count }
      const result = applyUpdates(metadata, [], shown(snapshot), at)
      if (result.outcome === 'applied') keep(name, result.metadata)
    },
    edit: (name, change) => {
      keep(name, change(found(name).metadata))
    },
    expire: (name) =>
      catalog.edit(name, (metadata) => ({
        ...metadata,
        snapshots: metadata.snapshots.filter(({ snapshotId }) => snapshotId === metadata.currentSnapshotId),
      })),
    drop: (name) => {
      tables.delete(keyOf(name))
    },
    copy: () => new Map(tables),
    restore: (copy) => {
      tables = new Map(copy)
    },
  }
  return catalog
}

function shown(snapshot: Snapshot): Update[] {
  return [
    { action: 'add-snapshot', snapshot },
    { action: 'set-snapshot-ref', ref: 'main', snapshotId: snapshot.snapshotId },
  ]
}

function isNullAssertion(requirement: Requirement): boolean {
  return requirement.type === 'assert-ref-snapshot-id' && requirement.snapshotId === null
}

function keyOf({ namespace, name }: TableName): string {
  return `${namespace}.${name}`
}
