import { connect as connectTcp } from 'node:net'
import { describe, expect, it } from 'vitest'
import { connect } from '../testing/client.ts'
import { inverseMarket, linearMarket, spotMarket, spotOf, startTestSim } from '../testing/sim.ts'

const streamOf = (text: string): string => JSON.parse(text).stream ?? ''

describe('subscriptions', () => {
  it('are acknowledged, listed, delivered in the combined wrapper, and end', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/stream`)
    client.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@depth@100ms'], id: 7 })
    await client.until((texts) => texts.length === 1)
    expect(client.texts[0]).toBe('{"result":null,"id":7}')
    expect(await client.ask('LIST_SUBSCRIPTIONS')).toMatchObject({
      result: ['btcusdt@trade', 'ethusdt@depth@100ms'],
    })
    sim.clock.advance(2_000)
    await client.ask('UNSUBSCRIBE', ['btcusdt@trade'])
    const streams = new Set(client.texts.map(streamOf))
    expect([...streams].sort()).toEqual(['', 'btcusdt@trade', 'ethusdt@depth@100ms'])
    const before = client.texts.length
    sim.clock.advance(2_000)
    await client.ask('LIST_SUBSCRIPTIONS')
    const later = new Set(client.texts.slice(before).map(streamOf))
    expect([...later].sort()).toEqual(['', 'ethusdt@depth@100ms'])
  })

  it('may stand in the URL, raw or combined, percent-encoded where they must be', async () => {
    const sim = await startTestSim(spotOf('BTCUSDT', '测试USDT'))
    const raw = await connect(
      `${sim.urls.spot.wsUrl}/ws/btcusdt@trade/${encodeURIComponent('测试usdt@depth@100ms')}`,
    )
    const combined = await connect(`${sim.urls.spot.wsUrl}/stream?streams=btcusdt@trade/btcusdt@bookTicker`)
    sim.clock.advance(2_000)
    await raw.ask('LIST_SUBSCRIPTIONS')
    await combined.ask('LIST_SUBSCRIPTIONS')
    const kinds = new Set(raw.texts.map((text) => `${JSON.parse(text).e} ${JSON.parse(text).s}`))
    expect([...kinds].sort()).toEqual(['depthUpdate 测试USDT', 'trade BTCUSDT', 'undefined undefined'])
    const streams = new Set(combined.texts.map(streamOf))
    expect([...streams].sort()).toEqual(['', 'btcusdt@bookTicker', 'btcusdt@trade'])
  })

  it('look exactly as the exchange writes them', async () => {
    const sim = await startTestSim(spotOf('BTCUSDT'))
    const client = await connect(
      `${sim.urls.spot.wsUrl}/ws/btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker`,
    )
    sim.clock.advance(2_000)
    await client.ask('LIST_SUBSCRIPTIONS')
    const number = '"\\d+\\.\\d{8}"'
    const levels = `\\[(\\[${number},${number}\\],?)*\\]`
    const shapes = [
      `^{"e":"trade","E":\\d{13},"s":"BTCUSDT","t":\\d{10},"p":${number},"q":${number},"T":\\d{13},"m":(true|false),"M":true}$`,
      `^{"e":"depthUpdate","E":\\d{13},"s":"BTCUSDT","U":\\d{11},"u":\\d{11},"b":${levels},"a":${levels}}$`,
      `^{"u":\\d{11},"s":"BTCUSDT","b":${number},"B":${number},"a":${number},"A":${number}}$`,
    ].map((shape) => new RegExp(shape))
    const counts = shapes.map((shape) => client.texts.filter((text) => shape.test(text)).length)
    expect(Math.min(...counts)).toBeGreaterThan(10)
    expect(counts.reduce((sum, count) => sum + count)).toBe(client.texts.length - 1)
  })

  it('to a stream that does not exist are acknowledged and stay silent', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/stream`)
    const names = ['nosuchusdt@trade', 'BTCUSDT@trade', 'btcusdt@kline_1m', '__proto__@constructor']
    expect(await client.ask('SUBSCRIBE', names)).toMatchObject({ result: null })
    sim.clock.advance(3_000)
    await client.ask('LIST_SUBSCRIPTIONS')
    expect(client.texts).toHaveLength(2)
  })

  it('that are no stream names, and frames that are no JSON, are answered with errors', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/ws`)
    client.send('what is this')
    expect(await client.ask('SUBSCRIBE', ['btcusdt'])).toMatchObject({ error: { code: 2 } })
    expect(JSON.parse(client.texts[0] as string)).toMatchObject({ error: { code: 3 } })
    expect(sim.counters.controlRefused).toBe(2)
  })

  it('switch between raw and combined by property', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`)
    expect(await client.ask('GET_PROPERTY', ['combined'])).toMatchObject({ result: false })
    await client.ask('SET_PROPERTY', ['combined', true])
    sim.clock.advance(2_000)
    expect(await client.ask('GET_PROPERTY', ['combined'])).toMatchObject({ result: true })
    expect(
      client.texts.some((text) => text.startsWith('{"stream":"btcusdt@trade","data":{"e":"trade"')),
    ).toBe(true)
  })
})

