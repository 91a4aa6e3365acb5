import { avroArray, avroField, avroIntMap, avroName, avroPrimitive } from './avro-build.ts'
import { decodeAvroFile, encodeAvroFile } from './avro-file.ts'
import type { AvroRecord, AvroValue } from './avro-values.ts'
import { IcebergError } from './errors.ts'
import { asInteger, asLong, asText, type JsonObject, printJson } from './json.ts'
import { partitionFieldsToJson, schemaToJson } from './schema-json.ts'
import { partitionType } from './transforms.ts'
import type { DataFile, PartitionSpec, PartitionValue, Schema } from './types.ts'

/** A file as a manifest holds it: everything of a data file, and what only foreign writers fill in. */
export interface StoredFile extends DataFile {
  readonly content: 'data' | 'position-deletes' | 'equality-deletes'
  /** As written, mostly `PARQUET`. */
  readonly format: string
  readonly columnSizes: ReadonlyMap<number, number>
  readonly nanCounts: ReadonlyMap<number, number>
  readonly keyMetadata: Uint8Array | null
  readonly equalityIds: readonly number[]
}

/** One line of a manifest; what was inherited from the manifest list is filled in. */
export interface ManifestEntry {
  readonly status: 'existing' | 'added' | 'deleted'
  /** Snapshot that added the file, or deleted it. */
  readonly snapshotId: bigint
  readonly sequenceNumber: number
  readonly fileSequenceNumber: number
  readonly file: StoredFile
}

/** What a null in a manifest's entry stands for (spec "Sequence Number Inheritance"). */
export interface Inherited {
  readonly snapshotId: bigint
  readonly sequenceNumber: number
}

const STATUSES = ['existing', 'added', 'deleted'] as const
const CONTENTS = ['data', 'position-deletes', 'equality-deletes'] as const

/** Field ids of manifest_entry and data_file (spec "Manifests"). */
export const manifestEntryIds = {
  status: 0,
  snapshotId: 1,
  dataFile: 2,
  sequenceNumber: 3,
  fileSequenceNumber: 4,
  content: 134,
  filePath: 100,
  fileFormat: 101,
  partition: 102,
  recordCount: 103,
  fileSize: 104,
  columnSizes: { map: 108, key: 117, value: 118 },
  valueCounts: { map: 109, key: 119, value: 120 },
  nullCounts: { map: 110, key: 121, value: 122 },
  nanCounts: { map: 137, key: 138, value: 139 },
  lowerBounds: { map: 125, key: 126, value: 127 },
  upperBounds: { map: 128, key: 129, value: 130 },
  keyMetadata: 131,
  splitOffsets: { list: 132, element: 133 },
  equalityIds: { list: 135, element: 136 },
  sortOrderId: 140,
} as const
const ID = manifestEntryIds

type MapIds = { readonly map: number; readonly key: number; readonly value: number }

/**
 * A manifest of data files. Sequence numbers of added entries are left null, to be inherited from the commit
 * that lands, unless their data is older than that. Throws IcebergError `refused` when a partition value does not fit its field.
 */
export function encodeManifest(
  schema: Schema,
  spec: PartitionSpec,
  entries: readonly ManifestEntry[],
  sync: Uint8Array,
): Uint8Array {
  const header = new Map([
    ['schema', printJson(schemaToJson(schema))],
    ['schema-id', String(schema.schemaId)],
    ['partition-spec', printJson(partitionFieldsToJson(spec))],
    ['partition-spec-id', String(spec.specId)],
    ['format-version', '2'],
    ['content', 'data'],
  ])
  const records = entries.map((entry) => entryToRecord(spec, entry))
  return encodeAvroFile(manifestSchema(schema, spec), records, header, sync)
}

/** The entries of a manifest, whoever wrote it. */
export function decodeManifest(
  bytes: Uint8Array,
  inherited: Inherited,
  spec: PartitionSpec,
): readonly ManifestEntry[] {
  return decodeAvroFile(bytes).records.map((record) => recordToEntry(record, inherited, spec))
}

