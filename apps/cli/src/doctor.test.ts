import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMarket } from '@cryptoflow/exchanges'
import { manualClock, systemClock } from '@cryptoflow/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { bad, checksText } from './doctor-check.ts'
import { checkDisk, checkNode, checkPort, clockCheck } from './doctor-local.ts'
import { checkMarket, failureCheck, probe } from './doctor-online.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
})

/** A server on loopback; upgrades are answered with `upgrade`, or not at all. */
async function serve(status: number, upgrade: number | null, date?: string): Promise<number> {
  const server = createServer((_, response) => {
    if (date !== undefined) response.setHeader('date', date)
    response.writeHead(status).end()
  })
  if (upgrade !== null) {
    server.on('upgrade', (_, socket) => {
      const head = upgrade === 101 ? 'upgrade: websocket\r\nconnection: upgrade\r\n' : 'content-length: 0\r\n'
      socket.end(`HTTP/1.1 ${upgrade} x\r\n${head}\r\n`)
    })
  }
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

async function verdicts(port: number, exchange = 'binance') {
  const urls = { wsUrl: `ws://127.0.0.1:${port}`, restUrl: `http://127.0.0.1:${port}` }
  const checks = await checkMarket(findMarket(exchange, 'spot', urls), systemClock())
  return checks.map(({ name, verdict, found, advice }) => `${verdict} ${name} ${found} ${advice}`)
}

describe('asking an exchange', () => {
  it('is fine when REST answers anything, its clock agrees, and the route opens', async () => {
    const port = await serve(404, 101)
    const [rest, clock, route] = await verdicts(port)
    expect(rest).toMatch(/^ok REST binance spot, 127.0.0.1:\d+: answers in/)
    expect(clock).toMatch(/^ok clock within a second/)
    expect(route).toMatch(/^ok WebSocket .* opens in/)
  })

  it('asks each route that carries what is collected, and says what that is', async () => {
    const port = await serve(200, 101)
    const urls = { wsUrl: `ws://127.0.0.1:${port}`, restUrl: `http://127.0.0.1:${port}` }
    const market = findMarket('okx', 'spot', urls)
    const found = async (streams: typeof market.streams) => {
      const checks = await checkMarket(market, systemClock(), streams)
      return checks.filter(({ name }) => name === 'WebSocket').map((check) => check.found)
    }
    const all = await found(market.streams)
    expect(all).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^okx spot public \(.*spot_delta.*\), 127/),
        expect.stringMatching(/^okx spot business \(.*ticks.*\), 127/),
      ]),
    )
    const books = await found(market.streams.filter(({ table }) => table === 'spot_delta'))
    expect(books).toEqual([expect.stringMatching(/^okx spot public \(spot_delta\), 127/)])
  })

  it('tells a clock that is wrong, and by how much', async () => {
    const past = new Date(Date.now() - 90_000).toUTCString()
    const [, clock] = await verdicts(await serve(200, 101, past))
    expect(clock).toMatch(/^fail clock (89|90|91) s ahead of binance spot/)
    expect(clockCheck(-5, 'x')).toMatchObject({ verdict: 'warn', found: '5.0 s behind x' })
    expect(clockCheck(0.9, 'x').verdict).toBe('ok')
  })

  it('says in words that an address is not served, or is asking too much', async () => {
    expect((await verdicts(await serve(451, 101)))[0]).toMatch(
      /^fail REST .* 451, not served to this address run it/,
    )
    expect((await verdicts(await serve(200, 429)))[2]).toMatch(/^warn WebSocket .* 429, too many requests/)
    expect((await verdicts(await serve(200, 404)))[2]).toMatch(/^fail WebSocket .* 404 instead of opening/)
    // Where 403 is also what an exchange says to whoever asks too much, the advice is to wait first.
    expect((await verdicts(await serve(403, 101)))[0]).toMatch(
      /^fail REST .* 403, not served to this address/,
    )
    expect((await verdicts(await serve(403, 101), 'bybit'))[0]).toMatch(
      /^fail REST .* 403, not served or shut out for asking too much stop what else asks, and wait/,
    )
  })

  it('says in words why nothing was heard, and what to do', async () => {
    const port = await serve(200, null)
    const server = servers.pop() as Server
    await new Promise((done) => server.close(done))
    const found = await verdicts(port)
    expect(found).toHaveLength(2)
    for (const line of found)
      expect(line).toMatch(/^fail .* nobody listens there \(ECONNREFUSED\) check host/)
    const unknown = failureCheck('REST', 'x', { kind: 'failed', code: 'ENEW', message: 'odd\u001b' })
    expect(unknown.found).toBe('x: "odd\\u001b" (ENEW)')
    const inherited = failureCheck('REST', 'x', { kind: 'failed', code: 'constructor', message: 'm' })
    expect(inherited.found).toBe('x: "m" (constructor)')
  })

  it('gives up after its time, by the clock that it was given', async () => {
    const server = createServer(() => {})
    servers.push(server)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const clock = manualClock()
    const asked = new Promise((done) => server.once('request', done))
    const answer = probe(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, clock, {}, 500)
    await asked
    clock.advance(501)
    expect(await answer).toMatchObject({ kind: 'failed', code: 'ETIMEDOUT' })
  })
})

describe('looking at this machine', () => {
  it('refuses a Node that lacks what the code is built on', () => {
    expect(checkNode('20.11.0')).toMatchObject({ verdict: 'fail' })
    expect(checkNode('26.10.0')).toMatchObject({ verdict: 'ok' })
  })

  it('measures a sync, and leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
    try {
      const checks = await checkDisk(join(folder, 'not', 'made'), systemClock())
      expect(checks.map(({ name }) => name)).toEqual(['warehouse', 'disk space', 'write and sync'])
      expect(checks[0]?.found).toContain('will be made')
      expect(checks[2]?.found).toMatch(/ms for 64 kB/)
      expect(readdirSync(folder)).toEqual([])
      const odd = await checkDisk(join(folder, 'a%b'), systemClock())
      expect(odd[0]).toMatchObject({ verdict: 'fail' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('tells whether the metrics port is taken', async () => {
    const port = await serve(200, null)
    const metrics = { enabled: true, host: '127.0.0.1', port, perSymbol: false }
    expect(await checkPort({ metrics })).toMatchObject({ verdict: 'fail' })
    const server = servers.pop() as Server
    await new Promise((done) => server.close(done))
    expect(await checkPort({ metrics })).toMatchObject({ verdict: 'ok' })
    expect(await checkPort({ metrics: { ...metrics, enabled: false } })).toBeNull()
  })
})

describe('findings for a person', () => {
  it('fit into 80 columns, and hold nothing that moves a terminal', () => {
    const text = checksText([
      bad('fail', 'a', 'word '.repeat(40).trim(), 'do '.repeat(60).trim()),
      bad('warn', 'longer name', '\u001b[2J\u202e', 'x'),
    ])
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(text).toMatch(/^[\x20-\x7e\n]+$/)
    expect(text).toContain('1 failed, 1 to look at, 0 fine')
  })
})