describe('limits', () => {
  it('close with 1008 a connection that sends a sixth message within a second', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`)
    for (let i = 0; i < 5; i++) await client.ask('LIST_SUBSCRIPTIONS')
    sim.clock.advance(1_000)
    for (let i = 0; i < 4; i++) await client.ask('LIST_SUBSCRIPTIONS')
    client.socket.ping()
    client.socket.pong()
    expect(await client.closed).toEqual({ code: 1008, reason: 'Too many requests' })
    expect(sim.counters.messageFloods).toBe(1)
  })

  it('refuse more than 1024 streams on a connection as a whole', async () => {
    const sim = await startTestSim({ limits: { spot: { clientFrameBytes: 100_000 } } })
    const client = await connect(`${sim.urls.spot.wsUrl}/ws`)
    const names = Array.from({ length: 1_024 }, (_, i) => `coin${i}usdt@trade`)
    expect(await client.ask('SUBSCRIBE', names)).toMatchObject({ result: null })
    expect(await client.ask('SUBSCRIBE', names.slice(0, 3))).toMatchObject({ result: null })
    expect(await client.ask('SUBSCRIBE', ['btcusdt@trade'])).toMatchObject({ error: { code: 2 } })
    expect(await client.ask('LIST_SUBSCRIPTIONS')).toMatchObject({ result: names })
  })

  it('leave frames of more than 4096 wire bytes unanswered', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/ws`)
    const frame = (bytes: number): string => {
      const empty = JSON.stringify({ method: 'SUBSCRIBE', params: ['@trade'], id: 1 })
      return empty.replace('@trade', `${'x'.repeat(bytes - 8 - empty.length)}@trade`)
    }
    client.send(frame(4_097))
    client.send(frame(4_096))
    expect(await client.ask('LIST_SUBSCRIPTIONS')).toMatchObject({ result: [expect.any(String)] })
    expect(client.texts).toHaveLength(2)
    expect(sim.counters.controlIgnored).toBe(1)
  })

  it('refuse handshakes beyond so many attempts in five minutes, and allow them again afterwards', async () => {
    const sim = await startTestSim({ limits: { spot: { connectsPerFiveMinutes: 2 } } })
    sim.clock.advance(300_000)
    await connect(`${sim.urls.spot.wsUrl}/ws`)
    await connect(`${sim.urls.spot.wsUrl}/ws`)
    await expect(connect(`${sim.urls.spot.wsUrl}/ws`)).rejects.toThrow('429')
    sim.clock.advance(300_000)
    await connect(`${sim.urls.spot.wsUrl}/ws`)
  })
})

