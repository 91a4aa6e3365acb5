import { IcebergError } from './errors.ts'
import type { PartitionSpec, Schema, Snapshot, SortOrder, TableMetadata } from './types.ts'

/**
 * One step back in a table's history. The last step says how the chain ends: `root` = the first snapshot was
 * reached, `expired` = the metadata no longer holds the parent named.
 */
export type AncestorStep =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'root' }
  | { readonly kind: 'expired'; readonly snapshotId: bigint }

/** The snapshot and its parents, newest first, then one `root` or `expired`. */
export function* ancestors(metadata: TableMetadata, fromSnapshotId: bigint | null): Generator<AncestorStep> {
  const snapshots = new Map(metadata.snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]))
  let next = fromSnapshotId
  while (next !== null) {
    const snapshot = snapshots.get(next)
    if (snapshot === undefined) {
      yield { kind: 'expired', snapshotId: next }
      return
    }
    // A snapshot is taken out once visited, so a damaged chain that loops ends as expired.
    snapshots.delete(next)
    yield { kind: 'snapshot', snapshot }
    next = snapshot.parentSnapshotId
  }
  yield { kind: 'root' }
}

/** The snapshot of that id, null when there is none. */
export function snapshotOf(metadata: TableMetadata, snapshotId: bigint | null): Snapshot | null {
  return metadata.snapshots.find((snapshot) => snapshot.snapshotId === snapshotId) ?? null
}

/** The head of `main`, null before the first. Throws IcebergError `malformed` when the metadata lacks it. */
export function currentSnapshot(metadata: TableMetadata): Snapshot | null {
  const snapshot = snapshotOf(metadata, metadata.currentSnapshotId)
  if (snapshot === null && metadata.currentSnapshotId !== null) {
    throw new IcebergError('malformed', 'current-snapshot-id names no snapshot', {
      id: metadata.currentSnapshotId,
    })
  }
  return snapshot
}

/** A positive 63-bit snapshot id from the bits of a random uuid. */
export function snapshotIdFrom(uuid: string): bigint {
  const bits = BigInt(`0x${uuid.replaceAll('-', '')}`)
  return ((bits >> 64n) ^ bits) & 0x7fff_ffff_ffff_ffffn || 1n
}

/** The schema that the table's rows are written with now. */
export function currentSchema(metadata: TableMetadata): Schema {
  const schema = metadata.schemas.find((candidate) => candidate.schemaId === metadata.currentSchemaId)
  if (schema === undefined) throw new IcebergError('malformed', 'current-schema-id names no schema')
  return schema
}

/** The partition spec of that id. */
export function partitionSpecOf(metadata: TableMetadata, specId: number): PartitionSpec {
  const spec = metadata.partitionSpecs.find((candidate) => candidate.specId === specId)
  if (spec === undefined)
    throw new IcebergError('malformed', 'the table has no such partition spec', { specId })
  return spec
}

/** The order that files are sorted in now. */
export function sortOrderOf(metadata: TableMetadata): SortOrder {
  const order = metadata.sortOrders.find(({ orderId }) => orderId === metadata.defaultSortOrderId)
  if (order === undefined) throw new IcebergError('malformed', 'default-sort-order-id names no sort order')
  return order
}

/**
 * The newest schema that has every column a partition spec takes its values from; the current one if it does.
 * Manifests of a spec whose columns were dropped since are written with it.
 */
export function schemaForSpec(metadata: TableMetadata, spec: PartitionSpec): Schema {
  const schemas = [...metadata.schemas, currentSchema(metadata)]
  const fits = (schema: Schema): boolean =>
    spec.fields.every(({ sourceId }) => schema.fields.some(({ id }) => id === sourceId))
  return schemas.findLast(fits) ?? currentSchema(metadata)
}
