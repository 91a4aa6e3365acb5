import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseJson, printJson } from './json.ts'
import { parseMetadata, serializeMetadata } from './metadata.ts'
import { definition, newTable } from './test-support.ts'
import { newTableMetadata } from './updates.ts'

const BIG = 9_223_372_036_854_775_807n

/** As another engine might have left it: branches, tags, nested columns, statistics, words of its own. */
const foreign = `{
  "format-version": 2, "table-uuid": "u", "location": "file:///t", "last-sequence-number": 7,
  "last-updated-ms": 1700000000000, "last-column-id": 5, "current-schema-id": 1,
  "schemas": [
    {"type": "struct", "schema-id": 0, "fields": [
      {"id": 1, "name": "a", "required": true, "type": "decimal(38, 18)", "doc": "price"}],
      "identifier-field-ids": [1]},
    {"type": "struct", "schema-id": 1, "fields": [
      {"id": 1, "name": "a", "required": true, "type": "long"},
      {"id": 2, "name": "l", "required": false, "type":
        {"type": "list", "element-id": 3, "element": "string", "element-required": true}},
      {"id": 4, "name": "f", "required": false, "type": "fixed[16]"}]}
  ],
  "default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": [], "note": 1}], "last-partition-id": 999,
  "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
  "properties": {"__proto__": "kept", "owner": "me"},
  "current-snapshot-id": ${BIG},
  "refs": {
    "main": {"snapshot-id": ${BIG}, "type": "branch", "max-snapshot-age-ms": 5},
    "audit": {"snapshot-id": ${BIG - 1n}, "type": "branch"},
    "v1": {"snapshot-id": ${BIG - 1n}, "type": "tag", "max-ref-age-ms": 9223372036854775806}
  },
  "snapshots": [
    {"sequence-number": 6, "snapshot-id": ${BIG - 1n}, "timestamp-ms": 1,
     "summary": {"operation": "append"}, "manifest-list": "file:///t/a"},
    {"sequence-number": 7, "snapshot-id": ${BIG}, "parent-snapshot-id": ${BIG - 1n}, "timestamp-ms": 2,
     "summary": {"operation": "append"}, "manifest-list": "file:///t/b", "schema-id": 1,
     "key-id": "k", "weight": 0.10000000000000000000001, "big": [123456789012345678901234567890]}
  ],
  "snapshot-log": [{"timestamp-ms": 1, "snapshot-id": ${BIG}}],
  "metadata-log": [{"timestamp-ms": 1, "metadata-file": "file:///t/0"}],
  "statistics": [{"snapshot-id": ${BIG}, "statistics-path": "p"}]
}`

describe('metadata', () => {
  it('reads snapshot ids of 63 bits exactly', () => {
    const metadata = parseMetadata(foreign)
    expect(metadata.currentSnapshotId).toBe(BIG)
    expect(metadata.snapshots.map((snapshot) => snapshot.parentSnapshotId)).toEqual([null, BIG - 1n])
    expect(metadata.snapshotLog[0]?.snapshotId).toBe(BIG)
  })

  it('loses no key that another engine wrote', () => {
    expect(sorted(parseJson(serializeMetadata(parseMetadata(foreign))))).toEqual(sorted(parseJson(foreign)))
  })

  it('keeps numbers that no double holds as they were written', () => {
    const text = serializeMetadata(parseMetadata(foreign))
    expect(text).toContain('"weight":0.10000000000000000000001')
    expect(text).toContain('[123456789012345678901234567890]')
    expect(text).toContain('"max-ref-age-ms":9223372036854775806')
  })

  it('keeps properties named like object members', () => {
    expect(serializeMetadata(parseMetadata(foreign))).toContain('{"__proto__":"kept","owner":"me"}')
  })

  it('leaves columns of unknown types out of the fields', () => {
    const { schemas } = parseMetadata(foreign)
    expect(schemas[1]?.fields.map((field) => field.name)).toEqual(['a', 'f'])
    expect(schemas[0]?.fields[0]?.type).toBe('decimal(38,18)')
  })

  it('comes back from its own text', () => {
    const { metadata } = newTable({ a: 'b' })
    expect(parseMetadata(serializeMetadata(metadata))).toEqual({ ...metadata, rest: { refs: {} } })
  })

  it('says -1 when there is no snapshot, and reads -1, null and nothing alike', () => {
    const text = serializeMetadata(newTable().metadata)
    expect(text).toContain('"current-snapshot-id":-1')
    for (const none of ['"current-snapshot-id":null,', '']) {
      expect(parseMetadata(text.replace('"current-snapshot-id":-1,', none)).currentSnapshotId).toBeNull()
    }
  })

  it('reads gzip as other engines may write it', () => {
    expect(parseMetadata(gzipSync(foreign))).toEqual(parseMetadata(foreign))
  })

  it('refuses other format versions, broken JSON and wrong types', () => {
    expect(() => parseMetadata(foreign.replace('"format-version": 2', '"format-version": 3'))).toThrow(
      'another format version',
    )
    expect(() => parseMetadata('{')).toThrow('found text that is none')
    expect(() => parseMetadata('[]')).toThrow('found list, expected object')
    expect(() => parseMetadata(foreign.replace('"location": "file:///t"', '"location": 1'))).toThrow(
      'reading location, found number, expected text',
    )
  })

  it('counts column and partition ids from the definition', () => {
    const metadata = newTableMetadata(definition, { uuid: 'u', location: 'l', nowMs: 5 })
    expect([metadata.lastColumnId, metadata.lastPartitionId, metadata.lastUpdatedMs]).toEqual([4, 1001, 5])
  })
})

/** The same value with sorted keys and numbers as text, to compare without order and precision. */
function sorted(value: unknown): unknown {
  return JSON.parse(printJson(value), (_key, item, context?: { source: string }) => {
    if (typeof item === 'number') return `#${context?.source}`
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))
  })
}
