import { RecordKind } from '@cryptoflow/model'
import { type ManualClock, manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import type { Ingest } from './ingest.ts'
import {
  bookStreams,
  confirmationOf,
  confirming,
  eventFrame,
  firstFrame,
  type Hearing,
  hearing,
  limit,
  type MemoryIntake,
  snapshotFrame,
  type ToyRequest,
} from './ingest-support.ts'

const roomy = { subscribeFrameBytesMax: limit(1000), streamsPerConnectionMax: limit(100) }
const ways = ['frame', 'stream', 'data'] as const

interface Story extends Partial<Hearing> {
  readonly confirms?: (typeof ways)[number]
  readonly instead?: (socket: WebSocket, request: ToyRequest) => boolean
}

interface World {
  readonly records: MemoryIntake
  readonly ingest: Ingest
  readonly clock: ManualClock
  readonly asked: ToyRequest[]
  readonly sockets: WebSocket[]
  /** Moves the clock on while the sockets work, until the condition holds. */
  until(condition: () => boolean): Promise<void>
  /** Moves the clock by so much, and lets the sockets work on the way. */
  pass(ms: number): Promise<void>
  /** Wants the books of these symbols. */
  want(...symbols: string[]): void
  /** What was asked since the first subscriptions: `-A@o` ends, `+A@o` begins. */
  renewals(): string[]
}

/** Turns of the event loop in which everything that is on its way over loopback arrives. */
const TURNS = 20

/** Hears books `o` of A, B and C on a clock that only the test moves, and begins when all were heard first. */
async function story(
  { confirms = 'frame', instead, session, ...more }: Story,
  work: (world: World) => Promise<void>,
): Promise<MemoryIntake> {
  const clock = manualClock()
  const asked: ToyRequest[] = []
  const sockets: WebSocket[] = []
  const answer = confirming(confirms, asked, instead)
  const onSocket = (socket: WebSocket): void => {
    sockets.push(socket)
    answer(socket)
  }
  const hear: Hearing = {
    offered: bookStreams,
    symbols: ['A', 'B', 'C'],
    streams: ['o'],
    server: { onSocket },
    session: { ...roomy, confirms, ...session },
    // The exchange says nothing by itself, and is not taken for gone.
    limits: { staleAfterMs: 1e9, staleMaxMs: 1e9, deadAfterMs: 1e9 },
    ...more,
    options: { clock, backoff: { firstMs: 1_000, maxMs: 60_000, jitter: 0 }, ...more.options },
  }
  return hearing(hear, async (records, ingest) => {
    const turn = async (): Promise<void> => {
      for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setImmediate(resolve))
    }
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) {
        clock.advance(10)
        await turn()
      }
    }
    const pass = async (ms: number): Promise<void> => {
      for (let i = 0; i < ms; i += 100) {
        clock.advance(Math.min(100, ms - i))
        await turn()
      }
    }
    // Whatever the stories hear has one wire name for each symbol.
    const events = (): number => records.texts().filter((text) => text.startsWith('{"s"')).length
    await until(() => events() >= hear.symbols.length)
    const begun = asked.length
    await work({
      records,
      ingest,
      clock,
      asked,
      sockets,
      until,
      pass,
      want(...symbols) {
        for (const symbol of symbols) ingest.want({ symbol, stream: 'o', resync: 1 })
      },
      renewals: () =>
        asked.slice(begun).map(({ names, end }) => (end === undefined ? `+${names}` : `-${end}`)),
    })
  })
}

const connects = (intake: MemoryIntake): number => intake.of(RecordKind.connect).length

