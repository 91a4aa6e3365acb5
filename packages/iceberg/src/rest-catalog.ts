import { IcebergError } from './errors.ts'
import { asList, asObject, asText, type JsonObject, parseJson, printJson } from './json.ts'
import { metadataFromJson } from './metadata.ts'
import { commitToJson, createToJson, levelsOf } from './rest-json.ts'
import type {
  Catalog,
  CommitOutcome,
  LoadedTable,
  Requirement,
  TableDefinition,
  TableName,
  Update,
} from './types.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  /** Encoded as it is to be sent. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

export interface HttpResponse {
  readonly status: number
  readonly body: string
}

/**
 * Sends one request, once, and answers what came back, whatever its status. Throws when no whole answer came:
 * connection refused or reset, timeout. It signs or authenticates; it must not repeat a POST and follows no redirect.
 */
export type Http = (request: HttpRequest) => Promise<HttpResponse>

export interface RestCatalogOptions {
  /** Without `/v1`: `https://host/iceberg`. */
  readonly url: string
  readonly http: Http
  /** Which warehouse of the server; how it is named is the server's matter. */
  readonly warehouse?: string
}

/** A catalog behind the Iceberg REST API. Namespaces are levels joined by dots. */
export interface RestCatalog extends Catalog {
  /** Namespaces of the first level, or directly below one. */
  namespaces(below?: string): Promise<readonly string[]>
  /** False when it is there already. */
  createNamespace(namespace: string): Promise<boolean>
  /** Names of the tables of a namespace. */
  tables(namespace: string): Promise<readonly string[]>
}

/** A listing that has more pages than this does not end. */
const PAGES_MAX = 1000
/** Of a server's words as much as an error message bears. */
const MESSAGE_CHARS_MAX = 500
const UNIT_SEPARATOR = '\u001f'

interface Context {
  readonly http: Http
  /** With `/v1` and the prefix that the server asked for. */
  readonly root: string
}

/**
 * Asks the server for its configuration and answers a catalog (REST specification of Apache Iceberg). Column and
 * partition field ids of a created table are the server's: read them from its answer before writing files.
 *
 * One call is one request. Throws IcebergError `unavailable` where asking again may help; a commit never throws that:
 * an answer that did not come, 5xx and 429 are `unknown`, and the caller looks before it acts.
 */
export async function openRestCatalog(options: RestCatalogOptions): Promise<RestCatalog> {
  const { http, warehouse } = options
  const base = `${options.url.replace(/\/+$/, '')}/v1`
  const query = warehouse === undefined ? '' : `?warehouse=${encodeURIComponent(warehouse)}`
  const config = await get({ http, root: base }, `/config${query}`)
  const settings = {
    ...asObject(config.defaults ?? {}, 'defaults'),
    ...asObject(config.overrides ?? {}, 'overrides'),
  }
  // The prefix comes encoded: it is used as it is.
  const root = settings.prefix === undefined ? base : `${base}/${asText(settings.prefix, 'prefix')}`
  const context: Context = { http, root }
  return {
    load: (name) => load(context, name),
    create: (name, definition) => create(context, name, definition),
    commit: (table, requirements, updates) => commit(context, table, requirements, updates),
    namespaces: (below) => namespaces(context, below),
    createNamespace: (namespace) => createNamespace(context, namespace),
    tables: (namespace) => tables(context, namespace),
  }
}

async function load(context: Context, name: TableName): Promise<LoadedTable | null> {
  const response = await send(context, 'GET', tablePath(name), null)
  if (response.status === 404) return null
  return tableOf(name, body(response, 'loading a table'))
}

async function create(context: Context, name: TableName, definition: TableDefinition): Promise<LoadedTable> {
  const path = `${namespacePath(name.namespace)}/tables`
  const response = await send(context, 'POST', path, createToJson(name, definition))
  if (response.status !== 409) return tableOf(name, body(response, 'creating a table'))
  const winner = await load(context, name)
  if (winner === null)
    throw new IcebergError('missing', 'the table was dropped while it was made', { ...name })
  return winner
}

async function commit(
  context: Context,
  base: LoadedTable,
  requirements: readonly Requirement[],
  updates: readonly Update[],
): Promise<CommitOutcome> {
  let response: HttpResponse
  try {
    response = await request(context, 'POST', tablePath(base.name), commitToJson(base, requirements, updates))
  } catch (cause) {
    return { outcome: 'unknown', cause }
  }
  const { status } = response
  if (status === 409) return { outcome: 'conflict' }
  if (isPassing(status)) return { outcome: 'unknown', cause: failure('unavailable', 'committing', response) }
  if (status !== 200) throw failure(status === 404 ? 'missing' : 'refused', 'committing', response)
  try {
    return { outcome: 'applied', table: tableOf(base.name, body(response, 'committing')) }
  } catch (cause) {
    // It says yes and does not say to what: whether the commit stands is to be seen in the table.
    return { outcome: 'unknown', cause }
  }
}

