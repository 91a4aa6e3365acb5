import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { RecordKind } from '@cryptoflow/model'
import { seededChance, systemClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { createConnectPools } from './connect-pool.ts'
import { startIngest } from './ingest.ts'
import {
  acking,
  eventFrame,
  type Hearing,
  hearing,
  MemoryIntake,
  quickLimits,
  testDialer,
  testExchange,
  testMarket,
} from './ingest-support.ts'

const one = { symbols: ['A'], streams: ['t', 'd'] }
const rare = { symbols: ['A'], streams: ['f'] }

/** Runs a story until a connection was given up for a reason that contains this. */
async function givenUp(reason: string, story: Hearing): Promise<{ delayMs: number; intake: MemoryIntake }> {
  const told = (records: MemoryIntake) =>
    records.told('waiting').find((notice) => notice.reason.includes(reason))
  const intake = await hearing(story, async (records) => {
    await records.until(() => told(records) !== undefined)
  })
  return { delayMs: told(intake)?.delayMs ?? 0, intake }
}

/** Resolves when at least 100 ms have passed: two more clock records are there. */
async function twoTicks(intake: MemoryIntake): Promise<void> {
  const before = intake.of(RecordKind.clock).length
  await intake.until(() => intake.of(RecordKind.clock).length >= before + 2)
}

/** Accepts a handshake by hand, with a header of its own, and then sends these bytes. */
function accepting(headers: string, bytes: Uint8Array): (socket: Socket, key: string) => void {
  return (socket, key) => {
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      ...(headers === '' ? [] : [headers]),
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    socket.write(bytes)
  }
}

/** A text frame of the server, its first byte as given: 0x81 plain, 0xc1 compressed. */
function wireFrame(first: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = 127
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

describe('an exchange that', () => {
  it('refuses a subscription is given up, with what it said, and tried again with backoff', async () => {
    const onSocket = (socket: WebSocket) => socket.on('message', () => socket.send('{"no":1}'))
    const intake = await hearing(
      { ...one, server: { onSocket: (s) => void onSocket(s) } },
      async (records) => {
        await records.until(() => records.told('waiting').length >= 2)
      },
    )
    expect(intake.told('refused')[0]).toEqual({
      kind: 'refused',
      connection: intake.opened(0),
      detail: '{"no":1}',
    })
  })

  it('is not there is waited out', async () => {
    const gone = await testExchange({})
    await gone.close()
    const intake = new MemoryIntake()
    const ingest = startIngest({
      market: testMarket(gone.wsUrl, gone.restUrl),
      ...one,
      intake,
      dialer: testDialer,
      clock: systemClock(),
      chance: seededChance(2),
      backoff: { firstMs: 1, maxMs: 20, jitter: 0.25 },
      limits: quickLimits,
      notice: intake.notice,
    })
    await intake.until(() => intake.notices.length >= 3)
    await ingest.stop()
    expect(intake.notices.every(({ kind }) => kind === 'waiting')).toBe(true)
    expect(intake.of(RecordKind.connect)).toEqual([])
  })

  it('accepts and closes in a loop is asked ever more rarely', async () => {
    const onSocket = acking((socket) => socket.close(1011))
    const backoff = { firstMs: 1, maxMs: 64, jitter: 0.25 }
    const intake = await hearing({ ...one, server: { onSocket }, options: { backoff } }, async (records) => {
      await records.until(() => records.told('waiting').length >= 7)
    })
    const delays = intake.told('waiting').map(({ delayMs }) => delayMs)
    for (const [i, delayMs] of delays.slice(0, 7).entries()) {
      expect(delayMs).toBeGreaterThanOrEqual(Math.floor(0.75 * 2 ** i))
      expect(delayMs).toBeLessThanOrEqual(Math.ceil(1.25 * 2 ** i))
    }
  })

  it('was steady is asked soon again after a loss', async () => {
    let sockets = 0
    const onSocket = acking((socket) => {
      sockets += 1
      if (sockets <= 4) socket.close(1011)
    })
    const backoff = { firstMs: 4, maxMs: 1000, jitter: 0 }
    const limits = { steadyAfterMs: 60 }
    const intake = await hearing(
      { ...one, server: { onSocket }, limits, options: { backoff } },
      async (records, ingest) => {
        await records.until(() => ingest.counters.connects === 5 && records.texts().length === 5)
        // The fifth lives; its loss comes after it was steady.
        await twoTicks(records)
        ingest.deadLetters(records.opened(-1), 100, 100)
        await records.until(() => records.told('waiting').length === 5)
      },
    )
    expect(intake.told('waiting').map(({ delayMs }) => delayMs)).toEqual([4, 8, 16, 32, 4])
  })

  it('never acknowledges is given up', async () => {
    await givenUp('a subscription was not acknowledged in time', {
      ...one,
      server: { onSocket: () => {} },
      limits: { answerWithinMs: 30 },
    })
  })

  it('acknowledges what was not asked is not believed', async () => {
    const onSocket = (socket: WebSocket): void => {
      for (const id of ['2', '-1', '1e9', '"1"', 'null', '[1]', '{}']) socket.send(`{"ok":${id}}`)
      socket.send('{"result":')
      socket.send(Buffer.from([0xff, 0xfe, 0]))
    }
    await givenUp('a subscription was not acknowledged in time', {
      ...one,
      server: { onSocket },
      limits: { answerWithinMs: 30 },
    })
  })

  it('acknowledges a subscription before it was sent is not believed', async () => {
    // The subscriptions need two frames; the answer to the second comes with the first.
    const onSocket = (socket: WebSocket) =>
      void socket.once('message', () => {
        socket.send('{"ok":1}')
        socket.send('{"ok":2}')
      })
    const story = { symbols: ['LONGSYMBOL', 'LONGERSYMBOL'], streams: ['t', 'd'], server: { onSocket } }
    // One message in half a second.
    const session = { messagesPerSecondMax: { value: 20, source: '', read: '' } }
    await givenUp('a subscription was not acknowledged in time', {
      ...story,
      session,
      limits: { answerWithinMs: 30 },
    })
  })

  it('refuses what nobody asked for, again and again, is heard on', async () => {
    const onSocket = acking((socket) => {
      for (let i = 0; i < 200; i++)
        socket.send(`{"no":${i % 2 === 0 ? 'null' : i},"streams":["X@t","__proto__"]}`)
      socket.send('enough')
    })
    const intake = await hearing({ ...one, server: { onSocket } }, async (records) => {
      await records.until(() => records.texts().includes('enough'))
    })
    expect([intake.told('refused'), intake.told('waiting')]).toEqual([[], []])
  })

  it('never ends refusing is told once for each stream, and left by backoff', async () => {
    const asked: string[] = []
    const onSocket = (socket: WebSocket): void => {
      socket.on('message', (data) => {
        const { id, names } = JSON.parse(String(data))
        asked.push(`${id} ${names}`)
        for (let i = 0; i < 50; i++)
          socket.send(JSON.stringify({ no: id, streams: [names[i % names.length]] }))
      })
    }
    const backoff = { firstMs: 60_000, maxMs: 60_000, jitter: 0 }
    const intake = await hearing(
      { symbols: ['A', 'B'], streams: ['t', 'd'], server: { onSocket }, options: { backoff } },
      async (records) => {
        await records.until(() => records.told('waiting').length === 1)
      },
    )
    // Whatever was still on its way to the exchange, no stream is asked for more often than once by each refusal.
    expect(asked.length).toBeLessThanOrEqual(4)
    expect(intake.told('refused').map(({ streams }) => streams?.length)).toEqual([1, 1, 1, 1])
    expect(intake.of(RecordKind.connect)).toHaveLength(1)
  })

  it('refuses a stream and says first that it has it is believed in the refusal', async () => {
    const onSocket = acking((socket) => {
      socket.send(eventFrame('d', 'A'))
      socket.send('{"no":1,"streams":["B@d"]}')
      socket.send('{"ok":1,"streams":["B@d"]}')
    })
    const intake = await hearing(
      { symbols: ['A', 'B'], streams: ['d'], server: { onSocket }, limits: { muteAfterMs: 30 } },
      async (records, ingest) => {
        await records.until(() => records.told('refused').length === 1)
        await twoTicks(records)
        expect(ingest.counters).toMatchObject({ mute: 0, connects: 1 })
      },
    )
    expect(intake.told('waiting')).toEqual([])
  })

  it('accepts the socket and not the handshake is given up', async () => {
    const { intake } = await givenUp('the connection did not open within 0.03 s', {
      ...one,
      server: { onUpgrade: () => {} },
      limits: { answerWithinMs: 30 },
    })
    expect(intake.of(RecordKind.connect)).toEqual([])
  })

  it('falls silent where it should talk is given up, though it answers pings', async () => {
    await givenUp('no frame for 0.04 s', {
      ...one,
      server: { onSocket: acking() },
      limits: { staleAfterMs: 40 },
    })
  })

  it('falls silent is counted, and so is the connection that takes its place', async () => {
    const story = { ...one, server: { onSocket: acking() }, limits: { staleAfterMs: 40 } }
    await hearing(
      { ...story, options: { backoff: { firstMs: 1, maxMs: 1, jitter: 0 } } },
      async (records, ingest) => {
        await records.until(() => records.told('waiting').length === 1)
        expect(ingest.counters).toMatchObject({ timeouts: 1, reconnects: 0 })
        await records.until(() => ingest.counters.reconnects === 1)
      },
    )
  })

  it('falls silent where nothing has to be said is kept while it answers pings', async () => {
    let pings = 0
    const onSocket = acking((socket) =>
      socket.on('ping', () => {
        pings += 1
        if (pings === 4) socket.send('at last')
      }),
    )
    const limits = { staleAfterMs: 200, deadAfterMs: 200 }
    const intake = await hearing({ ...rare, server: { onSocket }, limits }, async (records) => {
      await records.until(() => records.texts().includes('at last'))
    })
    expect(intake.told('waiting')).toEqual([])
  })

  it('is half open is given up, whatever it carries', async () => {
    const onSocket = acking((socket) => {
      // Answers one ping, then never reads or writes again.
      socket.once('ping', () => socket.pause())
    })
    await givenUp('no sign of life for', {
      ...rare,
      server: { onSocket },
      limits: { deadAfterMs: 100, staleAfterMs: 100 },
    })
  })

  it('sends a frame beyond the bound is given up, and nothing of it is kept', async () => {
    const onSocket = acking((socket) => socket.send(Buffer.alloc(2_000)))
    const { intake } = await givenUp('Max payload size exceeded', {
      ...one,
      server: { onSocket },
      limits: { frameBytesMax: 1_000 },
    })
    expect(intake.texts()).toEqual(['{"ok":1}'])
  })

  it('offers compression does not get it', async () => {
    const extensions: unknown[] = []
    const onSocket = acking((socket) => {
      extensions.push(socket.extensions)
      socket.send('plain')
    })
    await hearing({ ...one, server: { onSocket } }, async (records) => {
      await records.until(() => records.texts().includes('plain'))
    })
    expect(extensions).toEqual([''])
  })

  it('claims compression, or sends a compressed bomb without asking, is given up unread', async () => {
    const bomb = wireFrame(0xc1, deflateRawSync(Buffer.alloc(50_000_000)))
    for (const [headers, what] of [
      ['Sec-WebSocket-Extensions: permessage-deflate', 'Sec-WebSocket-Extensions'],
      ['', 'RSV1 must be clear'],
    ] as const) {
      const { intake } = await givenUp(what, { ...one, server: { onUpgrade: accepting(headers, bomb) } })
      expect(intake.texts()).toEqual([])
    }
  })

  it('points elsewhere is not followed', async () => {
    const elsewhere = await testExchange({})
    const onUpgrade = (socket: Socket) =>
      void socket.end(`HTTP/1.1 302 Found\r\nLocation: ${elsewhere.wsUrl}/\r\nContent-Length: 0\r\n\r\n`)
    await givenUp('the handshake was answered 302, expected 101', { ...one, server: { onUpgrade } })
    expect(elsewhere.paths).toEqual([])
    await elsewhere.close()
  })

  for (const [status, header, waitMs] of [
    [429, 'Retry-After: 17\r\n', 17_000],
    [418, 'Retry-After: 86400\r\n', 86_400_000],
    [429, '', 120_000],
    [418, '', 120_000],
    [403, '', 120_000],
    [418, 'Retry-After: -5\r\n', 120_000],
  ] as const) {
    it(`refuses the handshake with ${status} and ${JSON.stringify(header)} is left alone for ${waitMs / 1000} s`, async () => {
      const onUpgrade = (socket: Socket) =>
        void socket.end(`HTTP/1.1 ${status} No\r\n${header}Content-Length: 0\r\n\r\n`)
      const { delayMs, intake } = await givenUp(`the handshake was answered ${status}, expected 101`, {
        ...one,
        server: { onUpgrade },
      })
      expect(delayMs).toBe(waitMs)
      expect(intake.of(RecordKind.connect)).toEqual([])
    })
  }

  it('refuses one handshake is left alone by every connection to that host', async () => {
    let handshakes = 0
    const exchange = await testExchange({
      onUpgrade(socket) {
        handshakes += 1
        socket.end('HTTP/1.1 429 No\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n')
      },
    })
    const clock = systemClock()
    const intake = new MemoryIntake()
    const shared = {
      intake,
      dialer: testDialer,
      clock,
      chance: seededChance(1),
      connectPools: createConnectPools({ clock }),
      limits: { connectEveryMs: 40 },
      notice: intake.notice,
    }
    const market = testMarket(exchange.wsUrl, exchange.restUrl)
    const first = startIngest({ ...shared, market, ...one })
    const second = startIngest({ ...shared, market, ...rare })
    await intake.until(() => intake.told('waiting').length === 1)
    // Time enough for the second connect, had the first answer not blocked it.
    await twoTicks(intake)
    expect(handshakes).toBe(1)
    await Promise.all([first.stop(), second.stop()])
    await exchange.close()
  })

  it('sends mostly what nobody can read is given up, and said so', async () => {
    const intake = await hearing({ ...one, server: { onSocket: acking() } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      // What was good for long is no excuse.
      ingest.deadLetters(records.opened(0), 0, 100_000)
      ingest.deadLetters(records.opened(0), 99, 99)
      ingest.deadLetters(777_777, 500, 500)
      expect(ingest.counters.unreadable).toBe(0)
      ingest.deadLetters(records.opened(0), 1, 1)
      await records.until(() => records.told('waiting').length === 1)
      expect(ingest.counters.unreadable).toBe(1)
    })
    expect(intake.told('unreadable')).toEqual([
      { kind: 'unreadable', connection: intake.opened(0), deadLetters: 100, frames: 100 },
    ])
    expect(intake.told('waiting')[0]?.reason).toBe('100 of 100 frames could not be read')
  })

  it('sends half of its frames unreadable, or many of them long ago, is heard on', async () => {
    await hearing({ ...one, server: { onSocket: acking() } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      for (let i = 0; i < 10; i++) {
        ingest.deadLetters(records.opened(0), 50, 100)
        ingest.deadLetters(records.opened(0), 0, 1000)
      }
      expect(ingest.counters.unreadable).toBe(0)
    })
  })
})