describe('a book that begins in its stream', () => {
  for (const confirms of ways) {
    it(`is had again by ending its subscription and beginning it anew, on the same connection (${confirms})`, async () => {
      const intake = await story(
        { confirms },
        async ({ records, ingest, want, until, pass, renewals, asked }) => {
          want('B')
          await until(() => records.texts().filter((text) => text === snapshotFrame('o', 'B')).length === 2)
          expect(renewals()).toEqual(['-B@o', '+B@o'])
          // Ids go on where the first subscriptions ended.
          expect(asked.map(({ id }) => id)).toEqual([1, 2, 3])
          // Nothing is given up later, whatever was waited for.
          await pass(60_000)
          expect(ingest.counters).toMatchObject({ resubscribes: 1, connects: 1, mute: 0, replaced: 0 })
          expect(renewals()).toHaveLength(2)
        },
      )
      expect(intake.told('resubscribed')).toEqual([
        { kind: 'resubscribed', connection: intake.opened(0), symbol: 'B', stream: 'o' },
      ])
      // Nothing was asked by REST.
      expect(intake.told('snapshot-failed')).toEqual([])
    })
  }

  it('shares the requests with those that are wanted at the same time', async () => {
    const streamsPerFrameMax = limit(2)
    await story({ session: { streamsPerFrameMax } }, async ({ want, until, renewals, ingest }) => {
      want('A', 'B', 'C', 'A', 'B')
      await until(() => ingest.counters.resubscribes === 3)
      expect(renewals()).toEqual(['-A@o,B@o', '+A@o,B@o', '-C@o', '+C@o'])
    })
  })

  it('is not renewed twice at a time, nor sooner than after a second, then two', async () => {
    await story({}, async ({ want, pass, renewals }) => {
      const count = (): number => renewals().length / 2
      want('A')
      await pass(100)
      expect(count()).toBe(1)
      // The book is lost again at once; the wants of the meantime are one.
      for (let i = 0; i < 5; i++) want('A')
      await pass(800)
      want('A')
      expect(count()).toBe(1)
      await pass(300)
      expect(count()).toBe(2)
      want('A')
      await pass(1_800)
      expect(count()).toBe(2)
      await pass(300)
      expect(count()).toBe(3)
      await pass(300_000)
      want('A')
      await pass(100)
      want('A')
      await pass(1_100)
      expect(count()).toBe(5)
    })
  })

  it('is not renewed when a snapshot comes by itself while it waits: that would lose messages', async () => {
    await story({}, async ({ want, pass, renewals, sockets }) => {
      want('A')
      await pass(100)
      want('A')
      sockets[0]?.send(snapshotFrame('o', 'A'))
      await pass(2_000)
      expect(renewals()).toEqual(['-A@o', '+A@o'])
    })
  })

  it('is left to the first snapshot of a new connection where that is still to come', async () => {
    const instead = (_: WebSocket, { names }: ToyRequest) => names?.includes('A@o') === true
    const held: ToyRequest[] = []
    const sockets: WebSocket[] = []
    const onSocket = (socket: WebSocket): void => {
      sockets.push(socket)
      confirming('stream', held, instead)(socket)
    }
    await hearing(
      {
        offered: bookStreams,
        symbols: ['A'],
        streams: ['o'],
        session: { ...roomy, confirms: 'stream' },
        server: { onSocket },
      },
      async (records, ingest) => {
        // Nothing is connected yet.
        ingest.want({ symbol: 'A', stream: 'o', resync: 1 })
        await records.until(() => ingest.counters.connects === 1)
        ingest.want({ symbol: 'A', stream: 'o', resync: 2 })
        const ticks = records.of(RecordKind.clock).length
        await records.until(() => records.of(RecordKind.clock).length >= ticks + 2)
        expect(held).toHaveLength(1)
        // Its snapshot comes before the confirmation, and then it may be lost.
        sockets[0]?.send(snapshotFrame('o', 'A'))
        await records.until(() => records.texts().length === 1)
        ingest.want({ symbol: 'A', stream: 'o', resync: 3 })
        await records.until(() => ingest.counters.resubscribes === 1)
        expect(held[1]?.end).toEqual(['A@o'])
      },
    )
  })

  it('of another connection, of nobody, or of a stream that is no such book is not renewed here', async () => {
    await story({ streams: ['o', 'oq'] }, async ({ ingest, want, pass, renewals }) => {
      want('D', '', '__proto__')
      for (const stream of ['oq', 'om', 'x']) ingest.want({ symbol: 'A', stream, resync: 1 })
      await pass(1_000)
      expect([renewals(), ingest.counters.replaced]).toEqual([[], 0])
    })
  })

  it('takes what comes within it along only where that notices a hole; else the connection is replaced', async () => {
    await story({ streams: ['o', 'oq'] }, async ({ ingest, want, until, renewals }) => {
      want('A')
      await until(() => ingest.counters.resubscribes === 1)
      expect(renewals()).toEqual(['-A@o', '+A@o'])
    })
    const intake = await story({ streams: ['o', 'om'] }, async ({ ingest, want, until }) => {
      want('A')
      await until(() => ingest.counters.replaced === 1)
      expect(ingest.counters.resubscribes).toBe(0)
    })
    expect(intake.told('replaced')).toMatchObject([{ cause: 'resync', overlapped: false }])
  })
})

