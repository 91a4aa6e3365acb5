import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type DirectDialer, directDialer } from './direct.ts'

/** A server on loopback that tells each client, by HTTP or WebSocket, from which address and port it came. */
async function told(dialer: DirectDialer, work: (url: string) => Promise<void>): Promise<void> {
  const from = ({ socket }: IncomingMessage): string => `${socket.remoteAddress}:${socket.remotePort}`
  const server = createServer((request, response) => response.end(from(request)))
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => socket.send(from(request)))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    dialer.close()
    for (const socket of sockets.clients) socket.terminate()
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
  }
}

function byHttp(dialer: DirectDialer, host: string): Promise<string> {
  const url = `http://${host}/`
  return new Promise((resolve, reject) => {
    get(url, { agent: dialer.agentOf(url) }, async (answer) => {
      resolve(Buffer.concat(await answer.toArray()).toString())
    }).on('error', reject)
  })
}

function bySocket(dialer: DirectDialer, host: string): Promise<string> {
  const url = `ws://${host}/`
  const socket = new WebSocket(url, { agent: dialer.agentOf(url) })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (data) => {
      socket.terminate()
      resolve(String(data))
    })
  })
}

describe('a dialer', () => {
  it('connects from the address that it was given, by HTTP and by WebSocket', async () => {
    const dialer = directDialer('127.0.0.2')
    await told(dialer, async (host) => {
      expect(await byHttp(dialer, host)).toMatch(/^127\.0\.0\.2:/)
      expect(await bySocket(dialer, host)).toMatch(/^127\.0\.0\.2:/)
    })
  })

  it('leaves the address to the system when it was given none', async () => {
    const dialer = directDialer()
    await told(dialer, async (host) => {
      expect(await byHttp(dialer, host)).toMatch(/^127\.0\.0\.1:/)
      expect(await bySocket(dialer, host)).toMatch(/^127\.0\.0\.1:/)
    })
  })

  it('asks again on the connection of the answer before', async () => {
    const dialer = directDialer()
    await told(dialer, async (host) => {
      expect(await byHttp(dialer, host)).toBe(await byHttp(dialer, host))
    })
  })

  it('cannot connect from an address that is not this machine’s', async () => {
    const dialer = directDialer('192.0.2.1')
    await told(dialer, async (host) => {
      await expect(byHttp(dialer, host)).rejects.toThrow('192.0.2.1')
    })
  })

  it('takes the agent of TLS for https and wss alone', () => {
    const dialer = directDialer()
    const secure = dialer.agentOf('https://a')
    expect(dialer.agentOf('wss://b')).toBe(secure)
    expect(dialer.agentOf('http://https:')).not.toBe(secure)
    expect(dialer.agentOf('ws://b')).toBe(dialer.agentOf('http://a'))
    dialer.close()
  })
})
