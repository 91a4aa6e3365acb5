import { asInteger, asLong, asObject, type JsonObject } from './json.ts'
import type { RefSettings, SnapshotRef, TableMetadata } from './types.ts'

/** The branches and tags of a table by name, `main` among them once it has a snapshot (spec "Snapshot References"). */
export function refsOf(metadata: TableMetadata): ReadonlyMap<string, SnapshotRef> {
  const refs = new Map<string, SnapshotRef>()
  for (const [name, json] of Object.entries(rawRefs(metadata))) {
    if (name !== 'main') refs.set(name, parseRef(json))
  }
  const { currentSnapshotId } = metadata
  if (currentSnapshotId !== null)
    refs.set('main', { ...refSettings(metadata, 'main'), snapshotId: currentSnapshotId })
  return refs
}

/** The settings of a branch or tag; those of a branch without any when there is none of that name. */
export function refSettings(metadata: TableMetadata, name: string): RefSettings {
  const refs = rawRefs(metadata)
  return Object.hasOwn(refs, name) ? parseSettings(asObject(refs[name], 'ref')) : { type: 'branch' }
}

/** The metadata with that branch or tag set; the snapshot of `main` is set elsewhere. */
export function withRef(
  metadata: TableMetadata,
  name: string,
  snapshotId: bigint,
  settings: RefSettings,
): TableMetadata {
  const refs = { ...rawRefs(metadata), [name]: { 'snapshot-id': snapshotId, ...settingsToJson(settings) } }
  return { ...metadata, rest: { ...metadata.rest, refs } }
}

export function withoutRef(metadata: TableMetadata, name: string): TableMetadata {
  const others = Object.entries(rawRefs(metadata)).filter(([other]) => other !== name)
  return { ...metadata, rest: { ...metadata.rest, refs: Object.fromEntries(others) } }
}

/** The settings as metadata.json and the REST catalog write them. */
export function settingsToJson(settings: RefSettings): JsonObject {
  return {
    type: settings.type,
    ...present('min-snapshots-to-keep', settings.minSnapshotsToKeep),
    ...present('max-snapshot-age-ms', settings.maxSnapshotAgeMs),
    ...present('max-ref-age-ms', settings.maxRefAgeMs),
  }
}

export function parseSettings(json: JsonObject): RefSettings {
  return {
    type: json.type === 'tag' ? 'tag' : 'branch',
    ...number(json, 'min-snapshots-to-keep', 'minSnapshotsToKeep'),
    ...number(json, 'max-snapshot-age-ms', 'maxSnapshotAgeMs'),
    ...number(json, 'max-ref-age-ms', 'maxRefAgeMs'),
  }
}

function parseRef(json: unknown): SnapshotRef {
  const object = asObject(json, 'ref')
  return { ...parseSettings(object), snapshotId: asLong(object['snapshot-id'], 'snapshot-id of a ref') }
}

function rawRefs(metadata: TableMetadata): JsonObject {
  return asObject(metadata.rest.refs ?? {}, 'refs')
}

function present(key: string, value: number | undefined): JsonObject {
  return value === undefined ? {} : { [key]: value }
}

// Ages of "for ever" are written as the largest long; as a number of milliseconds they lose nothing that counts.
function number<K extends string>(json: JsonObject, key: string, name: K): { [P in K]?: number } {
  const value = json[key] ?? null
  if (value === null) return {}
  const read = typeof value === 'bigint' ? Number(value) : asInteger(value, key)
  return { [name]: read } as { [P in K]?: number }
}
