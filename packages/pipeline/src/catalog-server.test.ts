import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRestCatalog, type TableDefinition } from '@cryptoflow/iceberg'
import { systemClock } from '@cryptoflow/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CatalogServer, openCatalogServer } from './catalog-server.ts'
import { openCatalog, type Warehouse, warehouseAt } from './warehouse.ts'

const name = { namespace: 'cryptoflow', name: 'ticks' }
const definition: TableDefinition = {
  schema: { schemaId: 0, fields: [{ id: 1, name: 'a', required: true, type: 'long' }] },
  partitionSpec: { specId: 0, fields: [] },
  sortOrder: { orderId: 0, fields: [] },
  properties: {},
}
const clock = systemClock()
let directory: string
let warehouse: Warehouse
let server: CatalogServer
const errors: string[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  warehouse = warehouseAt(directory)
  await withCatalog((catalog) => catalog.create(name, definition))
  errors.length = 0
  server = await openCatalogServer({ warehouse, clock, port: 0, onError: (message) => errors.push(message) })
})
afterEach(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

describe('the catalog server', () => {
  it('tells what the catalog holds, commit after commit of another process', async () => {
    const rest = await openRestCatalog({ url: server.url, http: byFetch })
    expect(await rest.namespaces()).toEqual(['cryptoflow'])
    expect(await rest.tables('cryptoflow')).toEqual(['ticks'])
    const first = await rest.load(name)
    const changed = await withCatalog((catalog) =>
      catalog.commit(first!, [], [{ action: 'set-properties', updates: { a: 'b' } }]),
    )
    expect(changed.outcome).toBe('applied')
    expect((await rest.load(name))?.metadata.properties).toEqual({ a: 'b' })
    expect(await rest.load({ ...name, name: 'none' })).toBeNull()
  })

  it('changes nothing', async () => {
    const rest = await openRestCatalog({ url: server.url, http: byFetch })
    const base = (await rest.load(name))!
    const update = rest.commit(base, [], [{ action: 'set-properties', updates: { a: 'b' } }])
    await expect(update).rejects.toMatchObject({ code: 'refused', context: { status: 406 } })
    await expect(rest.create({ ...name, name: 'new' }, definition)).rejects.toMatchObject({ code: 'refused' })
    expect((await rest.load(name))?.metadata).toEqual(base.metadata)
  })

  it('listens on loopback, and answers to no other name', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await statusFor('evil.example')).toBe(403)
    expect(await statusFor('localhost')).toBe(200)
  })

  it('says that it cannot, and not where things lie, when a file is gone', async () => {
    rmSync(join(directory, 'cryptoflow'), { recursive: true })
    const response = await fetch(`${server.url}/v1/namespaces/cryptoflow/tables/ticks`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain(directory)
    expect(errors).toEqual([expect.stringContaining('GET /v1/namespaces/cryptoflow/tables/ticks')])
  })

  it('says which port is taken, and when there is no warehouse', async () => {
    const port = Number(new URL(server.url).port)
    await expect(openCatalogServer({ warehouse, clock, port })).rejects.toMatchObject({ kind: 'config' })
    const nowhere = warehouseAt(join(directory, 'nowhere'))
    await expect(openCatalogServer({ warehouse: nowhere, clock, port: 0 })).rejects.toMatchObject({
      kind: 'usage',
    })
  })
})

async function byFetch({
  method,
  url,
  headers,
  body,
}: Parameters<Parameters<typeof openRestCatalog>[0]['http']>[0]) {
  const response = await fetch(url, { method, headers, body })
  return { status: response.status, body: await response.text() }
}

async function withCatalog<T>(
  work: (catalog: ReturnType<typeof openCatalog>['catalog']) => Promise<T>,
): Promise<T> {
  const { catalog } = openCatalog(warehouse, clock)
  try {
    return await work(catalog)
  } finally {
    catalog.close()
  }
}

function statusFor(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.url}/v1/config`, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject)
    asked.end()
  })
}
