import { describe, expect, it } from 'vitest'
import { connect } from '../testing/client.ts'
import { inverseMarket, linearMarket, spotMarket, startTestSim } from '../testing/sim.ts'

const streamOf = (text: string): string => JSON.parse(text).stream ?? ''

describe('addresses', () => {
  it('are one a market, and asking for another market throws', async () => {
    const sim = await startTestSim({ markets: [spotMarket, linearMarket] })
    expect(Object.keys(sim.urls)).toEqual(['spot', 'linear'])
    expect(sim.urls.spot.wsUrl).not.toBe(sim.urls.linear.wsUrl)
    expect(() => sim.urls.inverse).toThrow('does not simulate')
  })
})

describe('routes', () => {
  const streams = ['btcusdt@depth@100ms', 'btcusdt@markPrice@1s']
  it.each([
    ['/public/stream', 'btcusdt@depth@100ms'],
    ['/market/stream', 'btcusdt@markPrice@1s'],
    ['/stream', 'btcusdt@depth@100ms'],
  ])('of the linear host: %s acknowledges all and carries its own', async (path, own) => {
    const sim = await startTestSim({ markets: [linearMarket] })
    const client = await connect(sim.urls.linear.wsUrl + path)
    expect(await client.ask('SUBSCRIBE', streams)).toMatchObject({ result: null })
    sim.clock.advance(3_000)
    expect(await client.ask('LIST_SUBSCRIPTIONS')).toMatchObject({ result: streams })
    const names = new Set(client.texts.map(streamOf))
    expect([...names].sort()).toEqual(['', own])
    expect(sim.records.every(({ stream }) => own.endsWith(stream))).toBe(true)
  })

  it('of the inverse host are all on one path, or as on the linear host by a setting', async () => {
    const names = ['btcusd_perp@depth@100ms', 'btcusd_perp@markPrice@1s']
    const unrouted = await startTestSim({ markets: [inverseMarket] })
    const one = await connect(`${unrouted.urls.inverse.wsUrl}/stream?streams=${names.join('/')}`)
    unrouted.clock.advance(3_000)
    await one.ask('LIST_SUBSCRIPTIONS')
    expect(new Set(one.texts.map(streamOf))).toEqual(new Set(['', ...names]))
    await expect(connect(`${unrouted.urls.inverse.wsUrl}/market/stream`)).rejects.toThrow('400')
    const routed = await startTestSim({ markets: [inverseMarket], inverseRouting: 'routed' })
    const two = await connect(`${routed.urls.inverse.wsUrl}/market/stream?streams=${names.join('/')}`)
    routed.clock.advance(3_000)
    await two.ask('LIST_SUBSCRIPTIONS')
    expect(new Set(two.texts.map(streamOf))).toEqual(new Set(['', names[1]]))
  })

  it('do not exist for spot, and unknown ones nowhere', async () => {
    const sim = await startTestSim({ markets: [spotMarket, linearMarket] })
    for (const path of ['/public/stream', '/market/ws'])
      await expect(connect(sim.urls.spot.wsUrl + path)).rejects.toThrow('400')
    for (const path of ['/private/ws', '/public/ws/', '/public/stream/', '/public', '/market/other'])
      await expect(connect(sim.urls.linear.wsUrl + path)).rejects.toThrow('400')
    const raw = await connect(`${sim.urls.linear.wsUrl}/public/ws/btcusdt@depth/ethusdt@depth`)
    expect(await raw.ask('LIST_SUBSCRIPTIONS')).toMatchObject({ result: ['btcusdt@depth', 'ethusdt@depth'] })
  })
})

