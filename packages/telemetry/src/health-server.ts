import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { type HealthSources, openPages, type Page, type Pages, paths } from './health-pages.ts'
import { plain } from './plain.ts'

/** Where the server listens, and what it tells. */
export interface HealthServerOptions extends HealthSources {
  /** Default 127.0.0.1: whoever reaches it can read it. */
  readonly host?: string
  /** 0: any that is free. */
  readonly port: number
}

/** A server that answers. */
export interface HealthServer {
  readonly host: string
  /** The one that was given, or found. */
  readonly port: number
  /** Ends it: answers under way get a second, clients that only hold their connection open get none. */
  close(): Promise<void>
}

/** Scrapers send a few hundred bytes; a request line may name a component. */
const HEADER_BYTES_MAX = 8192
const HEADERS_COUNT_MAX = 64
/** Whoever is slower than this over loopback or a private network is no scraper. */
const REQUEST_MS_MAX = 5000
const KEEP_ALIVE_MS = 10_000
/** Prometheus, a load balancer and people, with room. */
const CONNECTIONS_MAX = 128
const CLOSE_MS_MAX = 1000
/** A page holds every component and every metric. */
const PAGE_LIMITS = { charsMax: 1 << 20, entriesMax: 1024, depthMax: 8 }

/** Serves metrics and health over HTTP; throws when the address cannot be had. */
export async function openHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { host = '127.0.0.1', port, clock } = options
  const pages = openPages(options)
  const counted = (status: number): void =>
    options.metrics.add('ops_requests_total', { status: String(status) })
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: REQUEST_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    connectionsCheckingInterval: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
  })
  server.maxHeadersCount = HEADERS_COUNT_MAX
  server.maxConnections = CONNECTIONS_MAX
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(request, pages).then((page) => {
      counted(page.status)
      send(response, page)
    })
  }
  server.on('request', onRequest)
  // Nobody is told to go on sending: bodies are refused.
  server.on('checkContinue', onRequest)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    counted(refuseSocket(error, socket))
  })
  await listen(server, host, port)
  // Such as too many open files at accepting: that client is lost, the server is not.
  server.on('error', () => options.metrics.add('ops_requests_total', { status: 'error' }))
  const address = server.address() as AddressInfo
  return {
    host,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        const cancel = clock.after(CLOSE_MS_MAX, () => server.closeAllConnections())
        // Since Node 19 this ends idle connections as well.
        server.close(() => {
          cancel()
          resolve()
        })
      }),
  }
}

async function answer(request: IncomingMessage, pages: Pages): Promise<Page> {
  if (hasBody(request)) return { status: 413, json: { error: 'a request here has no body' } }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, json: { error: 'only GET and HEAD are answered here' } }
  }
  try {
    const page = await pages(pathOf(request.url ?? '/'))
    return page ?? { status: 404, json: { error: 'there is no such page', paths } }
  } catch {
    return { status: 500, json: { error: 'making the page failed' } }
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

/** Decoded, without the query; empty, which is no page, when it cannot be decoded. */
function pathOf(url: string): string {
  try {
    return decodeURIComponent(url.split('?', 1)[0] as string)
  } catch {
    return ''
  }
}

function send(response: ServerResponse, page: Page): void {
  const isText = 'text' in page
  const body = isText ? page.text : jsonText(page.json)
  response.writeHead(page.status, {
    'content-type': isText ? page.contentType : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(page.status === 405 && { allow: 'GET, HEAD' }),
    // What follows on this connection would be the body that nobody reads.
    ...(page.status === 413 && { connection: 'close' }),
  })
  response.end(body)
}

/** Reasons and details may repeat what an exchange sent. */
function jsonText(value: unknown): string {
  return `${JSON.stringify(plain(value, [], PAGE_LIMITS), null, 2)}\n`
}

/** A request that HTTP itself refuses; the answer's status. */
function refuseSocket(error: NodeJS.ErrnoException, socket: Duplex): number {
  const status = statusOfError(error.code)
  const body = `${JSON.stringify({ error: STATUS_CODES[status] })}\n`
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json`
  if (socket.writable) socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  else socket.destroy()
  return status
}

function statusOfError(code: string | undefined): number {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408
    default:
      return 400
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): CryptoFlowError {
  const doing = `listen for metrics and health on ${host}:${port}`
  const found = FOUND.get(error.code ?? '') ?? {
    what: `found ${error.code ?? error.message}`,
    key: 'metrics.port',
  }
  return new CryptoFlowError(`${doing}: ${found.what}; it is set by ${found.key}`, {
    kind: 'config',
    reaction: 'stop',
    context: { host, port, key: found.key },
    cause: error,
  })
}

const FOUND: ReadonlyMap<string, { readonly what: string; readonly key: string }> = new Map([
  ['EADDRINUSE', { what: 'found the port in use, expected a free one', key: 'metrics.port' }],
  ['EACCES', { what: 'found a port that needs rights, expected one above 1023', key: 'metrics.port' }],
  [
    'EADDRNOTAVAIL',
    { what: 'found an address of no interface, expected one of this machine', key: 'metrics.host' },
  ],
  ['ENOTFOUND', { what: 'found a name without an address, expected an address', key: 'metrics.host' }],
])