async function namespaces(context: Context, below?: string): Promise<readonly string[]> {
  const parent = below === undefined ? {} : { parent: levelsOf(below).join(UNIT_SEPARATOR) }
  const found = await pages(context, '/namespaces', parent, 'namespaces')
  return found.map((levels) =>
    asList(levels, 'namespace')
      .map((level) => asText(level, 'namespace level'))
      .join('.'),
  )
}

async function createNamespace(context: Context, namespace: string): Promise<boolean> {
  const json = { namespace: levelsOf(namespace), properties: {} }
  const response = await send(context, 'POST', '/namespaces', json)
  if (response.status === 409) return false
  body(response, 'creating a namespace')
  return true
}

async function tables(context: Context, namespace: string): Promise<readonly string[]> {
  const found = await pages(context, `${namespacePath(namespace)}/tables`, {}, 'identifiers')
  return found.map((identifier) => asText(asObject(identifier, 'identifier').name, 'table name'))
}

/** All items of a listing, page after page. */
async function pages(
  context: Context,
  path: string,
  asked: Readonly<Record<string, string>>,
  key: string,
): Promise<readonly unknown[]> {
  const items: unknown[] = []
  let token: string | null = null
  for (let count = 0; count < PAGES_MAX; count++) {
    const query = new URLSearchParams(token === null ? asked : { ...asked, pageToken: token }).toString()
    const page = await get(context, query === '' ? path : `${path}?${query}`)
    items.push(...asList(page[key], key))
    const next = page['next-page-token'] ?? null
    if (next === null || next === '') return items
    token = asText(next, 'next-page-token')
  }
  throw new IcebergError('malformed', 'listing, found a server whose pages do not end', { path })
}

async function get(context: Context, path: string): Promise<JsonObject> {
  return body(await send(context, 'GET', path, null), `asking for ${path.split('?', 1)[0]}`)
}

/** A request whose answer may be lost without harm. */
async function send(
  context: Context,
  method: HttpRequest['method'],
  path: string,
  json: JsonObject | null,
): Promise<HttpResponse> {
  let response: HttpResponse
  try {
    response = await request(context, method, path, json)
  } catch (cause) {
    throw new IcebergError('unavailable', 'asking the catalog, found no answer', {
      path,
      cause: String(cause),
    })
  }
  if (isPassing(response.status)) throw failure('unavailable', 'asking the catalog', response)
  return response
}

function request(
  { http, root }: Context,
  method: HttpRequest['method'],
  path: string,
  json: JsonObject | null,
): Promise<HttpResponse> {
  const headers = {
    accept: 'application/json',
    ...(json === null ? {} : { 'content-type': 'application/json' }),
  }
  return http({ method, url: root + path, headers, body: json === null ? null : printJson(json) })
}

/** Statuses after which the same request may succeed, and, if it was a commit, may have succeeded already. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408
}

/** The object that a good answer holds. Some servers say 200 and mean an error: the keys tell. */
function body(response: HttpResponse, doing: string): JsonObject {
  if (response.status !== 200) throw failure(response.status === 404 ? 'missing' : 'refused', doing, response)
  const json = asObject(parseJson(response.body), 'answer of the catalog')
  if (json.error !== undefined) throw failure('refused', doing, response)
  return json
}

function tableOf(name: TableName, json: JsonObject): LoadedTable {
  return {
    name,
    metadataLocation: asText(json['metadata-location'], 'metadata-location'),
    metadata: metadataFromJson(json.metadata),
  }
}

function failure(
  code: IcebergError['code'],
  doing: string,
  { status, body: text }: HttpResponse,
): IcebergError {
  return new IcebergError(code, `${doing}, found status ${status}`, { status, ...serverWords(text) })
}

/** `ErrorModel`, where the answer holds one. */
function serverWords(text: string): { readonly type?: unknown; readonly message: string } {
  try {
    const { type, message } = asObject(asObject(parseJson(text), 'answer').error, 'error')
    return { type, message: asText(message, 'message').slice(0, MESSAGE_CHARS_MAX) }
  } catch {
    return { message: text.slice(0, MESSAGE_CHARS_MAX) }
  }
}

function tablePath({ namespace, name }: TableName): string {
  return `${namespacePath(namespace)}/tables/${encodeURIComponent(name)}`
}

function namespacePath(namespace: string): string {
  return `/namespaces/${encodeURIComponent(levelsOf(namespace).join(UNIT_SEPARATOR))}`
}
