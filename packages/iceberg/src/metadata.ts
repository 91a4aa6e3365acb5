import { gunzipSync } from 'node:zlib'
import { IcebergError } from './errors.ts'
import {
  asInteger,
  asList,
  asLong,
  asObject,
  asText,
  asTexts,
  type JsonObject,
  parseJson,
  printJson,
  restOf,
} from './json.ts'
import {
  parseSchema,
  parseSortOrder,
  parseSpec,
  schemaToJson,
  sortOrderToJson,
  specToJson,
} from './schema-json.ts'
import type { Snapshot, TableMetadata } from './types.ts'

/** A metadata.json may not grow beyond this; S3 Tables refuses a fifth of it. */
const METADATA_BYTES_MAX = 256 * 1024 * 1024

const KNOWN = [
  'format-version',
  'table-uuid',
  'location',
  'last-sequence-number',
  'last-updated-ms',
  'last-column-id',
  'schemas',
  'current-schema-id',
  'partition-specs',
  'default-spec-id',
  'last-partition-id',
  'sort-orders',
  'default-sort-order-id',
  'properties',
  'current-snapshot-id',
  'snapshots',
  'snapshot-log',
  'metadata-log',
]

/**
 * A format version 2 metadata.json, plain or gzip. Throws IcebergError `malformed`, or `unsupported` for other
 * format versions.
 */
export function parseMetadata(source: Uint8Array | string): TableMetadata {
  return metadataFromJson(parseJson(typeof source === 'string' ? source : textOf(source)))
}

/** The same from JSON that was parsed without loss, as a REST catalog's answer holds it. */
export function metadataFromJson(value: unknown): TableMetadata {
  const json = asObject(value, 'metadata')
  if (json['format-version'] !== 2) {
    throw new IcebergError('unsupported', 'reading metadata, found another format version, expected 2', {
      found: json['format-version'],
    })
  }
  return {
    formatVersion: 2,
    tableUuid: asText(json['table-uuid'], 'table-uuid'),
    location: asText(json.location, 'location'),
    lastSequenceNumber: asInteger(json['last-sequence-number'], 'last-sequence-number'),
    lastUpdatedMs: asInteger(json['last-updated-ms'], 'last-updated-ms'),
    lastColumnId: asInteger(json['last-column-id'], 'last-column-id'),
    schemas: asList(json.schemas, 'schemas').map(parseSchema),
    currentSchemaId: asInteger(json['current-schema-id'], 'current-schema-id'),
    partitionSpecs: asList(json['partition-specs'], 'partition-specs').map(parseSpec),
    defaultSpecId: asInteger(json['default-spec-id'], 'default-spec-id'),
    lastPartitionId: asInteger(json['last-partition-id'], 'last-partition-id'),
    sortOrders: asList(json['sort-orders'], 'sort-orders').map(parseSortOrder),
    defaultSortOrderId: asInteger(json['default-sort-order-id'], 'default-sort-order-id'),
    properties: asTexts(json.properties ?? {}, 'properties'),
    currentSnapshotId: parseCurrentId(json),
    snapshots: asList(json.snapshots ?? [], 'snapshots').map(parseSnapshot),
    snapshotLog: asList(json['snapshot-log'] ?? [], 'snapshot-log').map(parseSnapshotLogEntry),
    metadataLog: asList(json['metadata-log'] ?? [], 'metadata-log').map(parseMetadataLogEntry),
    rest: restOf(json, KNOWN).rest ?? {},
  }
}

function textOf(bytes: Uint8Array): string {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const plain = isGzip ? gunzipSync(bytes, { maxOutputLength: METADATA_BYTES_MAX }) : bytes
  return new TextDecoder('utf-8', { fatal: true }).decode(plain)
}

/** Java writes -1 for "none", PyIceberg leaves the key out. */
function parseCurrentId(json: JsonObject): bigint | null {
  const value = json['current-snapshot-id'] ?? null
  if (value === null) return null
  const id = asLong(value, 'current-snapshot-id')
  return id === -1n ? null : id
}