function manifestSchema(schema: Schema, spec: PartitionSpec): JsonObject {
  return {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      avroField(ID.status, 'status', 'int', 'required'),
      avroField(ID.snapshotId, 'snapshot_id', 'long', 'optional'),
      avroField(ID.sequenceNumber, 'sequence_number', 'long', 'optional'),
      avroField(ID.fileSequenceNumber, 'file_sequence_number', 'long', 'optional'),
      avroField(ID.dataFile, 'data_file', dataFileSchema(schema, spec), 'required'),
    ],
  }
}

function dataFileSchema(schema: Schema, spec: PartitionSpec): JsonObject {
  return {
    type: 'record',
    name: 'r2',
    fields: [
      avroField(ID.content, 'content', 'int', 'required'),
      avroField(ID.filePath, 'file_path', 'string', 'required'),
      avroField(ID.fileFormat, 'file_format', 'string', 'required'),
      avroField(ID.partition, 'partition', partitionSchema(schema, spec), 'required'),
      avroField(ID.recordCount, 'record_count', 'long', 'required'),
      avroField(ID.fileSize, 'file_size_in_bytes', 'long', 'required'),
      mapField(ID.columnSizes, 'column_sizes', 'long'),
      mapField(ID.valueCounts, 'value_counts', 'long'),
      mapField(ID.nullCounts, 'null_value_counts', 'long'),
      mapField(ID.nanCounts, 'nan_value_counts', 'long'),
      mapField(ID.lowerBounds, 'lower_bounds', 'bytes'),
      mapField(ID.upperBounds, 'upper_bounds', 'bytes'),
      avroField(ID.keyMetadata, 'key_metadata', 'bytes', 'optional'),
      listField(ID.splitOffsets, 'split_offsets', 'long'),
      listField(ID.equalityIds, 'equality_ids', 'int'),
      avroField(ID.sortOrderId, 'sort_order_id', 'int', 'optional'),
    ],
  }
}

function partitionSchema(schema: Schema, spec: PartitionSpec): JsonObject {
  const fields = spec.fields.map((field) => {
    const name = avroName(field.name)
    const type = avroPrimitive(partitionType(schema, field), `fixed_${field.fieldId}`)
    const origin = name === field.name ? {} : { 'iceberg-field-name': field.name }
    return { ...avroField(field.fieldId, name, type, 'optional'), ...origin }
  })
  return { type: 'record', name: 'r102', fields }
}

function mapField(ids: MapIds, name: string, value: string): JsonObject {
  return avroField(ids.map, name, avroIntMap(ids.key, ids.value, value), 'optional')
}

function listField(ids: { list: number; element: number }, name: string, element: string): JsonObject {
  return avroField(ids.list, name, avroArray(ids.element, element), 'optional')
}

function entryToRecord(spec: PartitionSpec, entry: ManifestEntry): AvroRecord {
  const isAdded = entry.status === 'added'
  // Files that replace others keep an older data sequence number; the rest have that of the commit that lands.
  const inherits = isAdded && entry.sequenceNumber === entry.fileSequenceNumber
  return new Map<number, AvroValue>([
    [ID.status, STATUSES.indexOf(entry.status)],
    [ID.snapshotId, entry.snapshotId],
    [ID.sequenceNumber, inherits ? null : entry.sequenceNumber],
    [ID.fileSequenceNumber, isAdded ? null : entry.fileSequenceNumber],
    [ID.dataFile, fileToRecord(spec, entry.file)],
  ])
}

function fileToRecord(spec: PartitionSpec, file: StoredFile): AvroRecord {
  return new Map<number, AvroValue>([
    [ID.content, CONTENTS.indexOf(file.content)],
    [ID.filePath, file.location],
    [ID.fileFormat, file.format],
    [ID.partition, new Map(spec.fields.map((field, i) => [field.fieldId, file.partition[i] ?? null]))],
    [ID.recordCount, file.rows],
    [ID.fileSize, file.bytes],
    [ID.columnSizes.map, pairs(ID.columnSizes, file.columnSizes)],
    [ID.valueCounts.map, pairs(ID.valueCounts, file.valueCounts)],
    [ID.nullCounts.map, pairs(ID.nullCounts, file.nullCounts)],
    [ID.nanCounts.map, pairs(ID.nanCounts, file.nanCounts)],
    [ID.lowerBounds.map, pairs(ID.lowerBounds, file.lowerBounds)],
    [ID.upperBounds.map, pairs(ID.upperBounds, file.upperBounds)],
    [ID.keyMetadata, file.keyMetadata],
    [ID.splitOffsets.list, file.splitOffsets.length === 0 ? null : file.splitOffsets],
    [ID.equalityIds.list, file.equalityIds.length === 0 ? null : file.equalityIds],
    [ID.sortOrderId, file.sortOrderId],
  ])
}

