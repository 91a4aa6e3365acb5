import { describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import { faultKinds } from '../faults.ts'
import { type InjectedHole, injectedHoles } from '../injected.ts'
import { connect, type TestClient } from '../testing/client.ts'
import { startTestSim, type TestSim } from '../testing/sim.ts'

const STREAMS = ['btcusdt@trade', 'btcusdt@depth@100ms', 'ethusdt@trade', 'ethusdt@depth@100ms']
const ALL = `/stream?streams=${STREAMS.join('/')}`
const limits = { clientMessagesPerSecond: 1_000, connectsPerFiveMinutes: 10_000 }

/** Listens for so many market seconds, coming back half a second after each disconnect. */
async function listen(sim: TestSim, seconds: number): Promise<string[]> {
  const texts: string[] = []
  let client = await connect(sim.wsUrl + ALL)
  for (let step = 0; step < seconds * 10; step++) {
    const disconnects = sim.counters.faults.disconnect
    sim.clock.advance(100)
    if (sim.counters.faults.disconnect === disconnects) continue
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
    texts.push(...client.texts)
    sim.clock.advance(500)
    client = await connect(sim.wsUrl + ALL)
  }
  await client.ask('LIST_SUBSCRIPTIONS')
  texts.push(...client.texts.slice(0, -1))
  return texts
}

/** What a record says a client was sent. */
function textOf(record: EmissionRecord): string {
  const { symbol: s, event_ms: E, first, last } = record
  const stream = `${s.toLowerCase()}@${record.stream}`
  const data =
    record.stream === 'trade'
      ? {
          e: 'trade',
          E,
          s,
          t: first,
          p: record.price,
          q: record.quantity,
          T: record.trade_ms,
          m: record.side === 'sell',
          M: true,
        }
      : { e: 'depthUpdate', E, s, U: first, u: last, b: record.bids, a: record.asks }
  return JSON.stringify({ stream, data })
}

function sentTexts(records: readonly EmissionRecord[]): string[] {
  return records.flatMap((record) =>
    record.wire === null ? Array<string>(record.copies).fill(textOf(record)) : [record.wire],
  )
}

/** The holes that a client can see for itself, by the rules of the two streams. */
function seenHoles(
  texts: readonly string[],
): Pick<InjectedHole, 'symbol' | 'stream' | 'from_seq' | 'to_seq'>[] {
  const lasts = new Map<string, number>()
  return texts.flatMap((text) => {
    const { stream, data } = JSON.parse(text)
    const [first, last] = data.e === 'trade' ? [data.t, data.t] : [data.U, data.u]
    const before = lasts.get(stream)
    lasts.set(stream, last)
    if (before === undefined || first <= before + 1) return []
    return [
      { symbol: data.s, stream: stream.slice(stream.indexOf('@') + 1), from_seq: before, to_seq: first },
    ]
  })
}

const sorted = (holes: readonly object[]): string[] => holes.map((hole) => JSON.stringify(hole)).sort()

describe('faults', () => {
  it.each([1, 2, 3])(
    'occur in turn, and the log is exactly what the client received (seed %i)',
    async (seed) => {
      const faults = { everyMessages: 30, kinds: faultKinds, startAfterMessages: 40 }
      const sim = await startTestSim({ seed, faults, limits })
      sim.clock.advance(1_000)
      const texts = await listen(sim, 40)

      expect([...texts].sort()).toEqual(sentTexts(sim.records).sort())

      const { gap, duplicate, disconnect, malformed } = sim.counters.faults
      expect(Math.min(gap, duplicate, disconnect, malformed)).toBeGreaterThan(5)
      expect(Math.max(gap, duplicate, disconnect, malformed) - malformed).toBeLessThanOrEqual(1)

      const damagedTexts = new Set(sim.records.map((record) => record.wire))
      const whole = texts.filter((text) => !damagedTexts.has(text))
      const { holes, edges } = injectedHoles(sim.records)
      const borders = holes.map(({ symbol, stream, from_seq, to_seq }) => ({
        symbol,
        stream,
        from_seq,
        to_seq,
      }))
      expect(sorted(borders)).toEqual(sorted(seenHoles(whole)))
      expect(edges.filter((edge) => edge.from_seq === null)).toHaveLength(4)
    },
  )

  it('are told apart in the log', async () => {
    const faults = { everyMessages: 20, kinds: faultKinds, startAfterMessages: 0 }
    const sim = await startTestSim({ faults, limits })
    sim.clock.advance(1_000)
    await listen(sim, 30)
    const by = (fault: EmissionRecord['fault']) => sim.records.filter((record) => record.fault === fault)

    for (const record of by('duplicate')) expect(record).toMatchObject({ copies: 2, wire: null })
    for (const record of by('gap'))
      expect(record).toMatchObject({ copies: 0, connection: expect.any(Number), wire: null })
    for (const record of by('malformed'))
      expect(record).toMatchObject({ copies: 0, wire: expect.any(String) })
    for (const record of by('disconnect'))
      expect(record).toMatchObject({ copies: 0, connection: null, wire: null })
    for (const record of by(null)) expect(record).toMatchObject({ copies: 1, connection: expect.any(Number) })
    expect(by('outage').length).toBeGreaterThan(10)
    expect(by('outage').every((record) => record.n <= by('outage').length)).toBe(true)
    expect(by('duplicate')).toHaveLength(sim.counters.faults.duplicate)
    expect(by('malformed')).toHaveLength(sim.counters.faults.malformed)
    const withheld = by('gap').length / sim.counters.faults.gap
    expect(withheld).toBeGreaterThan(1)
    expect(withheld).toBeLessThanOrEqual(3)
    expect(new Set(by('disconnect').map((record) => record.stream)).size).toBe(2)
  })

  it('come from the seed and the messages alone, not from the pace of the clock', async () => {
    const run = async (stepMs: number): Promise<readonly EmissionRecord[]> => {
      const faults = {
        everyMessages: 15,
        kinds: ['gap', 'duplicate', 'malformed'] as const,
        startAfterMessages: 0,
      }
      const sim = await startTestSim({ seed: 5, faults, limits })
      const client = await connect(sim.wsUrl + ALL)
      for (let ms = 0; ms < 8_000; ms += stepMs) sim.clock.advance(stepMs)
      await client.ask('LIST_SUBSCRIPTIONS')
      return sim.records
    }
    expect(await run(1_000)).toEqual(await run(50))
  })

  it('close a connection behind everything sent before, however slowly the client reads', async () => {
    const faults = { everyMessages: 1, kinds: ['disconnect'] as const, startAfterMessages: 1_000 }
    const sim = await startTestSim({ faults, limits, levelsPerDiff: 300 })
    const client = await connect(sim.wsUrl + ALL)
    client.socket.pause()
    while (sim.counters.faults.disconnect === 0) sim.clock.advance(1_000)
    sim.clock.advance(2_000)
    client.socket.resume()
    expect(await client.closed).toMatchObject({ code: 1001 })
    expect(client.texts).toEqual(sentTexts(sim.records))
    expect(client.texts.length).toBeGreaterThanOrEqual(1_000)
    expect(sim.records.at(-1)).toMatchObject({ copies: 0, fault: 'disconnect' })
  })
})

describe('several subscribers of a stream', () => {
  const trades = (client: TestClient): number[] =>
    client.texts.flatMap((text) => JSON.parse(text).t ?? JSON.parse(text).data?.t ?? [])

  it('all get its messages, and a duplicate twice each', async () => {
    const faults = { everyMessages: 10, kinds: ['duplicate'] as const, startAfterMessages: 0 }
    const sim = await startTestSim({ symbols: ['BTCUSDT'], faults, limits })
    const raw = await connect(`${sim.wsUrl}/ws/btcusdt@trade`)
    const combined = await connect(`${sim.wsUrl}/stream?streams=btcusdt@trade`)
    sim.clock.advance(5_000)
    await raw.ask('LIST_SUBSCRIPTIONS')
    await combined.ask('LIST_SUBSCRIPTIONS')
    const records = sim.records.filter((record) => record.stream === 'trade')
    expect(new Set(records.map((record) => record.copies))).toEqual(new Set([2, 4]))
    const expected = records.flatMap((record) => Array<number>(record.copies / 2).fill(record.first))
    expect(trades(raw)).toEqual(expected)
    expect(trades(combined)).toEqual(expected)
  })

  it('lose only the first of them to a disconnect', async () => {
    const faults = { everyMessages: 1_000, kinds: ['disconnect'] as const, startAfterMessages: -950 }
    const sim = await startTestSim({ symbols: ['BTCUSDT'], faults, limits })
    const first = await connect(`${sim.wsUrl}/ws/btcusdt@trade`)
    const second = await connect(`${sim.wsUrl}/ws/btcusdt@trade`)
    while (sim.counters.faults.disconnect === 0) sim.clock.advance(100)
    sim.clock.advance(1_000)
    expect(await first.closed).toMatchObject({ code: 1001 })
    await second.ask('LIST_SUBSCRIPTIONS')
    const records = sim.records.filter((record) => record.stream === 'trade')
    expect(trades(second)).toEqual(records.map((record) => record.first))
    expect(records.at(-1)).toMatchObject({ copies: 1, connection: 2, fault: null })
  })
})

describe('the market', () => {
  it('flows before anybody subscribes and after everybody left, and the log says so', async () => {
    const sim = await startTestSim({ symbols: ['BTCUSDT'] })
    sim.clock.advance(2_000)
    const client = await connect(`${sim.wsUrl}/ws/btcusdt@trade`)
    sim.clock.advance(2_000)
    await client.ask('UNSUBSCRIBE', ['btcusdt@trade'])
    sim.clock.advance(2_000)
    const records = sim.records.filter((record) => record.stream === 'trade')
    const faults = records.map((record) => record.fault)
    const runs = faults.filter((fault, index) => fault !== faults[index - 1])
    expect(runs).toEqual(['outage', null, 'outage'])
    expect(sim.records.map((record) => record.n)).toEqual(sim.records.map((_, index) => index + 1))
    expect(sim.counters.generated).toBe(sim.records.length)
  })
})
