import { printJson } from './json.ts'
import { serializeMetadata } from './metadata.ts'
import { refsOf } from './refs.ts'
import { levelsOf } from './rest-json.ts'
import type { LoadedTable, TableMetadata, TableName } from './types.ts'

/** What is served: any catalog that can list. */
export interface ServedCatalog {
  /** Levels joined by dots. */
  namespaces(): Promise<readonly string[]>
  /** Names of the tables of a namespace. */
  tables(namespace: string): Promise<readonly string[]>
  load(name: TableName): Promise<LoadedTable | null>
}

export interface ServiceRequest {
  readonly method: string
  /** With the query, as it came over the wire. */
  readonly path: string
}

export interface ServiceResponse {
  readonly status: number
  /** JSON; empty where there is no body. */
  readonly body: string
}

const UNIT_SEPARATOR = '\u001f'

/** What clients that ask first are told they may ask for. */
const ENDPOINTS = [
  'GET /v1/{prefix}/namespaces',
  'GET /v1/{prefix}/namespaces/{namespace}',
  'HEAD /v1/{prefix}/namespaces/{namespace}',
  'GET /v1/{prefix}/namespaces/{namespace}/tables',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
]

/**
 * Answers one request of the Iceberg REST API for reading: configuration, namespaces, tables (REST specification of
 * Apache Iceberg). Everything that would change something is refused. No sockets here: the caller has them. Throws
 * what the catalog throws.
 */
export async function answerRest(catalog: ServedCatalog, request: ServiceRequest): Promise<ServiceResponse> {
  const [path = '', query = ''] = request.path.split('?', 2)
  const asked = new URLSearchParams(query)
  const segments = segmentsOf(path)
  if (segments === null || segments[0] !== 'v1')
    return failed(404, 'NotFoundException', 'there is no such route')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return failed(406, 'UnsupportedOperationException', 'this catalog is read-only')
  }
  const response = await answer(catalog, segments.slice(1), asked)
  if (request.method === 'GET') return response
  return { status: response.status === 200 ? 204 : response.status, body: '' }
}

async function answer(
  catalog: ServedCatalog,
  segments: readonly string[],
  asked: URLSearchParams,
): Promise<ServiceResponse> {
  const [kind, namespace, sub, name, ...more] = segments
  if (kind === 'config' && segments.length === 1) {
    return found({ defaults: {}, overrides: {}, endpoints: ENDPOINTS })
  }
  if (kind !== 'namespaces' || more.length > 0 || (sub !== undefined && sub !== 'tables')) {
    return failed(404, 'NotFoundException', 'there is no such route')
  }
  if (namespace === undefined) return listNamespaces(await catalog.namespaces(), asked.get('parent'))
  const joined = namespace.split(UNIT_SEPARATOR).join('.')
  if (name !== undefined) {
    // Without a look at the namespace: engines ask for `table.snapshots` as a table of a namespace first, and take
    // no other answer for "not that one" than a table that is not there.
    const table = await catalog.load({ namespace: joined, name })
    return table === null
      ? failed(404, 'NoSuchTableException', `there is no table ${joined}.${name}`)
      : loaded(table, asked.get('snapshots') === 'refs')
  }
  const known = await catalog.namespaces()
  if (!known.some((each) => each === joined || each.startsWith(`${joined}.`))) {
    return failed(404, 'NoSuchNamespaceException', `there is no namespace ${joined}`)
  }
  if (sub === undefined) return found({ namespace: levelsOf(joined), properties: {} })
  return listTables(joined, await catalog.tables(joined))
}

/** Null for a path that cannot be decoded. */
function segmentsOf(path: string): readonly string[] | null {
  try {
    return path.split('/').slice(1).map(decodeURIComponent)
  } catch {
    return null
  }
}

/** The namespaces directly below a parent; a level is there when something is below it. */
function listNamespaces(known: readonly string[], parent: string | null): ServiceResponse {
  const above = parent === null ? [] : parent.split(UNIT_SEPARATOR)
  const children = known
    .map(levelsOf)
    .filter((levels) => levels.length > above.length && above.every((level, i) => level === levels[i]))
    .map((levels) => levels.slice(0, above.length + 1).join('.'))
  return found({ namespaces: [...new Set(children)].sort().map(levelsOf), 'next-page-token': null })
}

function listTables(namespace: string, names: readonly string[]): ServiceResponse {
  const identifiers = names.map((name) => ({ namespace: levelsOf(namespace), name }))
  return found({ identifiers, 'next-page-token': null })
}

/** `LoadTableResult`. */
function loaded(table: LoadedTable, refsOnly: boolean): ServiceResponse {
  const metadata = serializeMetadata(refsOnly ? withoutHistory(table.metadata) : table.metadata)
  const location = printJson(table.metadataLocation)
  return { status: 200, body: `{"metadata-location":${location},"metadata":${metadata},"config":{}}` }
}

/** Only the snapshots that branches and tags name, as clients may ask for (`snapshots=refs`). */
function withoutHistory(metadata: TableMetadata): TableMetadata {
  const named = new Set([...refsOf(metadata).values()].map(({ snapshotId }) => snapshotId))
  return { ...metadata, snapshots: metadata.snapshots.filter(({ snapshotId }) => named.has(snapshotId)) }
}

function found(json: Readonly<Record<string, unknown>>): ServiceResponse {
  return { status: 200, body: printJson(json) }
}

/** `ErrorModel`. */
export function failed(code: number, type: string, message: string): ServiceResponse {
  return { status: code, body: printJson({ error: { message, type, code } }) }
}
