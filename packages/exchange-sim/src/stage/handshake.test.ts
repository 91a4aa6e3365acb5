import { manualClock } from '@cryptoflow/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { memoryEmissionLog } from '../emission-log.ts'
import { connect, refusalOf } from '../testing/client.ts'
import type { HouseSettings } from './settings.ts'
import { type Stage, startStage } from './stage.ts'

const running: Stage[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((stage) => stage.stop()))
})

const kraken: HouseSettings = { exchange: 'kraken', market: 'spot', symbols: ['BTC/USD'] }
const futures: HouseSettings = { exchange: 'kraken', market: 'linear', symbols: ['PF_XBTUSD'] }
const upbit: HouseSettings = { exchange: 'upbit', market: 'spot', symbols: ['KRW-BTC'] }
const bybit: HouseSettings = { exchange: 'bybit', market: 'spot', symbols: ['BTCUSDT'] }
const okx: HouseSettings = { exchange: 'okx', market: 'spot', symbols: ['BTC-USDT'] }
const coinbase: HouseSettings = { exchange: 'coinbase', market: 'spot', symbols: ['BTC-USD'] }

/** A market in which nothing happens, on a clock that stands still. */
async function play(house: HouseSettings) {
  const clock = manualClock()
  const calm = { tradesPerSecond: 0, levelsPerDiff: 0, liquidationsPerMinute: 0 }
  const stage = await startStage({ seed: 1, houses: [house], ...calm, clock, log: memoryEmissionLog() })
  running.push(stage)
  const { wsUrl, restUrl } = stage.addresses[0] as Stage['addresses'][0]
  return { clock, stage, wsUrl, restUrl }
}

/** Comes in, and leaves again, so many times. */
async function visit(url: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) expect(await refusalOf(url)).toBeNull()
}

describe('a handshake', () => {
  it.each([
    [bybit, '/v5/public/spot', 500, { status: 403, retryAfter: undefined }, 5 * 60_000],
    [okx, '/ws/v5/public', 3, { status: 429, retryAfter: undefined }, 1_000],
    [coinbase, '/advanced', 8, { status: 429, retryAfter: undefined }, 1_000],
    [kraken, '/v2', 150, { status: 429, retryAfter: '600' }, 10 * 60_000],
    [upbit, '/websocket/v1', 5, { status: 429, retryAfter: undefined }, 1_000],
  ] as const)('of %o at %s is refused after %i of them', async (house, path, most, refusal, withinMs) => {
    const { clock, stage, wsUrl } = await play(house)
    await visit(wsUrl + path, most)
    expect(await refusalOf(wsUrl + path)).toEqual(refusal)
    expect(stage.counters).toMatchObject({ connections: most, handshakesRefused: 1 })
    clock.advance(withinMs)
    await visit(wsUrl + path, 1)
  })

  it('beyond the connections that may stand at once is refused until one of them ends', async () => {
    const { wsUrl } = await play(futures)
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(`${wsUrl}/ws/v1`)))
    expect(await refusalOf(`${wsUrl}/ws/v1`)).toEqual({ status: 429, retryAfter: undefined })
    clients[0]?.socket.close()
    await clients[0]?.closed
    expect(await refusalOf(`${wsUrl}/ws/v1`)).toBeNull()
  })

  it('with an Origin is let in once in ten seconds, and a request with one counts too', async () => {
    const { clock, wsUrl, restUrl } = await play(upbit)
    const ofBrowser = { origin: 'https://example.com' }
    const url = `${wsUrl}/websocket/v1`
    const ask = async (): Promise<number> =>
      (await fetch(`${restUrl}/v1/market/all`, { headers: ofBrowser })).status
    expect(await refusalOf(url, ofBrowser)).toBeNull()
    expect(await refusalOf(url, ofBrowser)).toEqual({ status: 429, retryAfter: undefined })
    expect(await ask()).toBe(429)
    expect(await refusalOf(url)).toBeNull()
    clock.advance(10_000)
    expect(await ask()).toBe(200)
    expect(await refusalOf(url, ofBrowser)).toEqual({ status: 429, retryAfter: undefined })
  })

  it('with an Origin is like any other where the exchange does not say otherwise', async () => {
    const { wsUrl } = await play(bybit)
    for (let i = 0; i < 3; i++)
      expect(await refusalOf(`${wsUrl}/v5/public/spot`, { origin: 'https://example.com' })).toBeNull()
  })
})

describe('a ping of the protocol', () => {
  it('is answered by every house, and counted', async () => {
    for (const [house, path] of [
      [bybit, '/v5/public/spot'],
      [okx, '/ws/v5/public'],
      [coinbase, '/advanced'],
      [kraken, '/v2'],
      [futures, '/ws/v1'],
      [upbit, '/websocket/v1'],
    ] as const) {
      const { stage, wsUrl } = await play(house)
      const client = await connect(wsUrl + path)
      expect(await client.ping('are you there')).toBe('are you there')
      expect(stage.counters.pingsHeard).toBe(1)
    }
  })

  it.each([
    [futures, '/ws/v1', 60_000, 'no ping'],
    [upbit, '/websocket/v1', 120_000, 'idle'],
  ] as const)('keeps a connection of %o at %s that ends without one after %i ms', async (...row) => {
    const [house, path, withinMs, reason] = row
    const { clock, stage, wsUrl } = await play(house)
    const client = await connect(wsUrl + path)
    for (let i = 0; i < 3; i++) {
      await client.ping()
      clock.advance(withinMs - 1_000)
    }
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    clock.advance(1_000)
    expect(await client.closed).toMatchObject({ reason })
    expect(stage.counters.pongTimeouts).toBe(1)
  })

  it.each([
    [kraken, '/v2', 60_000],
    [okx, '/ws/v5/public', 30_000],
    [bybit, '/v5/public/spot', 600_000],
  ] as const)('does not keep a connection of %o at %s, where only words count', async (house, path, ms) => {
    const { clock, wsUrl } = await play(house)
    const client = await connect(wsUrl + path)
    clock.advance(ms - 1_000)
    await client.ping()
    clock.advance(2_000)
    await client.closed
  })
})
