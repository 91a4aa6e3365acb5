import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerRest, type ServedCatalog, type ServiceResponse } from '@cryptoflow/iceberg'
import { type Clock, CryptoFlowError, messageOf } from '@cryptoflow/runtime'
import { assertWarehouse, openCatalog, type Warehouse } from './warehouse.ts'

export interface CatalogServerOptions {
  readonly warehouse: Warehouse
  readonly clock: Clock
  /** 0: any that is free. */
  readonly port: number
  /** Hears why a request could not be answered. */
  readonly onError?: (message: string) => void
}

/** A server that answers. */
export interface CatalogServer {
  /** What clients take for the catalog's address. */
  readonly url: string
  /** Ends it: answers under way get a second. */
  close(): Promise<void>
}

/** Files are absolute paths of this machine, so nobody else could read them anyway. */
const HOST = '127.0.0.1'
/** Names that a client on this machine calls it by; a page that was lured here by DNS says another. */
const OWN_NAMES = /^(127\.0\.0\.1|localhost)(:\d+)?$/
const HEADER_BYTES_MAX = 16_384
const REQUEST_MS_MAX = 10_000
const KEEP_ALIVE_MS = 10_000
/** Engines open one for each worker. */
const CONNECTIONS_MAX = 256
const CLOSE_MS_MAX = 1000

/**
 * Serves the embedded catalog for reading by the Iceberg REST API, so that engines need not touch its SQLite file.
 * Every answer is the catalog as it is then; writers may go on. Throws `usage` when there is no warehouse, `config`
 * when the port cannot be had.
 */
export async function openCatalogServer(options: CatalogServerOptions): Promise<CatalogServer> {
  const { warehouse, clock, port } = options
  assertWarehouse(warehouse)
  const { catalog } = openCatalog(warehouse, clock)
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: REQUEST_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    connectionsCheckingInterval: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
  })
  server.maxConnections = CONNECTIONS_MAX
  server.on('request', (request, response) => {
    void answer(catalog, request, options.onError).then((told) => send(response, told))
  })
  try {
    await listen(server, port)
  } catch (error) {
    catalog.close()
    throw error
  }
  const found = (server.address() as AddressInfo).port
  return {
    url: `http://${HOST}:${found}`,
    close: () =>
      new Promise((resolve) => {
        const cancel = clock.after(CLOSE_MS_MAX, () => server.closeAllConnections())
        server.close(() => {
          cancel()
          catalog.close()
          resolve()
        })
      }),
  }
}

async function answer(
  catalog: ServedCatalog,
  { method = '', url = '', headers }: IncomingMessage,
  onError?: (message: string) => void,
): Promise<ServiceResponse> {
  if (!OWN_NAMES.test(headers.host ?? '')) return failure(403, 'ForbiddenException', 'ask for 127.0.0.1')
  try {
    return await answerRest(catalog, { method, path: url })
  } catch (error) {
    onError?.(`answering ${method} ${url}: ${messageOf(error)}`)
    return failure(500, 'InternalServerError', 'the catalog could not be read')
  }
}

function failure(code: number, type: string, message: string): ServiceResponse {
  return { status: code, body: JSON.stringify({ error: { message, type, code } }) }
}

function send(response: ServerResponse, { status, body }: ServiceResponse): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    ...(status !== 204 && { 'content-length': Buffer.byteLength(body) }),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // What follows on this connection would be the body that nobody reads.
    ...(status === 406 && { connection: 'close' }),
  })
  response.end(body)
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new CryptoFlowError(
          `serving the catalog on ${HOST}:${port}: ${messageOf(cause)}; expected a free port`,
          {
            kind: 'config',
            reaction: 'stop',
            context: { host: HOST, port },
            cause,
          },
        ),
      )
    })
    server.listen({ host: HOST, port, exclusive: true }, () => {
      server.removeAllListeners('error')
      // Such as too many open files at accepting: that client is lost, the server is not.
      server.on('error', () => {})
      resolve()
    })
  })
}