describe('units of time', () => {
  it('are milliseconds, or microseconds for spot connections that ask for them in either case', async () => {
    const sim = await startTestSim()
    const paths = ['', '?timeUnit=MICROSECOND', '?timeUnit=microsecond', '?timeUnit=millisecond']
    const clients = await Promise.all(
      paths.map((path) => connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade${path}`)),
    )
    sim.clock.advance(1_000)
    for (const client of clients) await client.ask('LIST_SUBSCRIPTIONS')
    const times = clients.map(({ texts }) => JSON.parse(texts[0] as string).E)
    const sent = sim.records[0]!.sent_ms as number
    expect(times).toEqual([sent, sent * 1000, sent * 1000, sent])
  })

  it('are milliseconds on futures hosts whatever is asked for', async () => {
    const sim = await startTestSim({ markets: [linearMarket] })
    const client = await connect(`${sim.urls.linear.wsUrl}/public/ws/btcusdt@trade?timeUnit=MICROSECOND`)
    sim.clock.advance(1_000)
    await client.ask('LIST_SUBSCRIPTIONS')
    expect(JSON.parse(client.texts[0] as string).E).toBe(sim.records[0]!.sent_ms)
  })
})

describe('futures hosts', () => {
  it('close with 1008 a connection that sends an eleventh message within a second', async () => {
    const sim = await startTestSim({ markets: [linearMarket] })
    const client = await connect(`${sim.urls.linear.wsUrl}/public/ws`)
    for (let i = 0; i < 8; i++) await client.ask('LIST_SUBSCRIPTIONS')
    client.socket.ping()
    client.socket.pong()
    client.socket.pong()
    expect(await client.closed).toEqual({ code: 1008, reason: 'Too many requests' })
    expect(sim.counters.controlAccepted).toBe(8)
  })

  it('answer nonsense and then end the connection', async () => {
    const sim = await startTestSim({ markets: [inverseMarket] })
    const client = await connect(`${sim.urls.inverse.wsUrl}/ws`)
    client.send('what is this')
    await client.closed
    expect(client.texts).toEqual([
      '{"error":{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}}',
    ])
  })

  it('ping every three minutes and wait ten for the pong', async () => {
    const sim = await startTestSim({ markets: [linearMarket] })
    const client = await connect(`${sim.urls.linear.wsUrl}/public/ws`, { autoPong: false })
    sim.clock.advance(179_999)
    expect(sim.counters.pingsSent).toBe(0)
    sim.clock.advance(1)
    await client.until(() => client.pings.length === 1)
    sim.clock.advance(599_999)
    expect(await client.ask('LIST_SUBSCRIPTIONS')).toMatchObject({ result: [] })
    sim.clock.advance(1)
    expect(await client.closed).toMatchObject({ code: 1008 })
  })
})

describe('the end of a connection', () => {
  const heartbeat = {
    pingEveryMs: 10_000_000,
    pongWithinMs: 10_000_000,
    depthEveryMs: 1_000,
    tradesPerSecond: 0,
  }

  it('comes after 24 h, or after as long as the settings say', async () => {
    const sim = await startTestSim({ ...heartbeat, pingEveryMs: 90_000_000 })
    const client = await connect(`${sim.urls.spot.wsUrl}/ws`)
    sim.clock.advance(86_399_999)
    expect(await client.ask('LIST_SUBSCRIPTIONS')).toMatchObject({ result: [] })
    sim.clock.advance(1)
    expect(await client.closed).toMatchObject({ code: 1001 })
    expect([sim.counters.expiredConnections, sim.counters.shutdownNotices]).toEqual([1, 0])
  })

  it('is announced on spot when the settings say so, in the form of the connection', async () => {
    const settings = { ...heartbeat, connectionLifeMs: 60_000, shutdownNoticeMs: 10_000 }
    const sim = await startTestSim({ ...settings, markets: [spotMarket, linearMarket] })
    const raw = await connect(`${sim.urls.spot.wsUrl}/ws`)
    const combined = await connect(`${sim.urls.spot.wsUrl}/stream`)
    const futures = await connect(`${sim.urls.linear.wsUrl}/public/ws`)
    const startMs = sim.clock.nowUs() / 1000
    sim.clock.advance(49_999)
    expect(sim.counters.shutdownNotices).toBe(0)
    sim.clock.advance(1)
    expect(sim.counters.shutdownNotices).toBe(2)
    sim.clock.advance(10_000)
    for (const client of [raw, combined, futures]) expect(await client.closed).toMatchObject({ code: 1001 })
    const event = `{"e":"serverShutdown","E":${startMs + 50_000}}`
    expect(raw.texts).toEqual([event])
    expect(combined.texts).toEqual([`{"stream":"!serverShutdown","data":${event}}`])
    expect(futures.texts).toEqual([])
    expect(sim.counters.expiredConnections).toBe(3)
  })
})

describe('long addresses', () => {
  it('are refused beyond 8004 characters', async () => {
    const sim = await startTestSim()
    const path = '/stream?streams='
    const fill = (length: number): string => `${path}${'x'.repeat(length - path.length - 6)}@trade`
    await connect(sim.urls.spot.wsUrl + fill(8_004))
    await expect(connect(sim.urls.spot.wsUrl + fill(8_005))).rejects.toThrow('414')
  })
})
