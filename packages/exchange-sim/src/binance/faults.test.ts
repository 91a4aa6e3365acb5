import type { Market as MarketName } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import { type FaultKind, faultKinds, silentFaultKinds } from '../faults.ts'
import { injectedHoles } from '../injected.ts'
import { connect, type TestClient } from '../testing/client.ts'
import { firstDifference } from '../testing/records.ts'
import {
  inverseMarket,
  linearMarket,
  spotMarket,
  spotOf,
  startTestSim,
  type TestSim,
} from '../testing/sim.ts'
import { readWire, saidBy } from '../testing/wire-reader.ts'

const STREAMS = ['btcusdt@trade', 'btcusdt@depth@100ms', 'ethusdt@trade', 'ethusdt@depth@100ms']
const ALL = `/stream?streams=${STREAMS.join('/')}`
const none = { clientMessagesPerSecond: 1_000, connectsPerFiveMinutes: 10_000 }
const limits = { spot: none, futures: none }

/** Where a test listens: every stream of the market that is told in two symbols. */
const everything: readonly { readonly market: MarketName; readonly path: string }[] = [
  { market: 'spot', path: `${ALL}/btcusdt@aggTrade/btcusdt@bookTicker/btcusdt@depth5@100ms/btcusdt@depth` },
  {
    market: 'linear',
    path:
      '/public/stream?streams=btcusdt@depth@100ms/btcusdt@depth@0ms/btcusdt@trade/btcusdt@bookTicker' +
      '/btcusdt@depth10/ethusdt@depth@500ms/!bookTicker',
  },
  {
    market: 'linear',
    path:
      '/market/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade/btcusdt@markPrice@1s/!markPrice@arr@1s' +
      '/btcusdt@forceOrder/!forceOrder@arr',
  },
  {
    market: 'inverse',
    path:
      '/stream?streams=btcusd_perp@aggTrade/btcusd_perp@depth@100ms/btcusd_261225@depth/btcusd_perp@depth20' +
      '/btcusd_261225@bookTicker/btcusd_perp@markPrice/!markPrice@arr/!bookTicker/!forceOrder@arr',
  },
]

interface Listener {
  readonly market: MarketName
  readonly path: string
  readonly texts: string[]
}

/** Listens for so many market seconds, coming back half a second after each cut. */
async function listen(sim: TestSim, paths: typeof everything, seconds: number): Promise<Listener[]> {
  const listeners = paths.map((path): Listener => ({ ...path, texts: [] }))
  const open = ({ market, path }: Listener): Promise<TestClient> => connect(sim.urls[market].wsUrl + path)
  const clients = await Promise.all(listeners.map(open))
  let cuts = 0
  for (let step = 0; step < seconds * 10; step++) {
    sim.clock.advance(100)
    while (cuts < sim.counters.cutConnections) {
      cuts += 1
      const index = await Promise.race(clients.map((client, at) => client.closed.then(() => at)))
      const client = clients[index] as TestClient
      expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
      listeners[index]!.texts.push(...client.texts)
      sim.clock.advance(500)
      clients[index] = await open(listeners[index]!)
    }
  }
  for (const [index, client] of clients.entries()) {
    await client.ask('LIST_SUBSCRIPTIONS')
    listeners[index]!.texts.push(...client.texts.slice(0, -1))
  }
  return listeners
}

const spotOnly = [{ market: 'spot', path: ALL }] as const

/** What the log says that clients got: whole messages as events, damaged ones as texts; in any order. */
function loggedAsSent(records: readonly EmissionRecord[]): string[] {
  return records
    .flatMap((record) =>
      record.wire === null
        ? Array<string>(record.copies).fill(JSON.stringify(saidBy(record)))
        : [record.wire],
    )
    .sort()
}

