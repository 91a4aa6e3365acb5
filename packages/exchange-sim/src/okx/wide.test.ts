import { describe, expect, it } from 'vitest'
import type { TestClient } from '../testing/client.ts'
import { calm, type Json, linear, type Play, play, pushes, request, settled } from './house-support.ts'

const SWAPS = ['BTC-USDT-SWAP', 'ETH-USDT-SWAP']
const house = { ...linear, symbols: [...SWAPS, 'BTC-USDT-261225'] }
const forced = [{ channel: 'liquidation-orders', instType: 'SWAP' }]

/** Every order that a client was told of. */
function ordersOf(client: TestClient): Json[] {
  return pushes(client, 'liquidation-orders').flatMap(({ data }) =>
    data.flatMap(({ instId, details }: Json) => details.map((order: Json) => ({ instId, ...order }))),
  )
}

/** A second client that subscribes to liquidations now, once it has heard what it begins with. */
async function late(stage: Play): Promise<TestClient> {
  const client = await stage.client()
  await request(client, forced)
  await settled(client)
  return client
}

describe('what okx tells of all contracts of a type', () => {
  it('are liquidations of that type, at most one of a contract in a second', async () => {
    const stage = await play(house, { ...calm, liquidationsPerMinute: 600 })
    const client = await late(stage)
    stage.clock.advance(20_000)
    await settled(client)
    const orders = ordersOf(client)
    expect(new Set(orders.map(({ instId }) => instId))).toEqual(new Set(SWAPS))
    const seconds = orders.map(({ instId, ts }) => `${instId} ${Math.ceil(Number(ts) / 1000)}`)
    expect(new Set(seconds).size).toBe(seconds.length)
    expect(orders.length).toBeGreaterThan(30)
    expect(pushes(client, 'liquidation-orders').some(({ data }) => data.length === 2)).toBe(true)
  })

  it('begin with orders that were told before, which are no news', async () => {
    const stage = await play(house)
    const early = await late(stage)
    expect(pushes(early, 'liquidation-orders')).toEqual([])
    stage.clock.advance(10_000)
    await settled(early)
    const { length } = stage.records
    const repeated = ordersOf(await late(stage))
    expect(repeated.length).toBeGreaterThan(0)
    expect(repeated).toEqual(ordersOf(early).slice(-repeated.length))
    expect(stage.records).toHaveLength(length)
  })

  it('begin with nothing that was damaged on its way to everybody else', async () => {
    const faults = { everyMessages: 1, kinds: ['malformed'], startAfterMessages: 0 } as const
    const stage = await play(house, { faults })
    await late(stage)
    stage.clock.advance(10_000)
    expect(stage.records.length).toBeGreaterThan(5)
    expect(stage.records.every(({ copies, fault }) => copies === 0 && fault === 'malformed')).toBe(true)
    expect(ordersOf(await late(stage))).toEqual([])
  })

  it('begin with nothing that nobody got', async () => {
    const stage = await play(house)
    const early = await late(stage)
    early.socket.close()
    await early.closed
    stage.clock.advance(10_000)
    expect(stage.records.length).toBeGreaterThan(5)
    expect(ordersOf(await late(stage))).toEqual([])
  })

  it('are instruments: the list of both markets at first, then what changes', async () => {
    const stage = await play(house, calm)
    const client = await stage.client()
    await request(client, [{ channel: 'instruments', instType: 'SWAP' }])
    await settled(client)
    const [list] = pushes(client, 'instruments')
    expect(list?.data.map(({ instId }: Json) => instId)).toEqual([...SWAPS, 'LTC-USD-SWAP'])
    for (let i = 0; i < 5; i++) {
      stage.clock.advance(25_000)
      await settled(client)
    }
    const changes = pushes(client, 'instruments').slice(1)
    const states = changes.flatMap(({ data }) => data.map(({ instId, state }: Json) => `${instId} ${state}`))
    for (const symbol of SWAPS) {
      expect(states).toContain(`${symbol} suspend`)
      expect(states).toContain(`${symbol} live`)
    }
    expect(changes.every(({ data }) => data.length < 3)).toBe(true)
  })
})
