import { avroArray, avroField } from './avro-build.ts'
import { decodeAvroFile, encodeAvroFile } from './avro-file.ts'
import type { AvroRecord, AvroValue } from './avro-values.ts'
import { IcebergError } from './errors.ts'
import { asInteger, asLong, asText, type JsonObject } from './json.ts'
import type { Snapshot } from './types.ts'

/** What a manifest list says of one field of all partitions in a manifest. */
export interface PartitionSummary {
  readonly containsNull: boolean
  readonly containsNan: boolean | null
  /** Single-value bytes; null when there is no value. */
  readonly lower: Uint8Array | null
  readonly upper: Uint8Array | null
}

/** A manifest as its list describes it. */
export interface ManifestFile {
  readonly location: string
  readonly bytes: number
  readonly specId: number
  readonly content: 'data' | 'deletes'
  readonly sequenceNumber: number
  /** Lowest data sequence number of its live files. */
  readonly minSequenceNumber: number
  readonly addedSnapshotId: bigint
  readonly addedFiles: number
  readonly existingFiles: number
  readonly deletedFiles: number
  readonly addedRows: number
  readonly existingRows: number
  readonly deletedRows: number
  readonly partitions: readonly PartitionSummary[] | null
  readonly keyMetadata: Uint8Array | null
}

/** Field ids of manifest_file (spec "Manifest Lists"). */
export const manifestFileIds = {
  path: 500,
  length: 501,
  specId: 502,
  addedSnapshotId: 503,
  addedFiles: 504,
  existingFiles: 505,
  deletedFiles: 506,
  partitions: 507,
  partition: 508,
  containsNull: 509,
  lower: 510,
  upper: 511,
  addedRows: 512,
  existingRows: 513,
  deletedRows: 514,
  sequenceNumber: 515,
  minSequenceNumber: 516,
  content: 517,
  containsNan: 518,
  keyMetadata: 519,
} as const
const ID = manifestFileIds

const SUMMARY_SCHEMA = {
  type: 'record',
  name: 'r508',
  fields: [
    avroField(ID.containsNull, 'contains_null', 'boolean', 'required'),
    avroField(ID.containsNan, 'contains_nan', 'boolean', 'optional'),
    avroField(ID.lower, 'lower_bound', 'bytes', 'optional'),
    avroField(ID.upper, 'upper_bound', 'bytes', 'optional'),
  ],
}

const LIST_SCHEMA: JsonObject = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    avroField(ID.path, 'manifest_path', 'string', 'required'),
    avroField(ID.length, 'manifest_length', 'long', 'required'),
    avroField(ID.specId, 'partition_spec_id', 'int', 'required'),
    avroField(ID.content, 'content', 'int', 'required'),
    avroField(ID.sequenceNumber, 'sequence_number', 'long', 'required'),
    avroField(ID.minSequenceNumber, 'min_sequence_number', 'long', 'required'),
    avroField(ID.addedSnapshotId, 'added_snapshot_id', 'long', 'required'),
    avroField(ID.addedFiles, 'added_files_count', 'int', 'required'),
    avroField(ID.existingFiles, 'existing_files_count', 'int', 'required'),
    avroField(ID.deletedFiles, 'deleted_files_count', 'int', 'required'),
    avroField(ID.addedRows, 'added_rows_count', 'long', 'required'),
    avroField(ID.existingRows, 'existing_rows_count', 'long', 'required'),
    avroField(ID.deletedRows, 'deleted_rows_count', 'long', 'required'),
    avroField(ID.partitions, 'partitions', avroArray(ID.partition, SUMMARY_SCHEMA), 'optional'),
    avroField(ID.keyMetadata, 'key_metadata', 'bytes', 'optional'),
  ],
}