/** What clients got, in the same form. */
function readAsSent(listeners: readonly Listener[], records: readonly EmissionRecord[]): string[] {
  const damaged = new Set(records.map(({ wire }) => wire))
  return listeners
    .flatMap(({ market, texts }) =>
      texts.flatMap((text) =>
        damaged.has(text) ? [text] : readWire(market, text).map((said) => JSON.stringify(said)),
      ),
    )
    .sort()
}

const RULED = /^(trade|aggTrade|depth(@\d+ms)?)$/

/** The holes that a client can see for itself, by the rules of the streams that have one. */
function seenHoles(listeners: readonly Listener[], records: readonly EmissionRecord[]): string[] {
  const damaged = new Set(records.map(({ wire }) => wire))
  return listeners.flatMap(({ market, texts }) => {
    const lasts = new Map<string, number>()
    const events = texts.filter((text) => !damaged.has(text)).flatMap((text) => readWire(market, text))
    return events.flatMap(({ symbol, stream, first, last, prev }) => {
      if (!RULED.test(stream)) return []
      const name = `${symbol} ${stream}`
      const before = lasts.get(name)
      if (before !== undefined && (last as number) <= before) return []
      lasts.set(name, last as number)
      const follows = prev === null ? first === (before as number) + 1 : prev === before
      return before === undefined || follows ? [] : [JSON.stringify([market, symbol, stream, before, first])]
    })
  })
}

function injectedAsSeen(records: readonly EmissionRecord[]): string[] {
  return injectedHoles(records)
    .holes.filter(({ stream }) => RULED.test(stream))
    .map(({ market, symbol, stream, from_seq, to_seq }) =>
      JSON.stringify([market, symbol, stream, from_seq, to_seq]),
    )
}

