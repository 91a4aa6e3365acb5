import { type DisconnectNote, decodeNote, RecordKind } from '@cryptoflow/model'
import { manualClock, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { startIngest } from './ingest.ts'
import {
  acking,
  eventFrame,
  hearing,
  limit,
  MemoryIntake,
  quickLimits,
  testDialer,
  testExchange,
  testMarket,
} from './ingest-support.ts'
import { defaultLimits } from './limits.ts'
import { rotationMs } from './session.ts'

const ruled = { symbols: ['A'], streams: ['t', 'd'] }
const unruled = { symbols: ['A'], streams: ['f'] }

/** The order in which connections were opened and ended, as the journal has it: `+1 +2 -1`. */
function storyOf(intake: MemoryIntake): string {
  const order = new Map<number, number>()
  const words: string[] = []
  for (const { kind, number, connection } of intake.records) {
    if (kind === RecordKind.connect) {
      order.set(number, order.size + 1)
      words.push(`+${order.size}`)
    } else if (kind === RecordKind.disconnect) words.push(`-${order.get(connection)}`)
  }
  return words.join(' ')
}

describe('a replacement', () => {
  it('of streams that know their duplicates is subscribed before the old connection is closed', async () => {
    const intake = await hearing({ ...ruled, server: { onSocket: acking() } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      ingest.replace(records.opened(0))
      ingest.replace(records.opened(0))
      await records.until(() => records.of(RecordKind.disconnect).length === 1)
      expect(ingest.counters.replaced).toBe(1)
      expect(storyOf(records)).toBe('+1 +2 -1')
    })
    const [, second] = intake.of(RecordKind.connect)
    const [end] = intake.of(RecordKind.disconnect)
    const acknowledged = intake.of(RecordKind.frame).find(({ connection }) => connection === second?.number)
    expect(acknowledged?.number).toBeLessThan(end?.number as number)
    expect(decodeNote<DisconnectNote>(end?.payload as Uint8Array).reason).toBe('replaced')
    expect(intake.told('replaced')).toEqual([
      {
        kind: 'replaced',
        connection: intake.opened(0),
        by: second?.number,
        cause: 'closing',
        overlapped: true,
      },
    ])
    expect(intake.told('waiting')).toEqual([])
  })

  it('hears both connections side by side for a while, so that nothing falls between', async () => {
    const sockets: WebSocket[] = []
    const onSocket = acking((socket) => sockets.push(socket))
    await hearing({ ...ruled, server: { onSocket }, limits: { overlapMs: 200 } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      ingest.replace(records.opened(0))
      await records.until(() => records.texts().length === 2)
      for (const socket of sockets) socket.send('both')
      await records.until(() => records.texts().length === 4)
      expect(records.of(RecordKind.disconnect)).toEqual([])
      await records.until(() => records.of(RecordKind.disconnect).length === 1)
    })
  })

  it('waits for the end of the one before, so that there are never three connections', async () => {
    const sockets: WebSocket[] = []
    const onSocket = acking((socket) => sockets.push(socket))
    const intake = await hearing({ ...ruled, server: { onSocket } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      // It hears of nothing, and so does not close either.
      sockets[0]?.pause()
      ingest.replace(records.opened(0))
      await records.until(() => records.told('replaced').length === 1)
      ingest.replace(records.opened(1))
      for (let turn = 3; turn < 8; turn++) {
        sockets[1]?.send('turn')
        await records.until(() => records.texts().length === turn)
      }
      sockets[0]?.resume()
      await records.until(() => records.told('replaced').length === 2)
    })
    expect(storyOf(intake)).toMatch(/^\+1 \+2 -1 \+3 /)
  })

  it('of streams that do not know their duplicates closes first, then opens', async () => {
    const intake = await hearing({ ...unruled, server: { onSocket: acking() } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      ingest.replace(records.opened(0))
      await records.until(() => records.told('replaced').length === 1)
      expect(storyOf(records)).toBe('+1 -1 +2')
    })
    expect(intake.told('replaced')).toMatchObject([
      { connection: intake.opened(0), cause: 'closing', overlapped: false },
    ])
    expect(intake.told('waiting')).toEqual([])
  })

  it('concerns the named connection only', async () => {
    const intake = await hearing(
      { server: { onSocket: acking() }, symbols: ['A'], streams: ['t', 'f'] },
      async (records, ingest) => {
        await records.until(() => records.texts().length === 2)
        const [first, second] = records.of(RecordKind.connect)
        ingest.replace(999)
        ingest.replace(first?.number as number)
        await records.until(() => records.told('replaced').length === 1)
        expect(records.of(RecordKind.disconnect).some((end) => end.connection === second?.number)).toBe(false)
      },
    )
    expect(intake.told('replaced')).toHaveLength(1)
  })

  it('that fails is tried again while the old connection is heard on', async () => {
    let sockets = 0
    const onSocket = (socket: WebSocket, path: string): void => {
      sockets += 1
      if (sockets === 2 || sockets === 3) socket.close(1013)
      else acking()(socket, path)
    }
    const intake = await hearing({ ...ruled, server: { onSocket } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      ingest.replace(records.opened(0))
      await records.until(() => records.of(RecordKind.disconnect).length === 3)
    })
    expect(storyOf(intake)).toMatch(/^\+1 \+2 -2 \+3 -3 \+4 -1/)
    expect(intake.told('waiting')).toHaveLength(2)
  })

  it('of a connection that is acknowledged only afterwards is not taken for done', async () => {
    let sockets = 0
    const held: WebSocket[] = []
    const onSocket = (socket: WebSocket, path: string): void => {
      sockets += 1
      if (sockets === 1) socket.on('message', () => socket.close(1013))
      else if (sockets === 2) socket.on('message', () => held.push(socket))
      else acking()(socket, path)
    }
    // The first failure makes the replacement wait, and the acknowledgement comes in between.
    const backoff = { firstMs: 100, maxMs: 200, jitter: 0 }
    const intake = await hearing(
      { ...unruled, server: { onSocket }, options: { backoff } },
      async (records, ingest) => {
        await records.until(() => held.length === 1)
        ingest.replace(records.opened(1))
        held[0]?.send('{"ok":1}')
        await records.until(() => records.told('replaced').length === 1)
      },
    )
    expect(storyOf(intake)).toBe('+1 -1 +2 -2 +3 -3')
    expect(intake.told('replaced')).toMatchObject([{ connection: intake.opened(1), by: intake.opened(2) }])
  })

  it('becomes the connection when the old one ends before', async () => {
    const sockets: WebSocket[] = []
    const onSocket = acking((socket) => sockets.push(socket))
    await hearing(
      { ...ruled, server: { onSocket }, limits: { overlapMs: 60_000 } },
      async (records, ingest) => {
        await records.until(() => records.texts().length === 1)
        ingest.replace(records.opened(0))
        await records.until(() => records.texts().length === 2)
        sockets[0]?.close(1001)
        await records.until(() => records.told('replaced').length === 1)
        expect(storyOf(records)).toBe('+1 +2 -1')
        sockets[1]?.close(1001)
        await records.until(() => records.of(RecordKind.connect).length === 3)
      },
    )
  })

  it('is looked for again when the successor ends during the overlap', async () => {
    const backoff = { firstMs: 50, maxMs: 50, jitter: 0 }
    const sockets: WebSocket[] = []
    const onSocket = acking((socket) => {
      sockets.push(socket)
      if (sockets.length === 2) socket.close(1013)
    })
    const intake = await hearing(
      { ...ruled, server: { onSocket }, limits: { overlapMs: 300 }, options: { backoff } },
      async (records, ingest) => {
        await records.until(() => records.texts().length === 1)
        ingest.replace(records.opened(0))
        await records.until(() => records.of(RecordKind.disconnect).length === 2)
      },
    )
    expect(storyOf(intake)).toMatch(/^\+1 \+2 -2 \+3 -1/)
    // The second one's overlap is over with it: the third has a whole one.
    const third = intake.of(RecordKind.frame).find(({ connection }) => connection === intake.opened(2))
    const end = intake.of(RecordKind.disconnect).find(({ connection }) => connection === intake.opened(0))
    expect((end?.receivedUs as number) - (third?.receivedUs as number)).toBeGreaterThanOrEqual(299_000)
    expect(intake.told('replaced')).toHaveLength(1)
  })

  it('that waits for its turn to connect is the only one, though the old connection ends meanwhile', async () => {
    const sockets: WebSocket[] = []
    const onSocket = acking((socket) => sockets.push(socket))
    const intake = await hearing(
      { ...ruled, server: { onSocket }, limits: { connectEveryMs: 300 } },
      async (records, ingest) => {
        await records.until(() => records.texts().length === 1)
        ingest.replace(records.opened(0))
        sockets[0]?.close(1001)
        await records.until(() => records.told('replaced').length === 1)
        const ticks = (): number => records.of(RecordKind.clock).length
        const before = ticks()
        await records.until(() => ticks() >= before + 5)
      },
    )
    expect(storyOf(intake)).toMatch(/^\+1 -1 \+2/)
    expect(intake.of(RecordKind.connect)).toHaveLength(2)
    expect(intake.told('waiting')).toEqual([])
  })

  it('is not stormed by an exchange that announces the end of every connection', async () => {
    const intake = await hearing({ ...ruled, server: { onSocket: acking() } }, async (records, ingest) => {
      const startUs = performance.now()
      for (let i = 1; i <= 4; i++) {
        await records.until(() => records.texts().length === i)
        await records.until(() => records.told('replaced').length === i - 1)
        ingest.replace(records.opened(-1))
      }
      await records.until(() => records.told('replaced').length === 4)
      // Four overlaps of 20 ms, and backoff of 2, 4 and 8 ms less a quarter.
      expect(performance.now() - startUs).toBeGreaterThan(80 + 10)
    })
    expect(intake.told('replaced')).toHaveLength(4)
  })

  it('comes by itself before the end of a connection’s life', async () => {
    const limits = { rotateBeforeMs: { min: 10, max: 20 }, overlapMs: 5 }
    const session = { connectionLifeMs: limit(100) }
    const intake = await hearing(
      { ...ruled, server: { onSocket: acking() }, limits, session },
      async (records) => {
        await records.until(() => records.told('replaced').length === 2)
      },
    )
    expect(intake.told('replaced').every(({ cause, overlapped }) => cause === 'life' && overlapped)).toBe(
      true,
    )
    expect(storyOf(intake)).toMatch(/^\+1 \+2 -1 \+3/)
  })

  it('comes five to thirty minutes before the end, not at the same moment everywhere', () => {
    const day = 86_400_000
    const before = defaultLimits.rotateBeforeMs
    const moments = [1, 2, 3, 4, 5].map(
      (seed) => day - (rotationMs(day, before, seededChance(seed)) as number),
    )
    for (const beforeMs of moments) {
      expect(beforeMs).toBeGreaterThanOrEqual(5 * 60_000)
      expect(beforeMs).toBeLessThanOrEqual(30 * 60_000)
    }
    expect(new Set(moments).size).toBe(5)
  })

  it('comes never, or after half of a short life, or as late as a timer can be', () => {
    const before = defaultLimits.rotateBeforeMs
    expect(rotationMs(86_400_000, null, seededChance(1))).toBeNull()
    // The exchange sets no end.
    expect(rotationMs(null, before, seededChance(1))).toBeNull()
    expect(rotationMs(60_000, before, seededChance(1))).toBe(30_000)
    expect(rotationMs(Number.POSITIVE_INFINITY, before, seededChance(1))).toBe(2 ** 31 - 1)
  })
})

describe('a session that waits for its turn to connect', () => {
  it('does not want it any more when it is stopped', async () => {
    let asked = 0
    let cancelled = 0
    const request = (): (() => void) => {
      asked += 1
      return () => {
        cancelled += 1
      }
    }
    const intake = new MemoryIntake()
    const ingest = startIngest({
      market: testMarket('ws://127.0.0.1:1', 'http://127.0.0.1:1'),
      ...ruled,
      intake,
      dialer: testDialer,
      clock: manualClock(),
      chance: seededChance(1),
      connectPools: {
        of: () => ({ request, block() {}, succeeded() {}, failed() {}, abandoned() {} }),
        breakers: { states: () => [] },
      },
      notice: intake.notice,
    })
    expect([asked, cancelled]).toEqual([1, 0])
    await ingest.stop()
    expect([asked, cancelled]).toEqual([1, 1])
  })
})

describe('the first messages', () => {
  it('of a subscription that is acknowledged and silent are missed by name, once', async () => {
    const onSocket = acking((socket) => socket.send(eventFrame('d', 'A')))
    const intake = await hearing(
      { server: { onSocket }, symbols: ['A', 'B'], streams: ['t', 'd'], limits: { muteAfterMs: 50 } },
      async (records, ingest) => {
        await records.until(() => ingest.counters.mute === 1)
      },
    )
    // Nobody has to trade, and A's book was heard.
    expect(intake.told('mute')).toEqual([
      { kind: 'mute', connection: intake.opened(0), symbol: 'B', stream: 'd', afterMs: 50 },
    ])
  })

  it('may be expected otherwise than by default', async () => {
    const intake = await hearing(
      {
        server: { onSocket: acking() },
        symbols: ['A'],
        streams: ['t', 'd'],
        options: { expectWithinMs: { t: 30, d: null } },
      },
      async (records) => {
        await records.until(() => records.told('mute').length === 1)
      },
    )
    expect(intake.told('mute')).toMatchObject([{ symbol: 'A', stream: 't', afterMs: 30 }])
  })

  it('of a stream of the whole market may come from any symbol', async () => {
    const onSocket = acking((socket) => {
      socket.send(eventFrame('!f', 'SOMETHING'))
      socket.send('heard')
    })
    const intake = await hearing(
      {
        server: { onSocket },
        symbols: ['A'],
        streams: ['!f', 'm'],
        options: { expectWithinMs: { '!f': 60, m: 60 } },
      },
      async (records) => {
        await records.until(() => records.told('mute').length === 1)
      },
    )
    expect(intake.told('mute')).toMatchObject([{ symbol: 'A', stream: 'm' }])
  })

  it('are looked for only until every expected one was heard; then frames pass unread', async () => {
    let decoded = 0
    const exchange = await testExchange({
      onSocket: acking((socket) => {
        socket.send(eventFrame('d', 'A'))
        for (let i = 0; i < 50; i++) socket.send(eventFrame('d', 'A'))
      }),
    })
    const market = testMarket(exchange.wsUrl, exchange.restUrl)
    const counting: typeof market = {
      ...market,
      decodeFrame(bytes, out) {
        decoded += 1
        return market.decodeFrame(bytes, out)
      },
    }
    const intake = new MemoryIntake()
    const ingest = startIngest({
      market: counting,
      ...ruled,
      intake,
      dialer: testDialer,
      clock: manualClock(),
      chance: seededChance(1),
      limits: quickLimits,
      notice: intake.notice,
    })
    await intake.until(() => intake.texts().length === 52)
    expect(decoded).toBe(2)
    await exchange.close()
    await ingest.stop()
  })
})