describe('a renewal that goes wrong', () => {
  for (const confirms of ways) {
    it(`by silence makes the connection be replaced after the answer time (${confirms})`, async () => {
      const instead = (_: WebSocket, { end, id }: ToyRequest) => end !== undefined || id === 3
      const intake = await story(
        { confirms, instead },
        async ({ ingest, want, until, pass, records, renewals }) => {
          want('A')
          await pass(5_000)
          // It is under way.
          want('A')
          await pass(4_000)
          expect([connects(records), ...renewals()]).toEqual([1, '-A@o', '+A@o'])
          await until(() => ingest.counters.replaced === 1)
        },
      )
      expect(intake.told('replaced')).toMatchObject([{ cause: 'resync', overlapped: false }])
    })
  }

  it('by an end that is never confirmed makes the connection be replaced, too', async () => {
    const instead = (_: WebSocket, { end }: ToyRequest) => end !== undefined
    await story({ instead }, async ({ ingest, want, until }) => {
      want('A')
      await until(() => ingest.counters.replaced === 1)
    })
  })

  it('by a refusal makes the connection be replaced, and says what the exchange said', async () => {
    const instead = (socket: WebSocket, { id }: ToyRequest) => {
      if (id === 3) socket.send('{"no":3,"streams":["A@o"]}')
      return id === 3
    }
    const intake = await story({ instead }, async ({ ingest, want, pass }) => {
      want('A')
      // Long before the time for an answer is over.
      await pass(1_000)
      expect(ingest.counters.replaced).toBe(1)
    })
    expect(intake.told('refused')).toEqual([
      { kind: 'refused', connection: intake.opened(0), detail: '{"no":3,"streams":["A@o"]}' },
    ])
  })

  it('by a snapshot that does not come is tried three times, told each time, and then left alone', async () => {
    const instead = (socket: WebSocket, request: ToyRequest) => {
      if (request.names === undefined || request.id === 1) return false
      for (const frame of confirmationOf('frame', request)) socket.send(frame)
      // Its messages go on, and they are no snapshot.
      for (const name of request.names) socket.send(eventFrame('o', name.slice(0, 1)))
      return true
    }
    const options = { expectWithinMs: { o: 5_000 } }
    const intake = await story({ instead, options }, async ({ want, pass, renewals, ingest }) => {
      want('A')
      await pass(25_000)
      expect(renewals()).toEqual(['-A@o', '+A@o', '-A@o', '+A@o', '-A@o', '+A@o'])
      want('A')
      await pass(100)
      expect(renewals()).toHaveLength(8)
      expect(ingest.counters.replaced).toBe(0)
    })
    expect(intake.told('mute').map(({ symbol, afterMs }) => [symbol, afterMs])).toEqual([
      ['A', 5_000],
      ['A', 5_000],
      ['A', 5_000],
    ])
  })

  it('by a snapshot of the old subscription is not taken for done', async () => {
    const held: ToyRequest[] = []
    const instead = (_: WebSocket, request: ToyRequest) => {
      if (request.end !== undefined || request.id === 3) held.push(request)
      return request.end !== undefined || request.id === 3
    }
    // One message in a second: between the end and the new beginning there is time.
    const session = { messagesPerSecondMax: limit(2.5) }
    await story({ instead, session }, async ({ want, until, pass, sockets, ingest, records }) => {
      want('A')
      await until(() => held.length === 1)
      sockets[0]?.send(snapshotFrame('o', 'A'))
      await until(() => held.length === 2)
      for (const request of held)
        for (const frame of confirmationOf('frame', request)) sockets[0]?.send(frame)
      await pass(31_000)
      expect(records.told('mute')).toHaveLength(1)
      expect(ingest.counters.replaced).toBe(0)
    })
  })
})