describe('faults', () => {
  it.each([1, 2, 3])(
    'occur in turn, and the log is exactly what the client received (seed %i)',
    async (seed) => {
      const faults = { everyMessages: 30, kinds: faultKinds, startAfterMessages: 40 }
      const sim = await startTestSim({ seed, faults, limits })
      const listeners = await listen(sim, spotOnly, 40)
      expect(firstDifference(readAsSent(listeners, sim.records), loggedAsSent(sim.records))).toBeNull()
      const { gap, duplicate, disconnect, malformed, duplicateAfterReconnect } = sim.counters.faults
      expect(Math.min(gap, duplicate, disconnect, malformed)).toBeGreaterThan(3)
      expect(Math.max(gap, duplicate, disconnect, malformed) - malformed).toBeLessThanOrEqual(1)
      expect(duplicateAfterReconnect).toBeGreaterThan(2)
      expect(injectedAsSeen(sim.records).sort()).toEqual(seenHoles(listeners, sim.records).sort())
      expect(injectedHoles(sim.records).edges.filter((edge) => edge.from_seq === null)).toEqual([])
    },
  )

  it('that nothing tells are in a frame as in the log: one level each, and all numbers go on', async () => {
    const faults = { everyMessages: 20, kinds: silentFaultKinds, startAfterMessages: 0 }
    const calm = await startTestSim({ limits })
    await listen(calm, spotOnly, 20)
    const sim = await startTestSim({ faults, limits })
    const listeners = await listen(sim, spotOnly, 20)
    expect(firstDifference(readAsSent(listeners, sim.records), loggedAsSent(sim.records))).toBeNull()
    const levels = ({ bids, asks }: EmissionRecord) => [...bids, ...asks]
    const taken = { corruptLevel: 0, omitDelete: 0 }
    for (const [at, record] of sim.records.entries()) {
      const before = calm.records[at] as EmissionRecord
      expect([record.stream, record.first, record.last]).toEqual([before.stream, before.first, before.last])
      if (record.fault === null) expect(levels(record)).toEqual(levels(before))
      else taken[record.fault as keyof typeof taken] += 1
      const said = new Set(levels(record).map(String))
      const missing = levels(before).filter((level) => !said.has(String(level)))
      expect(missing).toHaveLength(record.fault === null ? 0 : 1)
      const isLeftOut = levels(record).length < levels(before).length
      expect(isLeftOut).toBe(record.fault === 'omitDelete')
      if (isLeftOut) expect(Number(missing[0]?.[1])).toBe(0)
    }
    expect(sim.counters.faults).toMatchObject(taken)
    expect(Math.min(...Object.values(taken))).toBeGreaterThan(3)
  })

  it('hit all markets, and the log is exactly what their clients received', async () => {
    const faults = { everyMessages: 60, kinds: faultKinds, startAfterMessages: 40 }
    const markets = [spotMarket, linearMarket, inverseMarket]
    const sim = await startTestSim({ faults, limits, markets, liquidationsPerMinute: 60 })
    const listeners = await listen(sim, everything, 30)
    const sent = loggedAsSent(sim.records)
    expect(sent.length).toBeGreaterThan(5_000)
    expect(firstDifference(readAsSent(listeners, sim.records), sent)).toBeNull()
    expect(injectedAsSeen(sim.records).sort()).toEqual(seenHoles(listeners, sim.records).sort())
    for (const kind of ['gap', 'duplicate', 'malformed'] as const) {
      const hit = sim.records.filter(({ fault }) => fault === kind)
      expect(new Set(hit.map(({ market }) => market))).toEqual(new Set(['spot', 'linear', 'inverse']))
      expect(hit.some(({ table }) => table === 'funding' || table === 'liquidations')).toBe(false)
      expect(hit.some(({ stream }) => stream.startsWith('!'))).toBe(false)
    }
    const unsequenced = injectedHoles(sim.records).holes.filter(({ stream }) => /mark/i.test(stream))
    expect(unsequenced.length).toBeGreaterThan(0)
    for (const hole of unsequenced) {
      expect([hole.from_seq, hole.to_seq]).toEqual([null, null])
      expect(hole.to_ms as number).toBeGreaterThan(hole.from_ms as number)
    }
  })

  it('are told apart in the log', async () => {
    const faults = { everyMessages: 20, kinds: faultKinds, startAfterMessages: 0 }
    const sim = await startTestSim({ faults, limits })
    await listen(sim, spotOnly, 30)
    const by = (fault: EmissionRecord['fault']) => sim.records.filter((record) => record.fault === fault)
    for (const kind of ['duplicate', 'duplicateAfterReconnect'] as const) {
      expect(by(kind).length).toBeGreaterThan(3)
      for (const record of by(kind)) expect(record).toMatchObject({ copies: 2, wire: null })
    }
    for (const record of by('gap'))
      expect(record).toMatchObject({ copies: 0, connection: expect.any(Number), wire: null })
    for (const record of by('malformed'))
      expect(record).toMatchObject({ copies: 0, wire: expect.any(String) })
    for (const record of by('disconnect'))
      expect(record).toMatchObject({ copies: 0, connection: null, wire: null })
    for (const record of by(null)) expect(record).toMatchObject({ copies: 1, connection: expect.any(Number) })
    expect(by('outage')).toEqual([])
    expect(by('malformed')).toHaveLength(sim.counters.faults.malformed)
    const withheld = by('gap').length / sim.counters.faults.gap
    expect(withheld).toBeGreaterThan(1)
    expect(withheld).toBeLessThanOrEqual(4)
    expect(new Set(by('disconnect').map((record) => record.stream)).size).toBe(2)
  })

  it('come from the seed and the messages alone, not from the pace of the clock', async () => {
    const run = async (stepMs: number): Promise<readonly EmissionRecord[]> => {
      const kinds: readonly FaultKind[] = ['gap', 'duplicate', 'malformed']
      const sim = await startTestSim({
        seed: 5,
        limits,
        faults: { everyMessages: 15, kinds, startAfterMessages: 0 },
      })
      const client = await connect(sim.urls.spot.wsUrl + ALL)
      for (let ms = 0; ms < 8_000; ms += stepMs) sim.clock.advance(stepMs)
      await client.ask('LIST_SUBSCRIPTIONS')
      return sim.records
    }
    expect(firstDifference(await run(1_000), await run(50))).toBeNull()
  })

  it('close a connection behind everything sent before, however slowly the client reads', async () => {
    const faults = { everyMessages: 1, kinds: ['disconnect'] as const, startAfterMessages: 1_000 }
    const sim = await startTestSim({ faults, limits, levelsPerDiff: 300 })
    const client = await connect(sim.urls.spot.wsUrl + ALL)
    client.socket.pause()
    for (let i = 0; i < 100 && sim.counters.faults.disconnect === 0; i++) sim.clock.advance(1_000)
    sim.clock.advance(2_000)
    client.socket.resume()
    expect(await client.closed).toMatchObject({ code: 1001 })
    const read = client.texts.flatMap((text) => readWire('spot', text)).map((said) => JSON.stringify(said))
    const sent = sim.records
      .filter(({ copies }) => copies > 0)
      .map((record) => JSON.stringify(saidBy(record)))
    expect(firstDifference(read, sent)).toBeNull()
    expect(client.texts.length).toBeGreaterThanOrEqual(1_000)
    expect(sim.records.at(-1)).toMatchObject({ copies: 0, fault: 'disconnect' })
  })

  it('reach connections that carry nothing but sampled streams', async () => {
    const faults = { everyMessages: 10, kinds: faultKinds, startAfterMessages: 0 }
    const sim = await startTestSim({ markets: [linearMarket], faults, limits })
    const path = '/market/stream?streams=btcusdt@markPrice@1s/!markPrice@arr@1s'
    const listeners = await listen(sim, [{ market: 'linear', path }], 60)
    expect(sim.counters.faults.disconnect).toBeGreaterThan(3)
    expect(firstDifference(readAsSent(listeners, sim.records), loggedAsSent(sim.records))).toBeNull()
    const faultsSeen = new Set(sim.records.map(({ fault }) => fault))
    expect([...faultsSeen].every((fault) => fault === null || fault === 'disconnect')).toBe(true)
  })
})

