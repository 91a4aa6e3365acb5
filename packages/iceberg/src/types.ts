/**
 * Words of the Iceberg v2 specification (format/spec.md), as far as an appending writer needs them.
 *
 * Snapshot ids are 63-bit and therefore bigint everywhere; JSON in and out is lossless.
 */

export type PrimitiveType =
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'string'
  | 'uuid'
  | 'binary'
  | `fixed[${number}]`
  | `decimal(${number},${number})`

/** JSON keys that this package does not know, as another engine wrote them; kept on a round trip. */
export type Rest = Readonly<Record<string, unknown>>

export interface Field {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: PrimitiveType
  readonly rest?: Rest
}

/**
 * A table schema. When another engine added columns of types not named above (struct, list, map), these
 * are missing in `fields`, and `rest.fields` holds the complete list verbatim.
 */
export interface Schema {
  readonly schemaId: number
  readonly fields: readonly Field[]
  readonly rest?: Rest
}

export type Transform =
  | 'identity'
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'void'
  | `bucket[${number}]`
  | `truncate[${number}]`

export interface PartitionField {
  readonly sourceId: number
  /** 1000 and up. */
  readonly fieldId: number
  readonly name: string
  readonly transform: Transform
  readonly rest?: Rest
}

export interface PartitionSpec {
  readonly specId: number
  readonly fields: readonly PartitionField[]
  readonly rest?: Rest
}

/** A transformed value: decimals as unscaled bigint, uuid, fixed and binary as bytes, dates as days, times as us. */
export type PartitionValue = string | number | bigint | boolean | Uint8Array | null

export interface SortField {
  readonly sourceId: number
  readonly transform: Transform
  readonly direction: 'asc' | 'desc'
  readonly nullOrder: 'nulls-first' | 'nulls-last'
  readonly rest?: Rest
}

export interface SortOrder {
  readonly orderId: number
  readonly fields: readonly SortField[]
  readonly rest?: Rest
}

/** Metrics by field id. Bounds are single-value serialized (spec appendix D). */
export interface ColumnMetrics {
  readonly valueCounts: ReadonlyMap<number, number>
  readonly nullCounts: ReadonlyMap<number, number>
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>
  readonly upperBounds: ReadonlyMap<number, Uint8Array>
}

/** A Parquet data file to be appended. */
export interface DataFile extends ColumnMetrics {
  readonly location: string
  readonly bytes: number
  readonly rows: number
  /** Partition values in spec order, already transformed: numbers for hour, day and bucket; null allowed. */
  readonly partition: readonly PartitionValue[]
  readonly splitOffsets: readonly number[]
  readonly sortOrderId: number | null
}

export interface Snapshot {
  readonly snapshotId: bigint
  readonly parentSnapshotId: bigint | null
  readonly sequenceNumber: number
  readonly timestampMs: number
  readonly manifestList: string
  readonly summary: Readonly<Record<string, string>>
  /** Null where another engine left it out. */
  readonly schemaId: number | null
  readonly rest?: Rest
}

/**
 * The parsed metadata.json. Keys this package does not know survive a round trip in `rest`; so do, under
 * `rest.refs`, the branches and tags beside `main` and the retention settings of `main`.
 */
export interface TableMetadata {
  readonly formatVersion: 2
  readonly tableUuid: string
  readonly location: string
  readonly lastSequenceNumber: number
  readonly lastUpdatedMs: number
  readonly lastColumnId: number
  readonly schemas: readonly Schema[]
  readonly currentSchemaId: number
  readonly partitionSpecs: readonly PartitionSpec[]
  readonly defaultSpecId: number
  readonly lastPartitionId: number
  readonly sortOrders: readonly SortOrder[]
  readonly defaultSortOrderId: number
  readonly properties: Readonly<Record<string, string>>
  /** Snapshot of the branch `main`; null before the first. */
  readonly currentSnapshotId: bigint | null
  readonly snapshots: readonly Snapshot[]
  readonly snapshotLog: readonly { readonly snapshotId: bigint; readonly timestampMs: number }[]
  readonly metadataLog: readonly { readonly metadataFile: string; readonly timestampMs: number }[]
  readonly rest: Rest
}

export interface TableName {
  readonly namespace: string
  readonly name: string
}

/** A table as one load saw it. */
export interface LoadedTable {
  readonly name: TableName
  readonly metadataLocation: string
  readonly metadata: TableMetadata
}

