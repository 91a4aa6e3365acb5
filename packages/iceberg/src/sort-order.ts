import { IcebergError } from './errors.ts'
import { currentSchema } from './snapshots.ts'
import { checkTransform } from './transforms.ts'
import type { Proposal, SortField, TableMetadata, Transform } from './types.ts'

/** A key of a sort order by its column's name. */
export interface SortKey {
  readonly column: string
  /** Default: the value itself. */
  readonly transform?: Transform
  /** Default: asc. */
  readonly direction?: SortField['direction']
  /** Default: nulls first when ascending, last when descending (spec "Sorting"). */
  readonly nullOrder?: SortField['nullOrder']
}

/**
 * The commit that makes this the table's sort order; no keys: unsorted. It promises nothing of files that exist: a
 * file's own `sortOrderId` says how it was sorted.
 */
export function replaceSortOrder(metadata: TableMetadata, keys: readonly SortKey[]): Proposal {
  const fields = keys.map((key) => sortField(metadata, key))
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata.tableUuid },
      { type: 'assert-current-schema-id', schemaId: metadata.currentSchemaId },
      { type: 'assert-default-sort-order-id', orderId: metadata.defaultSortOrderId },
    ],
    updates: [
      // The table gives the id; 0 stays the order without fields.
      { action: 'add-sort-order', sortOrder: { orderId: fields.length === 0 ? 0 : 1, fields } },
      { action: 'set-default-sort-order', orderId: -1 },
    ],
  }
}

function sortField(metadata: TableMetadata, key: SortKey): SortField {
  const { column, transform = 'identity', direction = 'asc' } = key
  const source = currentSchema(metadata).fields.find(({ name }) => name === column)
  if (source === undefined) {
    throw new IcebergError('refused', 'sorting, found no such column of a known type', { column })
  }
  checkTransform(transform, source.type)
  const nullOrder = key.nullOrder ?? (direction === 'asc' ? 'nulls-first' : 'nulls-last')
  return { sourceId: source.id, transform, direction, nullOrder }
}
