import { beforeEach, describe, expect, it } from 'vitest'
import { asObject, parseJson } from './json.ts'
import { metadataFromJson, serializeMetadata } from './metadata.ts'
import { answerRest, type ServedCatalog } from './rest-service.ts'
import { appended, dataFile, memoryIO, newTable, tableName } from './test-support.ts'
import type { LoadedTable } from './types.ts'

let table: LoadedTable
let served: ServedCatalog

beforeEach(async () => {
  const io = memoryIO()
  table = await appended(io, await appended(io, newTable(), 1n, dataFile(1)), 2n ** 62n + 1n, dataFile(2))
  served = {
    namespaces: async () => ['market', 'deep.down.under'],
    tables: async (namespace) => (namespace === 'market' ? ['ticks'] : []),
    load: async (name) => (name.namespace === 'market' && name.name === tableName.name ? table : null),
  }
})

describe('the REST service', () => {
  it('serves a table whole, with ids that no double holds', async () => {
    const { status, body } = await ask('/v1/namespaces/market/tables/ticks')
    expect(status).toBe(200)
    const json = asObject(parseJson(body), 'answer')
    expect(json['metadata-location']).toBe(table.metadataLocation)
    expect(serializeMetadata(metadataFromJson(json.metadata))).toBe(serializeMetadata(table.metadata))
    expect(body).toContain('4611686018427387905')
  })

  it('leaves snapshots that no ref names out when asked to', async () => {
    const { body } = await ask('/v1/namespaces/market/tables/ticks?snapshots=refs')
    const { snapshots } = metadataFromJson(asObject(parseJson(body), 'answer').metadata)
    expect(snapshots.map(({ snapshotId }) => snapshotId)).toEqual([2n ** 62n + 1n])
  })

  it.each([
    ['/v1/config?warehouse=any', { defaults: {}, overrides: {} }],
    ['/v1/namespaces', { namespaces: [['deep'], ['market']] }],
    ['/v1/namespaces?parent=deep%1Fdown', { namespaces: [['deep', 'down', 'under']] }],
    ['/v1/namespaces/deep%1Fdown', { namespace: ['deep', 'down'], properties: {} }],
    ['/v1/namespaces/market/tables', { identifiers: [{ namespace: ['market'], name: 'ticks' }] }],
  ])('answers %s', async (path, json) => {
    const { status, body } = await ask(path)
    expect(status).toBe(200)
    expect(parseJson(body)).toMatchObject(json)
  })

  it.each([
    ['/v1/namespaces/none', 404, 'NoSuchNamespaceException'],
    ['/v1/namespaces/none/tables', 404, 'NoSuchNamespaceException'],
    ['/v1/namespaces/mark/tables', 404, 'NoSuchNamespaceException'],
    ['/v1/namespaces/market/tables/none', 404, 'NoSuchTableException'],
    ['/v1/namespaces/market%1Fticks/tables/snapshots', 404, 'NoSuchTableException'],
    ['/v1/namespaces/market/views', 404, 'NotFoundException'],
    ['/v1/namespaces/market/tables/ticks/plan', 404, 'NotFoundException'],
    ['/v1/%zz', 404, 'NotFoundException'],
    ['/other', 404, 'NotFoundException'],
    ['', 404, 'NotFoundException'],
  ])('refuses %s with %s %s', async (path, status, type) => {
    const response = await ask(path)
    expect(response.status).toBe(status)
    expect(parseJson(response.body)).toMatchObject({ error: { code: status, type } })
  })

  it('changes nothing, whatever it is asked', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const { status } = await answerRest(served, { method, path: '/v1/namespaces/market/tables/ticks' })
      expect(status).toBe(406)
    }
  })

  it('answers HEAD without a body', async () => {
    const head = (path: string) => answerRest(served, { method: 'HEAD', path })
    expect(await head('/v1/namespaces/market/tables/ticks')).toEqual({ status: 204, body: '' })
    expect(await head('/v1/namespaces/market/tables/none')).toEqual({ status: 404, body: '' })
  })
})

function ask(path: string) {
  return answerRest(served, { method: 'GET', path })
}
