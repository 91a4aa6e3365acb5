import {
  type ConnectNote,
  type DisconnectNote,
  decodeAnswerPayload,
  decodeNote,
  RecordKind,
} from '@cryptoflow/model'
import { manualClock, seededChance, systemClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { type Ingest, startIngest } from './ingest.ts'
import { MemoryIntake, type TestExchange, testExchange, testMarket } from './ingest-support.ts'
import { planConnections, subscribeFrames } from './plan.ts'

const quick = { firstMs: 1, maxMs: 20, jitter: 0.25 }

/** Acknowledges every subscription, then does what the test says. */
function acking(then: (socket: WebSocket, subscriptions: number) => void): (socket: WebSocket) => void {
  return (socket) => {
    let count = 0
    socket.on('message', (data) => {
      socket.send(JSON.stringify({ ok: JSON.parse(String(data)).id }))
      count += 1
      then(socket, count)
    })
  }
}

async function hearing(
  exchange: TestExchange,
  symbols: string[],
  work: (intake: MemoryIntake, ingest: Ingest) => Promise<void>,
): Promise<MemoryIntake> {
  const intake = new MemoryIntake()
  const ingest = startIngest({
    market: testMarket(exchange.wsUrl, exchange.restUrl),
    symbols,
    streams: ['t', 'd'],
    intake,
    clock: systemClock(),
    chance: seededChance(1),
    backoff: quick,
    notice: intake.notice,
  })
  try {
    await work(intake, ingest)
  } finally {
    await ingest.stop()
    await exchange.close()
  }
  return intake
}

describe('plan', () => {
  const market = testMarket('', '')

  it('puts as many streams on a connection as the exchange allows', () => {
    const plans = planConnections(market, ['A', 'B', 'C'], ['t', 'd'])
    expect(plans.map((plan) => plan.subscriptions.length)).toEqual([4, 2])
    expect(plans[1]?.subscriptions).toEqual([
      { symbol: 'C', stream: 't' },
      { symbol: 'C', stream: 'd' },
    ])
  })

  it('splits subscriptions so that every frame is within the exchange’s size', () => {
    const subscriptions = Array.from({ length: 9 }, (_, i) => ({ symbol: `S测${i}`, stream: 'd' }))
    const frames = subscribeFrames(market, subscriptions)
    expect(frames.every((frame) => Buffer.byteLength(frame) <= 60)).toBe(true)
    expect(frames.flatMap((frame) => JSON.parse(frame).names)).toHaveLength(9)
    expect(frames.map((frame) => JSON.parse(frame).id)).toEqual(frames.map((_, index) => index + 1))
  })
})

describe('a session', () => {
  it('records the connection, its frames as received, and its end, and comes back', async () => {
    const exchange = await testExchange(
      acking((socket) => {
        socket.send('{"x": 1.50}')
        socket.close(1001, 'bye')
      }),
    )
    const intake = await hearing(exchange, ['A'], async (records) => {
      await records.until(() => records.of(RecordKind.disconnect).length >= 2)
    })
    const [first] = intake.of(RecordKind.connect)
    const note = decodeNote<ConnectNote>(first?.payload as Uint8Array)
    expect(note.subscriptions).toEqual([
      { symbol: 'A', stream: 't' },
      { symbol: 'A', stream: 'd' },
    ])
    const frames = intake.of(RecordKind.frame).filter((record) => record.connection === first?.number)
    expect(frames.map((frame) => Buffer.from(frame.payload).toString())).toEqual(['{"ok":1}', '{"x": 1.50}'])
    const [end] = intake.of(RecordKind.disconnect)
    expect(end?.connection).toBe(first?.number)
    expect(decodeNote<DisconnectNote>(end?.payload as Uint8Array)).toEqual({ code: 1001, reason: 'bye' })
    expect(intake.of(RecordKind.connect).length).toBeGreaterThanOrEqual(2)
  })

  it('keeps everything that was sent before a graceful close, in order', async () => {
    const exchange = await testExchange(
      acking((socket) => {
        for (let i = 0; i < 500; i++) socket.send(String(i))
        socket.close(1001)
      }),
    )
    const intake = await hearing(exchange, ['A'], async (records) => {
      await records.until(() => records.of(RecordKind.disconnect).length >= 1)
    })
    expect(intake.texts().slice(1, 501)).toEqual(Array.from({ length: 500 }, (_, i) => String(i)))
  })

  it('gives a refused subscription up, says why, and tries again with backoff', async () => {
    const exchange = await testExchange((socket) => {
      socket.on('message', () => socket.send('{"no":1}'))
    })
    const intake = await hearing(exchange, ['A'], async (records) => {
      await records.until(() => records.notices.filter(({ kind }) => kind === 'waiting').length >= 2)
    })
    expect(intake.notices).toContainEqual({ kind: 'refused', detail: '{"no":1}' })
  })

  it('waits out an exchange that is not there', async () => {
    const gone = await testExchange(() => {})
    await gone.close()
    const intake = new MemoryIntake()
    const ingest = startIngest({
      market: testMarket(gone.wsUrl, gone.restUrl),
      symbols: ['A'],
      streams: ['t'],
      intake,
      clock: systemClock(),
      chance: seededChance(2),
      backoff: quick,
      notice: intake.notice,
    })
    await intake.until(() => intake.notices.length >= 3)
    await ingest.stop()
    expect(intake.notices.every(({ kind }) => kind === 'waiting')).toBe(true)
    expect(intake.of(RecordKind.connect)).toEqual([])
  })

  it('stops reading while the disk is behind, and loses nothing by it', async () => {
    const exchange = await testExchange(
      acking((socket) => {
        for (let i = 0; i < 300; i++) socket.send(String(i))
      }),
    )
    await hearing(exchange, ['A'], async (intake, ingest) => {
      intake.isCongested = true
      await intake.until(() => ingest.counters.pauses > 0)
      intake.isCongested = false
      await intake.until(() => intake.texts().length >= 301)
      expect(intake.texts().slice(1)).toEqual(Array.from({ length: 300 }, (_, i) => String(i)))
    })
  })
})

describe('snapshots', () => {
  it('journal the answer with what it answers', async () => {
    const exchange = await testExchange(
      () => {},
      (request, response) => response.end(`body of ${request.url}`),
    )
    const intake = await hearing(exchange, ['A'], async (records, ingest) => {
      ingest.want({ symbol: 'A', stream: 'd', resync: 3 })
      await records.until(() => records.of(RecordKind.answer).length >= 1)
    })
    const [answer] = intake.of(RecordKind.answer)
    const { context, body } = decodeAnswerPayload(answer?.payload as Uint8Array)
    expect(context).toMatchObject({ symbol: 'A', stream: 'd', resync: 3, status: 200 })
    expect(Buffer.from(body).toString()).toBe('body of /book?symbol=A')
  })

  it('ask again after a refusal, and not at all for a resync that a later one replaced', async () => {
    let requests = 0
    const exchange = await testExchange(
      () => {},
      (_, response) => {
        requests += 1
        if (requests > 1) response.end('book')
        else {
          response.statusCode = 500
          response.end('no')
        }
      },
    )
    const intake = await hearing(exchange, ['A'], async (records, ingest) => {
      ingest.want({ symbol: 'A', stream: 'd', resync: 2 })
      ingest.want({ symbol: 'A', stream: 'd', resync: 1 })
      await records.until(() => records.of(RecordKind.answer).length >= 1)
    })
    expect(requests).toBe(2)
    expect(intake.notices).toContainEqual(expect.objectContaining({ kind: 'snapshot-failed', symbol: 'A' }))
  })

  it('wait as long as a 429 says', async () => {
    let requests = 0
    const exchange = await testExchange(
      () => {},
      (_, response) => {
        requests += 1
        response.writeHead(429, { 'retry-after': '3600' }).end()
      },
    )
    const intake = await hearing(exchange, ['A'], async (records, ingest) => {
      ingest.want({ symbol: 'A', stream: 'd', resync: 1 })
      await records.until(() => records.notices.some(({ kind }) => kind === 'snapshot-failed'))
    })
    const failed = intake.notices.find((notice) => notice.kind === 'snapshot-failed')
    expect(failed).toMatchObject({ delayMs: 3_600_000 })
    expect(requests).toBe(1)
  })
})

describe('clock records', () => {
  it('come once per cell of the grid that the clock has passed', async () => {
    const clock = manualClock(1_000_050_000)
    const intake = new MemoryIntake()
    const exchange = await testExchange(() => {})
    const market = testMarket(exchange.wsUrl, exchange.restUrl)
    const chance = seededChance(1)
    const notice = intake.notice
    const ingest = startIngest({ market, symbols: [], streams: [], intake, clock, chance, notice })
    for (let i = 0; i < 100; i++) clock.advance(10)
    const cells = intake.of(RecordKind.clock).map((record) => Math.floor(record.receivedUs / 100_000))
    expect(cells).toEqual(Array.from({ length: 10 }, (_, index) => 10_001 + index))
    await ingest.stop()
    await exchange.close()
  })
})