describe('a client that does not read', () => {
  it('is closed when too much waits for it, and still gets all that was sent', async () => {
    const limits = { spot: { unsentBytesPerConnection: 100_000 } }
    const sim = await startTestSim({ levelsPerDiff: 800, limits })
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@depth@100ms`)
    client.socket.pause()
    for (let i = 0; i < 300 && sim.counters.slowConsumers === 0; i++) sim.clock.advance(1_000)
    client.socket.resume()
    expect(await client.closed).toMatchObject({ code: 1008 })
    const streams = sim.records.filter(
      ({ symbol, stream }) => `${symbol} ${stream}` === 'BTCUSDT depth@100ms',
    )
    const sent = streams.filter((record) => record.copies === 1)
    expect(client.texts.map((text) => JSON.parse(text).U)).toEqual(sent.map((record) => record.first))
    expect(streams.at(-1)).toMatchObject({ copies: 0, fault: 'outage', wire: null })
    expect(sim.counters.slowConsumers).toBe(1)
  })
})

describe('the handshake', () => {
  it.each([
    '/',
    '/ws/',
    '/stream/',
    '/stream?streams=',
    '/ws/btcusdt',
    '/ws/%ff@trade',
    '/stream?timeUnit=NANOSECOND',
    '/other',
  ])('is refused for %s', async (path) => {
    const sim = await startTestSim()
    await expect(connect(sim.urls.spot.wsUrl + path)).rejects.toThrow('400')
    expect(sim.counters.handshakesRefused).toBe(1)
  })

  it('survives clients that send nonsense or hang up', async () => {
    const sim = await startTestSim()
    const port = Number(new URL(sim.urls.spot.restUrl).port)
    for (const text of [
      '\0\0\0',
      'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      '',
    ]) {
      const socket = connectTcp(port, '127.0.0.1')
      await new Promise((resolve) => {
        socket.on('close', resolve).on('error', resolve).resume()
        socket.end(text)
      })
    }
    const client = await connect(`${sim.urls.spot.wsUrl}/ws`)
    expect(await client.ask('LIST_SUBSCRIPTIONS')).toMatchObject({ result: [] })
  })
})

describe('the heartbeat', () => {
  it('pings with a payload and keeps a connection that copies it', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/ws`)
    for (let round = 1; round <= 6; round++) {
      sim.clock.advance(20_000)
      await client.until(() => client.pings.length === round)
      await client.ask('LIST_SUBSCRIPTIONS')
    }
    expect(client.pings.every((payload) => payload.length > 0)).toBe(true)
    expect(sim.counters.pongTimeouts).toBe(0)
  })

  it('is not kept alive by a pong that copies a ping answered before', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/ws`, { autoPong: false })
    sim.clock.advance(20_000)
    await client.until(() => client.pings.length === 1)
    client.socket.pong(client.pings[0])
    await client.ask('LIST_SUBSCRIPTIONS')
    sim.clock.advance(20_000)
    await client.until(() => client.pings.length === 2)
    client.socket.pong(client.pings[0])
    await client.ask('LIST_SUBSCRIPTIONS')
    sim.clock.advance(60_000)
    expect(await client.closed).toMatchObject({ code: 1008 })
  })

  it('closes a connection whose pong is missing for 60 s, unsolicited pongs notwithstanding', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`, { autoPong: false })
    sim.clock.advance(20_000)
    await client.until(() => client.pings.length === 1)
    client.socket.pong()
    client.socket.pong('unsolicited')
    sim.clock.advance(59_999)
    expect(await client.ask('LIST_SUBSCRIPTIONS')).toMatchObject({ result: ['btcusdt@trade'] })
    sim.clock.advance(1)
    expect(await client.closed).toMatchObject({ code: 1008 })
    expect(sim.counters.pongTimeouts).toBe(1)
  })
})

describe('stopping', () => {
  it('ends emission at once and leaves connections and books alone', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/stream?streams=btcusdt@trade`)
    sim.clock.advance(2_000)
    sim.stopEmitting()
    const generated = sim.records.length
    sim.clock.advance(2_000)
    await client.ask('LIST_SUBSCRIPTIONS')
    expect(sim.records.length).toBe(generated)
    expect((await fetch(`${sim.urls.spot.restUrl}/api/v3/depth?symbol=BTCUSDT`)).status).toBe(200)
  })

  it('closes connections with 1001 behind everything sent before', async () => {
    const sim = await startTestSim()
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`)
    sim.clock.advance(5_000)
    client.socket.pause()
    const stopped = sim.stop()
    client.socket.resume()
    await stopped
    expect(await client.closed).toMatchObject({ code: 1001 })
    const sent = sim.records.filter((record) => record.copies === 1)
    expect(sent.length).toBeGreaterThan(50)
    expect(client.texts.map((text) => JSON.parse(text).t)).toEqual(sent.map((record) => record.first))
  })

  it('refuses settings that cannot be met', async () => {
    const wrong = [
      spotOf(),
      spotOf('BTCUSDT', 'BTCUSDT'),
      { markets: [] },
      { markets: [spotMarket, spotMarket] },
      { depthEveryMs: 0.5 },
      { tradesPerSecond: -1 },
      { liquidationsPerMinute: -1 },
      { since: 'yesterday' },
      { bookLevels: 10 },
      { connectionLifeMs: 0 },
      { faults: { everyMessages: 0, kinds: [], startAfterMessages: 0 } },
    ]
    for (const settings of wrong) await expect(startTestSim(settings)).rejects.toThrow('settings')
    await expect(startTestSim(spotOf('btcusdt'))).rejects.toThrow('symbol')
    await expect(startTestSim(spotOf('BTC/USDT'))).rejects.toThrow('symbol')
    await expect(startTestSim({ markets: [{ market: 'inverse', symbols: ['BTCUSD'] }] })).rejects.toThrow(
      'symbol',
    )
  })

  it('leaves no server behind when one of several cannot listen', async () => {
    const { urls } = await startTestSim()
    const port = Number(new URL(urls.spot.restUrl).port)
    await expect(startTestSim({ markets: [linearMarket, { ...inverseMarket, port }] })).rejects.toThrow(
      'EADDRINUSE',
    )
  })
})
