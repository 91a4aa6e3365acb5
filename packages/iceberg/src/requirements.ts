import { refsOf } from './refs.ts'
import type { Requirement, TableMetadata } from './types.ts'

/** Whether the requirement is true of the table. */
export function holds(metadata: TableMetadata, requirement: Requirement): boolean {
  switch (requirement.type) {
    case 'assert-create':
      return false
    case 'assert-table-uuid':
      return metadata.tableUuid === requirement.uuid
    case 'assert-ref-snapshot-id':
      return (refsOf(metadata).get(requirement.ref)?.snapshotId ?? null) === requirement.snapshotId
    case 'assert-last-assigned-field-id':
      return metadata.lastColumnId === requirement.fieldId
    case 'assert-current-schema-id':
      return metadata.currentSchemaId === requirement.schemaId
    case 'assert-last-assigned-partition-id':
      return metadata.lastPartitionId === requirement.fieldId
    case 'assert-default-spec-id':
      return metadata.defaultSpecId === requirement.specId
    case 'assert-default-sort-order-id':
      return metadata.defaultSortOrderId === requirement.orderId
  }
}