/** The manifest list of a snapshot; its header repeats the snapshot's ids as Java writes them. */
export function encodeManifestList(
  snapshot: Pick<Snapshot, 'snapshotId' | 'parentSnapshotId' | 'sequenceNumber'>,
  manifests: readonly ManifestFile[],
  sync: Uint8Array,
): Uint8Array {
  const header = new Map([
    ['snapshot-id', String(snapshot.snapshotId)],
    ['parent-snapshot-id', String(snapshot.parentSnapshotId)],
    ['sequence-number', String(snapshot.sequenceNumber)],
    ['format-version', '2'],
  ])
  return encodeAvroFile(LIST_SCHEMA, manifests.map(toRecord), header, sync)
}

/** The manifests of a list, whoever wrote it. */
export function decodeManifestList(bytes: Uint8Array): readonly ManifestFile[] {
  return decodeAvroFile(bytes).records.map(fromRecord)
}

function toRecord(manifest: ManifestFile): AvroRecord {
  return new Map<number, AvroValue>([
    [ID.path, manifest.location],
    [ID.length, manifest.bytes],
    [ID.specId, manifest.specId],
    [ID.content, manifest.content === 'data' ? 0 : 1],
    [ID.sequenceNumber, manifest.sequenceNumber],
    [ID.minSequenceNumber, manifest.minSequenceNumber],
    [ID.addedSnapshotId, manifest.addedSnapshotId],
    [ID.addedFiles, manifest.addedFiles],
    [ID.existingFiles, manifest.existingFiles],
    [ID.deletedFiles, manifest.deletedFiles],
    [ID.addedRows, manifest.addedRows],
    [ID.existingRows, manifest.existingRows],
    [ID.deletedRows, manifest.deletedRows],
    [ID.partitions, manifest.partitions === null ? null : manifest.partitions.map(summaryToRecord)],
    [ID.keyMetadata, manifest.keyMetadata],
  ])
}

function summaryToRecord(summary: PartitionSummary): AvroRecord {
  return new Map<number, AvroValue>([
    [ID.containsNull, summary.containsNull],
    [ID.containsNan, summary.containsNan],
    [ID.lower, summary.lower],
    [ID.upper, summary.upper],
  ])
}

function fromRecord(record: AvroRecord): ManifestFile {
  const integer = (id: number): number => asInteger(record.get(id), `manifest list field ${id}`)
  return {
    location: asText(record.get(ID.path), 'manifest_path'),
    bytes: integer(ID.length),
    specId: integer(ID.specId),
    // Lists of format version 1 have neither content nor sequence numbers: data, 0.
    content: (record.get(ID.content) ?? 0) === 0 ? 'data' : 'deletes',
    sequenceNumber: asInteger(record.get(ID.sequenceNumber) ?? 0, 'sequence_number'),
    minSequenceNumber: asInteger(record.get(ID.minSequenceNumber) ?? 0, 'min_sequence_number'),
    addedSnapshotId: asLong(record.get(ID.addedSnapshotId), 'added_snapshot_id'),
    addedFiles: integer(ID.addedFiles),
    existingFiles: integer(ID.existingFiles),
    deletedFiles: integer(ID.deletedFiles),
    addedRows: integer(ID.addedRows),
    existingRows: integer(ID.existingRows),
    deletedRows: integer(ID.deletedRows),
    partitions: summariesOf(record.get(ID.partitions)),
    keyMetadata: bytesOrNull(record.get(ID.keyMetadata)),
  }
}

function summariesOf(value: AvroValue | undefined): readonly PartitionSummary[] | null {
  if (!Array.isArray(value)) return null
  return value.map((item: AvroValue) => {
    if (!(item instanceof Map))
      throw new IcebergError('malformed', 'reading a manifest list, found no summary')
    const nan = item.get(ID.containsNan)
    return {
      containsNull: item.get(ID.containsNull) === true,
      containsNan: typeof nan === 'boolean' ? nan : null,
      lower: bytesOrNull(item.get(ID.lower)),
      upper: bytesOrNull(item.get(ID.upper)),
    }
  })
}

function bytesOrNull(value: AvroValue | undefined): Uint8Array | null {
  return value instanceof Uint8Array ? value : null
}