describe('the requests that a connection may make', () => {
  it('are not exceeded: when the hour’s are used up the connection is replaced, once', async () => {
    // The first subscription, and two renewals.
    const session = { subscribesPerHourMax: limit(5) }
    const intake = await story({ session }, async ({ want, pass, until, renewals, ingest, records }) => {
      want('A')
      await pass(500)
      want('B')
      await pass(500)
      expect(renewals()).toHaveLength(4)
      want('C', 'A')
      want('B')
      await until(() => ingest.counters.replaced === 1)
      await pass(5_000)
      expect(connects(records)).toBe(2)
      // The new connection has an hour of its own.
      want('C')
      await until(() => ingest.counters.resubscribes === 3)
      expect(ingest.counters.replaced).toBe(1)
    })
    expect(intake.told('replaced')).toMatchObject([{ cause: 'resync', overlapped: false }])
  })

  it('come back after an hour', async () => {
    const session = { subscribesPerHourMax: limit(3) }
    await story(
      { session, streams: ['o'], options: { expectWithinMs: { o: null } } },
      async ({ want, pass, ingest, clock, until }) => {
        want('A')
        await pass(500)
        clock.advance(3_600_000)
        want('A')
        await until(() => ingest.counters.resubscribes === 2)
        expect(ingest.counters.replaced).toBe(0)
      },
    )
  })

  it('cannot end a subscription where the exchange has no such request: the connection is replaced', async () => {
    const session = { unsubscribeFrame: () => null }
    for (const confirms of ways) {
      const intake = await story({ confirms, session }, async ({ want, until, ingest, renewals, pass }) => {
        want('A', 'B')
        await until(() => ingest.counters.replaced === 1)
        await pass(2_000)
        // All names are asked for in one frame on the new connection, and nothing before.
        expect(renewals()).toEqual(['+A@o,B@o,C@o'])
        expect(ingest.counters.resubscribes).toBe(0)
      })
      expect(intake.told('replaced')).toMatchObject([{ cause: 'resync', overlapped: false }])
    }
  })

  it('that cannot help are no storm: a book lost on every connection is replaced ever more rarely', async () => {
    const session = { unsubscribeFrame: () => null }
    await story({ session }, async ({ want, pass, records }) => {
      for (let i = 0; i < 1_200; i++) {
        want('A')
        await pass(100)
      }
      // Two minutes of wanting ten times a second: at once, then after 1, 2, 4, 8, 16, 32 s.
      expect(connects(records)).toBeGreaterThanOrEqual(7)
      expect(connects(records)).toBeLessThanOrEqual(8)
    })
  })
})

describe('a connection whose frames are not complete', () => {
  it('is replaced, and the cause is told', async () => {
    for (const [streams, overlapped] of [
      [['t'], true],
      [['o'], false],
    ] as const) {
      const intake = await story({ streams: [...streams] }, async ({ ingest, records, until }) => {
        ingest.replace(records.opened(0), 'sequence')
        await until(() => ingest.counters.replaced === 1)
      })
      expect(intake.told('replaced')).toMatchObject([{ cause: 'sequence', overlapped }])
    }
  })
})

describe('an exchange that renews badly', () => {
  it('confirms twice, confirms strangers and sends strange snapshots changes nothing', async () => {
    const instead = (socket: WebSocket, request: ToyRequest) => {
      for (const frame of [
        '{"ok":null}',
        '{"ok":77,"streams":["X@o","__proto__"]}',
        snapshotFrame('o', 'X'),
        snapshotFrame('nowhere', 'A'),
        ...confirmationOf('frame', request),
        ...confirmationOf('frame', request),
        '{"no":null,"streams":["X@o"]}',
      ]) {
        socket.send(frame)
      }
      for (const name of request.names ?? []) socket.send(firstFrame(name))
      return true
    }
    const intake = await story({ instead }, async ({ ingest, want, until, pass }) => {
      want('A')
      await until(() => ingest.counters.resubscribes === 1)
      await pass(40_000)
      expect(ingest.counters).toMatchObject({ connects: 1, mute: 0, replaced: 0, resubscribes: 1 })
    })
    expect([intake.told('refused'), intake.told('waiting')]).toEqual([[], []])
  })
})