describe('a stale snapshot', () => {
  it.each([
    ['spot', '/api/v3', 'BTCUSDT', ''],
    ['linear', '/fapi/v1', 'BTCUSDT', '/public'],
  ] as const)('of %s is from before the diff that is missing, once', async (market, api, symbol, route) => {
    const faults = { everyMessages: 1_000, kinds: ['staleSnapshot'] as const, startAfterMessages: -980 }
    const sim = await startTestSim({
      markets: [market === 'spot' ? spotMarket : linearMarket],
      faults,
      limits,
    })
    const client = await connect(`${sim.urls[market].wsUrl}${route}/stream?streams=btcusdt@depth@100ms`)
    for (let i = 0; i < 100 && !sim.records.some(({ fault }) => fault === 'gap'); i++) sim.clock.advance(100)
    sim.clock.advance(1_000)
    const url = `${sim.urls[market].restUrl}${api}/depth?symbol=${symbol}&limit=1000`
    const ask = async () => (await (await fetch(url)).json()) as { lastUpdateId: number }
    const [stale, fresh] = [await ask(), await ask()]
    await client.ask('LIST_SUBSCRIPTIONS')
    const missing = sim.records.findIndex(({ fault }) => fault === 'gap')
    const next = sim.records.slice(missing + 1).find(({ stream }) => stream === 'depth@100ms')!
    expect(stale.lastUpdateId).toBe(sim.records[missing - 1]!.last)
    expect(stale.lastUpdateId).toBeLessThan((next.first as number) - 1)
    expect(fresh.lastUpdateId).toBeGreaterThan(next.first as number)
    const snapshots = sim.records.filter(({ stream }) => stream === 'snapshot')
    expect(snapshots.map(({ fault, copies }) => [fault, copies])).toEqual([
      ['staleSnapshot', 1],
      [null, 1],
    ])
    expect(sim.counters.faults.staleSnapshot).toBe(1)
  })
})

