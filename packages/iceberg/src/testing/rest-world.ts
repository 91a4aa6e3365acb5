import { IcebergError } from '../errors.ts'
import { asList, asObject, parseJson, printJson } from '../json.ts'
import { serializeMetadata } from '../metadata.ts'
import type { Http, HttpRequest, HttpResponse } from '../rest-catalog.ts'
import { levelsOf } from '../rest-json.ts'
import { answerRest, failed } from '../rest-service.ts'
import type { LoadedTable, TableMetadata, TableName } from '../types.ts'
import { applyUpdates, newTableMetadata } from '../updates.ts'
import { parseDefinition, parseRequirement, parseUpdate } from './rest-parse.ts'

/**
 * What happens to one request.
 *
 * none       it is carried out, and the answer arrives
 * applied-*  it is carried out, and the answer is that instead: a status, no answer, or 200 with an error inside
 * lost-*     it is not carried out
 */
export type RestFault =
  | 'none'
  | `${'applied' | 'lost'}-${500 | 502 | 503 | 504 | 429 | 408}`
  | `${'applied' | 'lost'}-timeout`
  | `${'applied' | 'lost'}-garbage`
  | 'lost-400'
  | 'lost-403'
  | 'lost-302'

/** A REST catalog in memory that checks requirements by the specification, and can be made to misbehave. */
export interface RestWorld {
  readonly http: Http
  /** Asked before every request. */
  fault: (request: HttpRequest) => RestFault
  /** What came, in order. */
  readonly requests: HttpRequest[]
  /** Items of one page of a listing. */
  pageSize: number
  look(name: TableName): TableMetadata | null
}

const ROOT = 'http://catalog.test/api/v1'
/** A prefix as S3 Tables answers it: encoded already, to be used as it is. */
const PREFIX = 'arn%3Aaws%3As3tables%3Abucket%2Fone'

export function restWorld(): RestWorld {
  const tables = new Map<string, LoadedTable>()
  const namespaces = new Set<string>()
  let count = 0
  const served = {
    namespaces: async () => [...namespaces],
    tables: async (namespace: string) =>
      [...tables.values()].filter(({ name }) => name.namespace === namespace).map(({ name }) => name.name),
    load: async (name: TableName) => tables.get(keyOf(name)) ?? null,
  }
  const keep = (name: TableName, metadata: TableMetadata): HttpResponse => {
    const table = { name, metadata, metadataLocation: `memory:///${++count}.metadata.json` }
    tables.set(keyOf(name), table)
    const location = printJson(table.metadataLocation)
    return {
      status: 200,
      body: `{"metadata-location":${location},"metadata":${serializeMetadata(metadata)}}`,
    }
  }
  const post = (path: string, body: unknown): HttpResponse => {
    const [, space, , name] = path.split('/').slice(1).map(decodeURIComponent)
    const namespace = space?.split('\u001f').join('.')
    if (namespace === undefined) {
      const made = asList(asObject(body, 'namespace').namespace, 'namespace').join('.')
      if (namespaces.has(made)) return failed(409, 'AlreadyExistsException', 'it is there')
      namespaces.add(made)
      return { status: 200, body: printJson({ namespace: levelsOf(made), properties: {} }) }
    }
    if (!namespaces.has(namespace)) return failed(404, 'NoSuchNamespaceException', 'no such namespace')
    if (name === undefined) {
      const definition = parseDefinition(body)
      const table: TableName = { namespace, name: definition.name }
      if (tables.has(keyOf(table))) return failed(409, 'AlreadyExistsException', 'it is there')
      const at = { uuid: `uuid-${++count}`, location: `memory:///${keyOf(table)}`, nowMs: count }
      return keep(table, newTableMetadata(definition, at))
    }
    const table = tables.get(keyOf({ namespace, name }))
    if (table === undefined) return failed(404, 'NoSuchTableException', 'no such table')
    const { requirements, updates } = asObject(body, 'commit')
    const result = applyUpdates(
      table.metadata,
      asList(requirements, 'requirements').map(parseRequirement),
      asList(updates, 'updates').map(parseUpdate),
      { baseLocation: table.metadataLocation, nowMs: ++count },
    )
    if (result.outcome === 'conflict') return failed(409, 'CommitFailedException', result.failed.type)
    return keep(table.name, result.metadata)
  }
  const carryOut = async ({ method, url, body }: HttpRequest): Promise<HttpResponse> => {
    const path = url.slice(ROOT.length)
    if (path.startsWith('/config')) {
      return {
        status: 200,
        body: printJson({ defaults: { prefix: 'other' }, overrides: { prefix: PREFIX } }),
      }
    }
    if (!path.startsWith(`/${PREFIX}/`)) return failed(404, 'NotFoundException', 'not under the prefix')
    const rest = path.slice(PREFIX.length + 1)
    if (method === 'GET')
      return paged(await answerRest(served, { method, path: `/v1${rest}` }), url, world.pageSize)
    try {
      return post(rest, parseJson(body!))
    } catch (error) {
      if (error instanceof IcebergError) return failed(400, 'BadRequestException', error.message)
      throw error
    }
  }
  const world: RestWorld = {
    fault: () => 'none',
    requests: [],
    pageSize: 1000,
    look: (name) => tables.get(keyOf(name))?.metadata ?? null,
    http: async (request) => {
      world.requests.push(request)
      const fault = world.fault(request)
      const response = fault.startsWith('lost') ? null : await carryOut(request)
      if (fault === 'none') return response!
      const kind = fault.split('-')[1]!
      if (kind === 'timeout') throw new Error('no answer within the time')
      if (kind === 'garbage') return { status: 200, body: '{"error":{"type":"UnknownOperationException"}}' }
      return failed(Number(kind), 'ServiceFailure', `as told: ${kind}`)
    },
  }
  return world
}

/** A listing cut into pages, whose token is the number of items told before. */
function paged(response: HttpResponse, url: string, size: number): HttpResponse {
  const json = asObject(parseJson(response.body === '' ? '{}' : response.body), 'answer')
  const key = ['namespaces', 'identifiers'].find((each) => Array.isArray(json[each]))
  if (key === undefined) return response
  const items = asList(json[key], key)
  const from = Number(new URL(url).searchParams.get('pageToken') ?? 0)
  const next = from + size < items.length ? String(from + size) : null
  return {
    status: 200,
    body: printJson({ ...json, [key]: items.slice(from, from + size), 'next-page-token': next }),
  }
}

function keyOf({ namespace, name }: TableName): string {
  return `${namespace}.${name}`
}
