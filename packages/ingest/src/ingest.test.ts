import {
  type ConnectNote,
  type DisconnectNote,
  decodeAnswerPayload,
  decodeNote,
  RecordKind,
} from '@cryptoflow/model'
import { manualClock, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { startIngest } from './ingest.ts'
import {
  acking,
  hearing,
  limit,
  MemoryIntake,
  type TestServer,
  testDialer,
  testMarket,
} from './ingest-support.ts'

const one = { symbols: ['A'], streams: ['t', 'd'] }

describe('a session', () => {
  it('records the connection, its frames as received, and its end, and comes back', async () => {
    const onSocket = acking((socket) => {
      socket.send('{"x": 1.50}')
      socket.close(1001, 'bye')
    })
    const intake = await hearing({ ...one, server: { onSocket } }, async (records) => {
      await records.until(() => records.of(RecordKind.disconnect).length >= 2)
    })
    const [first] = intake.of(RecordKind.connect)
    const note = decodeNote<ConnectNote>(first?.payload as Uint8Array)
    expect(note).toEqual({
      exchange: 'nowhere',
      market: 'spot',
      subscriptions: [
        { symbol: 'A', stream: 't' },
        { symbol: 'A', stream: 'd' },
      ],
    })
    const frames = intake.of(RecordKind.frame).filter((record) => record.connection === first?.number)
    expect(frames.map((frame) => Buffer.from(frame.payload).toString())).toEqual(['{"ok":1}', '{"x": 1.50}'])
    const [end] = intake.of(RecordKind.disconnect)
    expect(end?.connection).toBe(first?.number)
    expect(decodeNote<DisconnectNote>(end?.payload as Uint8Array)).toEqual({ code: 1001, reason: 'bye' })
    expect(intake.of(RecordKind.connect).length).toBeGreaterThanOrEqual(2)
  })

  it('keeps everything that was sent before a graceful close, in order', async () => {
    const onSocket = acking((socket) => {
      for (let i = 0; i < 500; i++) socket.send(String(i))
      socket.close(1001)
    })
    const intake = await hearing({ ...one, server: { onSocket } }, async (records) => {
      await records.until(() => records.of(RecordKind.disconnect).length >= 1)
    })
    expect(intake.texts().slice(1, 501)).toEqual(Array.from({ length: 500 }, (_, i) => String(i)))
  })

  it('connects to the address of each route and subscribes there what belongs there', async () => {
    const subscribed: string[] = []
    const onSocket = acking()
    const onPath: typeof onSocket = (socket, path) => {
      socket.on('message', (data) => subscribed.push(`${path} ${JSON.parse(String(data)).names}`))
      onSocket(socket, path)
    }
    await hearing(
      { server: { onSocket: onPath }, symbols: ['A'], streams: ['t', 'm', '!f'] },
      async (intake) => {
        await intake.until(() => intake.texts().length === 2)
      },
    )
    expect(subscribed.sort()).toEqual(['/a A@t', '/b @!f,A@m'])
  })

  it('stops reading while the disk is behind, and loses nothing by it', async () => {
    const onSocket = acking((socket) => {
      for (let i = 0; i < 300; i++) socket.send(String(i))
    })
    await hearing({ ...one, server: { onSocket } }, async (intake, ingest) => {
      intake.isCongested = true
      await intake.until(() => ingest.counters.pauses > 0)
      intake.isCongested = false
      await intake.until(() => intake.texts().length >= 301)
      expect(intake.texts().slice(1)).toEqual(Array.from({ length: 300 }, (_, i) => String(i)))
    })
  })

  it('counts what a full disk does not take', async () => {
    const onSocket = acking((socket) => {
      for (let i = 0; i < 3; i++) socket.send(String(i))
    })
    await hearing({ ...one, server: { onSocket } }, async (intake, ingest) => {
      await intake.until(() => ingest.counters.connects === 1)
      intake.isFull = true
      await intake.until(() => ingest.counters.frames >= 4)
      expect(ingest.counters.dropped + intake.texts().length).toBe(4)
      expect(ingest.counters.dropped).toBeGreaterThan(0)
    })
  })

  it('refuses a market whose address is none before anything is sent', () => {
    const intake = new MemoryIntake()
    for (const url of ['http://x', 'wss://', 'nonsense']) {
      const market = testMarket('', 'http://x', { routes: { a: url } })
      const start = () =>
        startIngest({
          market,
          ...one,
          intake,
          dialer: testDialer,
          clock: manualClock(),
          chance: seededChance(1),
          notice: intake.notice,
        })
      expect(start).toThrow('expected an address that begins with ws:// or wss://')
    }
  })
})

describe('snapshots', () => {
  const json = { 'content-type': 'application/json' }

  it('journal the answer with what it answers', async () => {
    const onRequest: TestServer['onRequest'] = (request, response) => {
      response.end(`{"url":"${request.url}"}`)
    }
    const intake = await hearing({ ...one, server: { onRequest } }, async (records, ingest) => {
      ingest.want({ symbol: 'A', stream: 'd', resync: 3 })
      await records.until(() => records.of(RecordKind.answer).length >= 1)
    })
    const [answer] = intake.of(RecordKind.answer)
    const { context, body } = decodeAnswerPayload(answer?.payload as Uint8Array)
    expect(context).toEqual({
      exchange: 'nowhere',
      market: 'spot',
      symbol: 'A',
      stream: 'd',
      resync: 3,
      status: 200,
    })
    expect(Buffer.from(body).toString()).toBe('{"url":"/book?symbol=A"}')
  })

  it('ask again after a refusal, and not at all for a resync that a later one replaced', async () => {
    let requests = 0
    const intake = await hearing(
      {
        ...one,
        server: {
          onRequest(_, response) {
            requests += 1
            if (requests > 1) response.writeHead(200, json).end('{}')
            else response.writeHead(500).end('no')
          },
        },
      },
      async (records, ingest) => {
        ingest.want({ symbol: 'A', stream: 'd', resync: 2 })
        ingest.want({ symbol: 'A', stream: 'd', resync: 1 })
        await records.until(() => records.of(RecordKind.answer).length >= 1)
      },
    )
    expect(requests).toBe(2)
    expect(intake.told('snapshot-failed')).toEqual([
      { kind: 'snapshot-failed', symbol: 'A', reason: expect.stringContaining('500'), delayMs: 1 },
    ])
  })

  it('wait as long as a 429 says', async () => {
    let requests = 0
    const intake = await hearing(
      {
        ...one,
        server: {
          onRequest(_, response) {
            requests += 1
            response.writeHead(429, { 'retry-after': '3600' }).end()
          },
        },
      },
      async (records, ingest) => {
        ingest.want({ symbol: 'A', stream: 'd', resync: 1 })
        await records.until(() => records.told('snapshot-failed').length > 0)
      },
    )
    expect(intake.told('snapshot-failed')[0]?.delayMs).toBeGreaterThan(3_599_000)
    expect(requests).toBe(1)
  })

  it('take the latest resync’s turn when a later one came while the first waited', async () => {
    const asked: string[] = []
    const held: { end(text: string): unknown }[] = []
    const intake = await hearing(
      {
        ...one,
        session: { restWeightPerMinute: limit(6000) },
        server: {
          onRequest(request, response) {
            asked.push(String(request.url))
            held.push(response)
          },
        },
      },
      async (records, ingest) => {
        for (const symbol of ['A', 'B', 'C', 'D', 'E']) ingest.want({ symbol, stream: 'd', resync: 1 })
        // E waits for its place behind four others when its book is lost again.
        ingest.want({ symbol: 'E', stream: 'd', resync: 2 })
        const answered = () => records.of(RecordKind.answer).length
        while (answered() < 5) {
          held.shift()?.end('{}')
          await new Promise((resolve) => setImmediate(resolve))
        }
      },
    )
    expect(asked.filter((url) => url.endsWith('=E'))).toHaveLength(1)
    const resyncs = intake.of(RecordKind.answer).map(({ payload }) => {
      const { context } = decodeAnswerPayload(payload)
      return `${context.symbol}${context.resync}`
    })
    expect(resyncs.sort()).toEqual(['A1', 'B1', 'C1', 'D1', 'E2'])
  })
})

describe('clock records', () => {
  it('come once per cell of the grid that the clock has passed', async () => {
    const clock = manualClock(1_000_050_000)
    const intake = new MemoryIntake()
    const market = testMarket('ws://127.0.0.1:1', 'http://127.0.0.1:1')
    const chance = seededChance(1)
    const notice = intake.notice
    const ingest = startIngest({
      market,
      symbols: [],
      streams: [],
      intake,
      dialer: testDialer,
      clock,
      chance,
      notice,
    })
    for (let i = 0; i < 100; i++) clock.advance(10)
    const cells = intake.of(RecordKind.clock).map((record) => Math.floor(record.receivedUs / 100_000))
    expect(cells).toEqual(Array.from({ length: 10 }, (_, index) => 10_001 + index))
    await ingest.stop()
  })

  it('are left to another ingest when told so', async () => {
    const clock = manualClock()
    const intake = new MemoryIntake()
    const ingest = startIngest({
      market: testMarket('ws://127.0.0.1:1', 'http://127.0.0.1:1'),
      symbols: [],
      streams: [],
      intake,
      dialer: testDialer,
      clock,
      chance: seededChance(1),
      clockRecords: false,
      notice: intake.notice,
    })
    clock.advance(10_000)
    expect(intake.records).toEqual([])
    await ingest.stop()
  })
})

describe('the dialer', () => {
  it('gives every connection, by WebSocket and by REST', async () => {
    const dialed: string[] = []
    const agentOf = (url: string) => {
      dialed.push(new URL(url).protocol + new URL(url).pathname)
      return testDialer.agentOf(url)
    }
    const server: TestServer = {
      onSocket: acking(),
      onRequest: (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    }
    const options = { dialer: { ...testDialer, agentOf } }
    await hearing({ server, symbols: ['A'], streams: ['t', 'oi'], options }, (intake) =>
      intake.until(() => intake.of(RecordKind.connect).length > 0 && intake.of(RecordKind.answer).length > 0),
    )
    expect(dialed.sort()).toEqual(['http:/oi', 'ws:/a'])
  })
})
