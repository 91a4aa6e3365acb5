export { prepareAppend } from './append.ts'
export {
  type BoundValue,
  boundBytes,
  boundValue,
  truncateLower,
  truncateLowerBytes,
  truncateUpper,
  truncateUpperBytes,
} from './bounds.ts'
export { type CompactionGroup, type CompactionOptions, planCompaction } from './compaction.ts'
export { IcebergError, type IcebergErrorCode } from './errors.ts'
export { type Expiry, type ExpiryOptions, expiredFiles, planExpiry } from './expiry.ts'
export type { ManifestEntry, StoredFile } from './manifest.ts'
export type { ManifestFile, PartitionSummary } from './manifest-list.ts'
export type { AppendContext } from './manifest-writer.ts'
export { parseMetadata, serializeMetadata } from './metadata.ts'
export {
  type HistoryRow,
  historyRows,
  type ManifestRow,
  manifestRows,
  type PartitionRow,
  partitionRows,
  type SnapshotRow,
  snapshotRows,
} from './metadata-tables.ts'
export { type MetricsMode, metricsModes, trimMetrics } from './metrics-modes.ts'
export { findOrphans, type ListedFile, type OrphanSearch, reachableFiles } from './orphans.ts'
export { type LiveFile, liveDataFiles, readManifest, readManifestList } from './readers.ts'
export { refsOf } from './refs.ts'
export { type Relocation, relocateCatalog } from './relocate.ts'
export { prepareReplace, type Replacement } from './replace.ts'
export {
  type Http,
  type HttpRequest,
  type HttpResponse,
  openRestCatalog,
  type RestCatalog,
  type RestCatalogOptions,
} from './rest-catalog.ts'
export { answerRest, type ServedCatalog, type ServiceRequest, type ServiceResponse } from './rest-service.ts'
export { evolveSchema, type SchemaChange } from './schema-evolution.ts'
export { type AncestorStep, ancestors, currentSnapshot, snapshotIdFrom, snapshotOf } from './snapshots.ts'
export { replaceSortOrder, type SortKey } from './sort-order.ts'
export { evolveSpec, type SpecChange } from './spec-evolution.ts'
export { createSqliteCatalog, type SqliteCatalog, type SqliteCatalogOptions } from './sqlite-catalog.ts'
export type { NamedTable } from './sqlite-tables.ts'
export type { CommitOptions, PreparedSnapshot } from './stage.ts'
export { type AsOf, schemaAsOf, snapshotAsOf } from './time-travel.ts'
export { applyTransform, bucketHash, partitionType, transformResultType } from './transforms.ts'
export { decimalBytes, decimalFromBytes, decimalSize, minimalDecimalBytes } from './twos-complement.ts'
export type * from './types.ts'
export { applyUpdates, newTableMetadata, type UpdateOutcome } from './updates.ts'