describe('several subscribers of a stream', () => {
  const trades = (client: TestClient): number[] =>
    client.texts.flatMap((text) => JSON.parse(text).t ?? JSON.parse(text).data?.t ?? [])

  it('all get its messages, and a duplicate twice each', async () => {
    const faults = { everyMessages: 10, kinds: ['duplicate'] as const, startAfterMessages: 0 }
    const sim = await startTestSim({ ...spotOf('BTCUSDT'), faults, limits })
    const raw = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`)
    const combined = await connect(`${sim.urls.spot.wsUrl}/stream?streams=btcusdt@trade`)
    sim.clock.advance(5_000)
    await raw.ask('LIST_SUBSCRIPTIONS')
    await combined.ask('LIST_SUBSCRIPTIONS')
    const records = sim.records.filter((record) => record.stream === 'trade')
    expect(new Set(records.map((record) => record.copies))).toEqual(new Set([2, 4]))
    const expected = records.flatMap((record) => Array<number>(record.copies / 2).fill(record.last as number))
    expect(trades(raw)).toEqual(expected)
    expect(trades(combined)).toEqual(expected)
  })

  it('lose only the first of them to a disconnect', async () => {
    const faults = { everyMessages: 1_000, kinds: ['disconnect'] as const, startAfterMessages: -950 }
    const sim = await startTestSim({ ...spotOf('BTCUSDT'), faults, limits })
    const first = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`)
    const second = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`)
    for (let i = 0; i < 100 && sim.counters.faults.disconnect === 0; i++) sim.clock.advance(100)
    sim.clock.advance(1_000)
    expect(await first.closed).toMatchObject({ code: 1001 })
    await second.ask('LIST_SUBSCRIPTIONS')
    const records = sim.records.filter((record) => record.stream === 'trade')
    expect(trades(second)).toEqual(records.map((record) => record.last))
    expect(records.at(-1)).toMatchObject({ copies: 1, connection: 2, fault: null })
  })

  it('of a message of all symbols count for the events of their own market', async () => {
    const sim = await startTestSim({ markets: [linearMarket, inverseMarket] })
    const name = '!markPrice@arr@1s'
    const clients = await Promise.all([
      connect(`${sim.urls.linear.wsUrl}/market/stream?streams=${name}`),
      connect(`${sim.urls.inverse.wsUrl}/stream?streams=${name}`),
      connect(`${sim.urls.inverse.wsUrl}/stream?streams=${name}`),
    ])
    sim.clock.advance(2_000)
    for (const client of clients) await client.until((texts) => texts.length === 2)
    expect(new Set(clients.map(({ texts }) => texts[0])).size).toBe(1)
    const byMarket = (market: MarketName) => sim.records.filter((record) => record.market === market)
    expect(byMarket('linear').map(({ copies }) => copies)).toEqual([1, 1, 1, 1])
    expect(byMarket('inverse').map(({ copies }) => copies)).toEqual([2, 2, 2, 2])
  })
})

describe('a stream', () => {
  it('is logged from its first subscription on, also while everybody is away', async () => {
    const sim = await startTestSim(spotOf('BTCUSDT'))
    sim.clock.advance(2_000)
    expect(sim.records).toEqual([])
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`)
    sim.clock.advance(2_000)
    await client.ask('UNSUBSCRIBE', ['btcusdt@trade'])
    sim.clock.advance(2_000)
    const faults = sim.records.map((record) => record.fault)
    const runs = faults.filter((fault, index) => fault !== faults[index - 1])
    expect(runs).toEqual([null, 'outage'])
    expect(sim.records.map((record) => record.n)).toEqual(sim.records.map((_, index) => index + 1))
    expect(sim.counters.generated).toBe(sim.records.length)
  })
})