/** How long a branch or tag, and the snapshots of a branch, are kept (spec "Snapshot Retention Policy"). */
export interface RefSettings {
  readonly type: 'branch' | 'tag'
  /** Of a branch: snapshots that stay however old they are; absent: the table's properties say. */
  readonly minSnapshotsToKeep?: number
  /** Of a branch: absent: the table's properties say. */
  readonly maxSnapshotAgeMs?: number
  /** The branch or tag itself goes when its snapshot is older; never `main`. */
  readonly maxRefAgeMs?: number
}

/** A branch or tag. */
export interface SnapshotRef extends RefSettings {
  readonly snapshotId: bigint
}

/** What must be true of the table for a commit to be applied (REST specification, `TableRequirement`). */
export type Requirement =
  /** Never true of a table that is there. */
  | { readonly type: 'assert-create' }
  | { readonly type: 'assert-table-uuid'; readonly uuid: string }
  /** null: the branch must not exist. */
  | { readonly type: 'assert-ref-snapshot-id'; readonly ref: string; readonly snapshotId: bigint | null }
  | { readonly type: 'assert-last-assigned-field-id'; readonly fieldId: number }
  | { readonly type: 'assert-current-schema-id'; readonly schemaId: number }
  | { readonly type: 'assert-last-assigned-partition-id'; readonly fieldId: number }
  | { readonly type: 'assert-default-spec-id'; readonly specId: number }
  | { readonly type: 'assert-default-sort-order-id'; readonly orderId: number }

/**
 * One change of the metadata (REST specification, `TableUpdate`). An added schema, spec or sort order gets its id
 * from the table, or that of an equal one; -1 then names the one added last in the same commit.
 */
export type Update =
  | { readonly action: 'add-schema'; readonly schema: Schema }
  | { readonly action: 'set-current-schema'; readonly schemaId: number }
  | { readonly action: 'add-spec'; readonly spec: PartitionSpec }
  | { readonly action: 'set-default-spec'; readonly specId: number }
  | { readonly action: 'add-sort-order'; readonly sortOrder: SortOrder }
  | { readonly action: 'set-default-sort-order'; readonly orderId: number }
  | { readonly action: 'add-snapshot'; readonly snapshot: Snapshot }
  | {
      readonly action: 'set-snapshot-ref'
      readonly ref: string
      readonly snapshotId: bigint
      /** Absent: those that the branch has, or a branch without any. */
      readonly settings?: RefSettings
    }
  | { readonly action: 'remove-snapshot-ref'; readonly ref: string }
  | { readonly action: 'remove-snapshots'; readonly snapshotIds: readonly bigint[] }
  | { readonly action: 'set-properties'; readonly updates: Readonly<Record<string, string>> }
  | { readonly action: 'remove-properties'; readonly removals: readonly string[] }

/** A commit that is ready to be handed to `Catalog.commit`; without updates there is nothing to change. */
export interface Proposal {
  readonly requirements: readonly Requirement[]
  readonly updates: readonly Update[]
}

/**
 * `unknown` (timeout, 5xx) means just that: the commit may have been applied; load again and look.
 * Deterministic refusals throw.
 */
export type CommitOutcome =
  | { readonly outcome: 'applied'; readonly table: LoadedTable }
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'unknown'; readonly cause: unknown }

export interface TableDefinition {
  readonly schema: Schema
  readonly partitionSpec: PartitionSpec
  readonly sortOrder: SortOrder
  readonly properties: Readonly<Record<string, string>>
}

export interface Catalog {
  /** Null when there is no such table. */
  load(name: TableName): Promise<LoadedTable | null>
  /** Creates the table, or loads it when somebody else was first. */
  create(name: TableName, definition: TableDefinition): Promise<LoadedTable>
  commit(
    base: LoadedTable,
    requirements: readonly Requirement[],
    updates: readonly Update[],
  ): Promise<CommitOutcome>
}

/**
 * Files under absolute locations (`file:///...`), handed in by the caller. A write makes missing directories,
 * replaces the whole file at once or not at all, and is durable on return. Removing what is not there is fine.
 */
export interface FileIO {
  read(location: string): Promise<Uint8Array>
  write(location: string, bytes: Uint8Array): Promise<void>
  remove(location: string): Promise<void>
}