export function parseSnapshot(json: unknown): Snapshot {
  const object = asObject(json, 'snapshot')
  const parent = object['parent-snapshot-id'] ?? null
  const schemaId = object['schema-id'] ?? null
  return {
    snapshotId: asLong(object['snapshot-id'], 'snapshot-id'),
    parentSnapshotId: parent === null ? null : asLong(parent, 'parent-snapshot-id'),
    sequenceNumber: asInteger(object['sequence-number'] ?? 0, 'sequence-number'),
    timestampMs: asInteger(object['timestamp-ms'], 'timestamp-ms'),
    manifestList: asText(object['manifest-list'], 'manifest-list'),
    summary: asTexts(object.summary ?? {}, 'summary'),
    schemaId: schemaId === null ? null : asInteger(schemaId, 'schema-id'),
    ...restOf(object, [
      'snapshot-id',
      'parent-snapshot-id',
      'sequence-number',
      'timestamp-ms',
      'manifest-list',
      'summary',
      'schema-id',
    ]),
  }
}

function parseSnapshotLogEntry(json: unknown): TableMetadata['snapshotLog'][number] {
  const object = asObject(json, 'snapshot-log entry')
  return {
    snapshotId: asLong(object['snapshot-id'], 'snapshot-id'),
    timestampMs: asInteger(object['timestamp-ms'], 'timestamp-ms'),
  }
}

function parseMetadataLogEntry(json: unknown): TableMetadata['metadataLog'][number] {
  const object = asObject(json, 'metadata-log entry')
  return {
    metadataFile: asText(object['metadata-file'], 'metadata-file'),
    timestampMs: asInteger(object['timestamp-ms'], 'timestamp-ms'),
  }
}

/** The JSON text of a metadata.json, compact, with every key the parse found. */
export function serializeMetadata(metadata: TableMetadata): string {
  const { refs: _refs, ...rest } = metadata.rest
  return printJson({
    'format-version': metadata.formatVersion,
    'table-uuid': metadata.tableUuid,
    location: metadata.location,
    'last-sequence-number': metadata.lastSequenceNumber,
    'last-updated-ms': metadata.lastUpdatedMs,
    'last-column-id': metadata.lastColumnId,
    'current-schema-id': metadata.currentSchemaId,
    schemas: metadata.schemas.map(schemaToJson),
    'default-spec-id': metadata.defaultSpecId,
    'partition-specs': metadata.partitionSpecs.map(specToJson),
    'last-partition-id': metadata.lastPartitionId,
    'default-sort-order-id': metadata.defaultSortOrderId,
    'sort-orders': metadata.sortOrders.map(sortOrderToJson),
    properties: metadata.properties,
    // Every reader takes -1; leaving the key out fails in some.
    'current-snapshot-id': metadata.currentSnapshotId ?? -1,
    refs: refsToJson(metadata),
    snapshots: metadata.snapshots.map(snapshotToJson),
    'snapshot-log': metadata.snapshotLog.map((entry) => ({
      'timestamp-ms': entry.timestampMs,
      'snapshot-id': entry.snapshotId,
    })),
    'metadata-log': metadata.metadataLog.map((entry) => ({
      'timestamp-ms': entry.timestampMs,
      'metadata-file': entry.metadataFile,
    })),
    ...rest,
  })
}

function refsToJson(metadata: TableMetadata): JsonObject {
  const { main, ...others } = asObject(metadata.rest.refs ?? {}, 'refs')
  if (metadata.currentSnapshotId === null) return others
  const settings = main === undefined ? {} : asObject(main, 'ref main')
  return { ...others, main: { ...settings, 'snapshot-id': metadata.currentSnapshotId, type: 'branch' } }
}

export function snapshotToJson(snapshot: Snapshot): JsonObject {
  return {
    'sequence-number': snapshot.sequenceNumber,
    'snapshot-id': snapshot.snapshotId,
    ...(snapshot.parentSnapshotId === null ? {} : { 'parent-snapshot-id': snapshot.parentSnapshotId }),
    'timestamp-ms': snapshot.timestampMs,
    summary: snapshot.summary,
    'manifest-list': snapshot.manifestList,
    ...(snapshot.schemaId === null ? {} : { 'schema-id': snapshot.schemaId }),
    ...snapshot.rest,
  }
}
