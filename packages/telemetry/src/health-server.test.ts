import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { CryptoFlowError, type ManualClock, manualClock, type Version } from '@cryptoflow/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HealthCheck, HealthState } from './checks.ts'
import { type HealthServer, openHealthServer } from './health-server.ts'
import { type Metrics, openMetrics } from './metrics.ts'
import { parseScrape, sampleValue } from './scrape-support.ts'

const version: Version = {
  version: '1.2.3',
  sha: 'a'.repeat(40),
  builtAt: '2026-11-21T00:00:00.000Z',
  node: '26.0.0',
  formats: { 'table.ticks': 3 },
}
let clock: ManualClock
let metrics: Metrics
let server: HealthServer
let states: Record<string, HealthState>

beforeEach(async () => {
  clock = manualClock()
  metrics = openMetrics({ perSymbol: false, process: false })
  states = { connections: 'ok', writers: 'ok', commit: 'ok' }
  const checks = Object.keys(states).map(
    (name): HealthCheck => ({
      name,
      check: () => {
        const state = states[name] as HealthState
        return state === 'ok' ? { state, details: { since: 1 } } : { state, reason: `${name} is not well` }
      },
    }),
  )
  server = await openHealthServer({ port: 0, clock, checks, metrics, version })
})

afterEach(async () => {
  await server.close()
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: what is in it is what the tests look at.
  readonly json: any
}

function ask(path: string, options: { method?: string; body?: string; agent?: Agent } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', body, agent } = options
    const asked = request(
      { host: server.host, port: server.port, path, method, ...(agent && { agent }) },
      (got) => {
        let text = ''
        got.setEncoding('utf8')
        got.on('data', (chunk) => {
          text += chunk
        })
        got.on('end', () => {
          const isJson = got.headers['content-type']?.startsWith('application/json') === true && text !== ''
          resolve({
            status: got.statusCode ?? 0,
            headers: got.headers,
            body: text,
            json: isJson ? JSON.parse(text) : null,
          })
        })
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Everything the server says to these bytes until it closes the connection. */
function tell(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, server.host, () => socket.write(bytes))
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

describe('pages', () => {
  test('/metrics is a scrape', async () => {
    metrics.add('journal_records_total', {}, 4)
    const { status, headers, body } = await ask('/metrics?name=x')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(sampleValue(parseScrape(body), 'journal_records_total', {})).toBe(4)
  })

  test('/live answers while the process does, however unwell its components are', async () => {
    states.writers = 'down'
    clock.advance(5000)
    for (const path of ['/live', '/health/live']) {
      expect(await ask(path)).toMatchObject({ status: 200, json: { live: true, uptime_seconds: 5 } })
    }
  })

  test('/ready is 200 until a component is down, and says which and why', async () => {
    for (const path of ['/ready', '/health/ready']) {
      states = { connections: 'ok', writers: 'ok', commit: 'ok' }
      expect(await ask(path)).toMatchObject({ status: 200, json: { ready: true, reasons: [], version } })
      states.connections = 'degraded'
      const degraded = ['connections is degraded: connections is not well']
      expect(await ask(path)).toMatchObject({ status: 200, json: { ready: true, reasons: degraded } })
      states.commit = 'down'
      const reasons = [...degraded, 'commit is down: commit is not well']
      expect(await ask(path)).toMatchObject({ status: 503, json: { ready: false, reasons } })
    }
  })

  test('/health has exactly the shape that its users parse', async () => {
    metrics.set('collector_websocket_connected', { exchange: 'e', market: 'spot' }, 4)
    metrics.set('collector_websocket_connected', { exchange: 'e', market: 'linear' }, 1)
    metrics.set('collector_websocket_configured', { exchange: 'e', market: 'spot' }, 6)
    metrics.add('collector_messages_dropped_total', { exchange: 'e', market: 'spot' }, 9)
    clock.advance(3_847_900)
    const health = { uptime_seconds: 3847, connections: { up: 5, total: 6 }, messages_dropped: 9 }
    const shown = await ask('/health')
    expect(shown.status).toBe(200)
    expect(shown.json).toEqual({ status: 'healthy', ...health })
    states.commit = 'degraded'
    expect((await ask('/health')).json).toEqual({ status: 'degraded', ...health })
    states.writers = 'down'
    expect(await ask('/health')).toMatchObject({ status: 503, json: { status: 'unhealthy' } })
  })

  test('/health/detailed has every component', async () => {
    states.writers = 'degraded'
    const { status, json } = await ask('/health/detailed')
    expect(status).toBe(200)
    expect(json).toEqual({
      status: 'degraded',
      uptime_seconds: 0,
      version,
      components: [
        { name: 'connections', state: 'ok', details: { since: 1 } },
        { name: 'writers', state: 'degraded', reason: 'writers is not well' },
        { name: 'commit', state: 'ok', details: { since: 1 } },
      ],
    })
  })

  test('/health/components/{name} is one of them, and 503 while it is down', async () => {
    expect(await ask('/health/components/commit')).toMatchObject({
      status: 200,
      json: { name: 'commit', state: 'ok' },
    })
    states.commit = 'down'
    expect(await ask('/health/components/c%6Fmmit')).toMatchObject({ status: 503, json: { state: 'down' } })
    for (const name of ['', 'other', '__proto__', 'constructor', 'commit/..']) {
      expect((await ask(`/health/components/${name}`)).status, name).toBe(404)
    }
  })

  test('two components of one name are a bug', async () => {
    const check: HealthCheck = { name: 'c', check: () => ({ state: 'ok' }) }
    const opening = openHealthServer({ port: 0, clock, checks: [check, check], metrics, version })
    await expect(opening).rejects.toThrow('each check has a name of its own')
  })

  test('/stats has the totals of the process', async () => {
    metrics.add('rows_total', { table: 'ticks' }, 70)
    metrics.add('rows_total', { table: 'funding' }, 1)
    clock.advance(61_000)
    const { status, json } = await ask('/stats')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      uptime_seconds: 61,
      started_at: '2023-11-14T22:13:20.000Z',
      version,
      process: { pid: process.pid, rss_bytes: expect.any(Number), cpu_seconds: expect.any(Number) },
      totals: { rows_total: 71 },
    })
  })

  test('show what an exchange said without its escapes, and no secret', async () => {
    await server.close()
    const reason = 'closed: \u001b[2J\u202egnp.\u2028 wss://user:hunter2@host/?signature=abcdef'
    const checks: HealthCheck[] = [
      {
        name: 'c',
        check: () => ({ state: 'down', reason, details: { apiKey: 'hunter3', big: 'x'.repeat(1e6) } }),
      },
    ]
    server = await openHealthServer({ port: 0, clock, checks, metrics, version })
    for (const path of ['/ready', '/health/detailed', '/health/components/c']) {
      const { body } = await ask(path)
      expect(body.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]|hunter|abcdef/u)
      expect(body).toContain('\\\\u202e')
      expect(body.length).toBeLessThan(20_000)
    }
  })
})

describe('requests', () => {
  test('other paths are 404 with the paths that exist', async () => {
    for (const path of [
      '/',
      '/metrics/',
      '/Live',
      '//live',
      '/health/components',
      '/%E0%A4%A',
      '/..%2flive',
    ]) {
      const { status, json } = await ask(path)
      expect(status, path).toBe(404)
      expect(json.paths).toContain('/health/components/{name}')
    }
  })

  test('HEAD has the headers of GET and no body', async () => {
    const got = await ask('/live')
    const head = await ask('/live', { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, body: '' })
    expect(head.headers['content-length']).toBe(got.headers['content-length'])
  })

  test('other methods are 405 and say what is allowed', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']) {
      const { status, headers, json } = await ask('/live', { method })
      expect(status, method).toBe(405)
      expect(headers.allow).toBe('GET, HEAD')
      expect(json.error).toBe('only GET and HEAD are answered here')
    }
  })

  test('a body is refused and the connection closed, before it is read', async () => {
    expect((await ask('/live', { method: 'POST', body: 'x' })).status).toBe(413)
    const said = await tell('GET /live HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n')
    expect(said).toMatch(/^HTTP\/1\.1 413 /)
    expect(said.toLowerCase()).toContain('connection: close')
    const chunked =
      'GET /live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
    expect(await tell(chunked)).toMatch(/^HTTP\/1\.1 413 /)
    const patient = 'POST /live HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n'
    expect(await tell(patient)).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('too large a head is 431, and what is no HTTP is 400, as JSON', async () => {
    const large = await tell(`GET /live HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)
    expect(large).toMatch(/^HTTP\/1\.1 431 .*\{"error":"Request Header Fields Too Large"\}\n$/s)
    expect(await tell('\x16\x03\x01 hello\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 .*\{"error":"Bad Request"\}\n$/s,
    )
    expect((await ask('/live')).status).toBe(200)
  })

  test('answers are counted by status', async () => {
    await ask('/live')
    await ask('/nowhere')
    await tell('nonsense\r\n\r\n')
    const families = parseScrape((await metrics.scrape()).text)
    const count = (status: string) => sampleValue(families, 'ops_requests_total', { status })
    expect([count('200'), count('404'), count('400')]).toEqual([1, 1, 1])
  })

  test('a page that cannot be made is 500 and ends nothing', async () => {
    await server.close()
    const broken: Metrics = { ...metrics, scrape: () => Promise.reject(new Error('secret path /x')) }
    server = await openHealthServer({ port: 0, clock, checks: [], metrics: broken, version })
    const { status, body } = await ask('/metrics')
    expect(status).toBe(500)
    expect(body).not.toContain('secret path')
    expect((await ask('/live')).status).toBe(200)
  })
})

describe('listening', () => {
  test('is on loopback unless told otherwise', () => {
    expect(server.host).toBe('127.0.0.1')
    expect(server.port).toBeGreaterThan(0)
  })

  test('a port in use is an error that names address, port and key', async () => {
    const { port } = server
    const second = openHealthServer({ port, clock, checks: [], metrics, version })
    const error = await second.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(CryptoFlowError)
    expect(error).toMatchObject({
      message: `listen for metrics and health on 127.0.0.1:${port}: found the port in use, expected a free one; it is set by metrics.port`,
      kind: 'config',
      reaction: 'stop',
      context: { host: '127.0.0.1', port, key: 'metrics.port' },
    })
    expect((await ask('/live')).status).toBe(200)
  })

  test('an address of another machine is an error that names the key of the host', async () => {
    const options = { host: '203.0.113.1', port: 0, clock, checks: [], metrics, version }
    await expect(openHealthServer(options)).rejects.toMatchObject({
      kind: 'config',
      context: { host: '203.0.113.1', key: 'metrics.host' },
    })
  })
})

describe('closing', () => {
  test('waits neither for keep-alive clients nor for silent ones', async () => {
    const agent = new Agent({ keepAlive: true })
    await ask('/live', { agent })
    const silent = await opened()
    await server.close()
    silent.destroy()
    agent.destroy()
    await expect(ask('/live')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('gives a request under way a second, not more', async () => {
    const slow = await opened()
    slow.write('GET /live HTTP/1.1\r\nHost: x\r\n')
    await ask('/live')
    let isClosed = false
    const closing = server.close().then(() => {
      isClosed = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(999)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isClosed).toBe(false)
    clock.advance(1)
    await closing
    slow.destroy()
  })

  test('can be asked for twice', async () => {
    await Promise.all([server.close(), server.close()])
  })

  function opened(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(server.port, server.host, () => resolve(socket))
      socket.on('error', reject)
    })
  }
})