// An empty map is written empty, not null: PyIceberg 0.12 (inspect.entries) fails on null column sizes.
function pairs(ids: MapIds, values: ReadonlyMap<number, number | Uint8Array>): AvroValue {
  return [...values].map(
    ([key, value]) =>
      new Map<number, AvroValue>([
        [ids.key, key],
        [ids.value, value],
      ]),
  )
}

function recordToEntry(record: AvroRecord, inherited: Inherited, spec: PartitionSpec): ManifestEntry {
  const status = STATUSES[asInteger(record.get(ID.status), 'status')]
  if (status === undefined) throw new IcebergError('malformed', 'reading a manifest, found an unknown status')
  const ownSequence = record.get(ID.sequenceNumber) ?? null
  const ownFileSequence = record.get(ID.fileSequenceNumber) ?? null
  return {
    status,
    snapshotId: asLong(record.get(ID.snapshotId) ?? inherited.snapshotId, 'snapshot_id'),
    sequenceNumber: asInteger(ownSequence ?? inherited.sequenceNumber, 'sequence_number'),
    fileSequenceNumber: asInteger(ownFileSequence ?? inherited.sequenceNumber, 'file_sequence_number'),
    file: recordToFile(recordAt(record, ID.dataFile), spec),
  }
}

function recordToFile(record: AvroRecord, spec: PartitionSpec): StoredFile {
  const content = CONTENTS[asInteger(record.get(ID.content) ?? 0, 'content')]
  if (content === undefined) throw new IcebergError('malformed', 'reading a manifest, found unknown content')
  const partition = recordAt(record, ID.partition)
  const sortOrderId = record.get(ID.sortOrderId) ?? null
  const keyMetadata = record.get(ID.keyMetadata)
  return {
    content,
    location: asText(record.get(ID.filePath), 'file_path'),
    format: asText(record.get(ID.fileFormat), 'file_format'),
    partition: spec.fields.map((field) => (partition.get(field.fieldId) ?? null) as PartitionValue),
    rows: asInteger(record.get(ID.recordCount), 'record_count'),
    bytes: asInteger(record.get(ID.fileSize), 'file_size_in_bytes'),
    columnSizes: mapAt(record, ID.columnSizes, (value) => asInteger(value, 'column size')),
    valueCounts: mapAt(record, ID.valueCounts, (value) => asInteger(value, 'value count')),
    nullCounts: mapAt(record, ID.nullCounts, (value) => asInteger(value, 'null count')),
    nanCounts: mapAt(record, ID.nanCounts, (value) => asInteger(value, 'nan count')),
    lowerBounds: mapAt(record, ID.lowerBounds, asBytes),
    upperBounds: mapAt(record, ID.upperBounds, asBytes),
    keyMetadata: keyMetadata instanceof Uint8Array ? keyMetadata : null,
    splitOffsets: integersAt(record, ID.splitOffsets.list),
    equalityIds: integersAt(record, ID.equalityIds.list),
    sortOrderId: sortOrderId === null ? null : asInteger(sortOrderId, 'sort_order_id'),
  }
}

function recordAt(record: AvroRecord, id: number): AvroRecord {
  const value = record.get(id)
  if (value instanceof Map) return value
  throw new IcebergError('malformed', 'reading a manifest, found no record', { fieldId: id })
}

function mapAt<T>(record: AvroRecord, ids: MapIds, read: (value: unknown) => T): ReadonlyMap<number, T> {
  const values = new Map<number, T>()
  const list = record.get(ids.map)
  for (const pair of Array.isArray(list) ? list : []) {
    if (pair instanceof Map) values.set(asInteger(pair.get(ids.key), 'map key'), read(pair.get(ids.value)))
  }
  return values
}

function integersAt(record: AvroRecord, id: number): readonly number[] {
  const list = record.get(id)
  return Array.isArray(list) ? list.map((item) => asInteger(item, 'list element')) : []
}

function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new IcebergError('malformed', 'reading a manifest, found a bound that is no bytes')
}
