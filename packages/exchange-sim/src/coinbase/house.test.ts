import type { Market } from '@cryptoflow/model'
import { afterEach, describe, expect, it } from 'vitest'
import type { StageSettings } from '../stage/settings.ts'
import { connect, type TestClient } from '../testing/client.ts'
import { type Json, play as playMarket, stopAll } from './test-house.ts'

afterEach(stopAll)

const spot = { market: 'spot', symbols: ['BTC-USD', 'ETH-USD'] } as const
const silent = { tradesPerSecond: 0, levelsPerDiff: 0, liquidationsPerMinute: 0 }

async function play(
  { market, symbols }: { readonly market: Market; readonly symbols: readonly string[] } = spot,
  more: Partial<StageSettings> = {},
) {
  const scene = await playMarket(market, symbols, { seed: 3, tradesPerSecond: 20, ...more })
  return { ...scene, at: (path: string) => scene.wsUrl + path }
}

const parsed = (client: TestClient): Json[] => client.texts.map((text) => JSON.parse(text) as Json)
const isAck = ({ channel, type }: Json): boolean => channel === 'subscriptions' || type === 'subscriptions'

/** Asks and waits for the answer: a list of subscriptions or an error. */
async function asked(client: TestClient, request: Json): Promise<Json> {
  const isAnswer = (message: Json): boolean => isAck(message) || message.type === 'error'
  const before = parsed(client).filter(isAnswer).length
  client.send(request)
  await client.until(() => parsed(client).filter(isAnswer).length > before)
  return parsed(client).filter(isAnswer)[before] as Json
}

const advanced = (channel: string, product_ids?: readonly string[], type = 'subscribe'): Json => ({
  type,
  channel,
  ...(product_ids === undefined ? {} : { product_ids }),
})
const exchange = (channels: readonly unknown[], product_ids?: readonly string[], type = 'subscribe') => ({
  type,
  channels,
  ...(product_ids === undefined ? {} : { product_ids }),
})

describe('the Advanced socket', () => {
  it('answers with all that is subscribed, and counts every frame of the connection from 0', async () => {
    const { clock, at } = await play()
    const client = await connect(at('/advanced'))
    expect((await asked(client, advanced('heartbeats'))).events).toEqual([
      { subscriptions: { heartbeats: ['heartbeats'] } },
    ])
    await asked(client, advanced('level2', ['BTC-USD', 'ETH-USD']))
    const ack = await asked(client, advanced('market_trades', ['BTC-USD']))
    expect(ack.events).toEqual([
      {
        subscriptions: {
          heartbeats: ['heartbeats'],
          level2: ['BTC-USD', 'ETH-USD'],
          market_trades: ['BTC-USD'],
        },
      },
    ])
    clock.advance(3_000)
    await client.until((texts) => texts.some((text) => text.includes('"heartbeat_counter":2}')))
    const frames = parsed(client)
    expect(frames.length).toBeGreaterThan(50)
    expect(frames.map(({ sequence_num }) => sequence_num)).toEqual(frames.map((_, index) => index))
    expect(new Set(frames.map(({ channel }) => channel))).toEqual(
      new Set(['subscriptions', 'l2_data', 'market_trades', 'heartbeats']),
    )
  })

  it('leaves a hole in the count of the connection where a frame was withheld', async () => {
    const faults = { everyMessages: 20, kinds: ['gap'] as const, startAfterMessages: 20 }
    const { clock, at, records } = await play(spot, { faults })
    const client = await connect(at('/advanced'))
    await asked(client, advanced('heartbeats'))
    await asked(client, advanced('level2', ['BTC-USD']))
    clock.advance(5_000)
    await client.until((texts) => texts.some((text) => text.includes('"heartbeat_counter":4}')))
    const places = parsed(client).map(({ sequence_num }) => sequence_num)
    const missing = (places.at(-1) ?? 0) + 1 - places.length
    expect(missing).toBeGreaterThan(0)
    expect(missing).toBe(records.filter(({ fault }) => fault === 'gap').length)
  })

  it('sends each book whole, before or behind the acknowledgement, and goes on from it', async () => {
    const { clock, at } = await play()
    clock.advance(1_000)
    const orders = new Set<string>()
    for (let i = 0; i < 6; i++) {
      const client = await connect(at('/'))
      await asked(client, advanced('level2', ['BTC-USD']))
      await client.until((texts) => texts.length === 2)
      const [first, second] = parsed(client)
      orders.add(`${first?.channel} ${second?.channel}`)
      const book = first?.channel === 'l2_data' ? first : second
      expect(book?.events).toMatchObject([{ type: 'snapshot', product_id: 'BTC-USD' }])
      clock.advance(1_000)
    }
    expect(orders).toEqual(new Set(['l2_data subscriptions', 'subscriptions l2_data']))
  })

  it('ends a subscription, and begins another one with the book of then', async () => {
    const { clock, at } = await play()
    const client = await connect(at('/'))
    await asked(client, advanced('level2', ['ETH-USD']))
    clock.advance(200)
    const ack = await asked(client, advanced('level2', ['ETH-USD'], 'unsubscribe'))
    expect(ack.events).toEqual([{ subscriptions: {} }])
    const before = parsed(client).length
    clock.advance(500)
    await asked(client, advanced('level2', ['ETH-USD']))
    await client.until((texts) => texts.length >= before + 2)
    const [event] = parsed(client).flatMap(({ channel, events }, index) =>
      channel === 'l2_data' && index >= before ? events : [],
    )
    expect(event.type).toBe('snapshot')
  })

  it('brings the data of the pair with USD under that name to who asks for the one with USDC', async () => {
    const { clock, at } = await play()
    const client = await connect(at('/'))
    const ack = await asked(client, advanced('level2', ['BTC-USDC']))
    expect(ack.events).toEqual([{ subscriptions: { level2: ['BTC-USDC'] } }])
    clock.advance(200)
    await client.until((texts) => texts.length > 3)
    const names = parsed(client).flatMap(({ channel, events }) =>
      channel === 'l2_data' ? [events[0].product_id] : [],
    )
    expect(new Set(names)).toEqual(new Set(['BTC-USD']))
    await asked(client, advanced('level2', ['BTC-USD']))
    await asked(client, advanced('level2', ['BTC-USDC'], 'unsubscribe'))
    const before = client.texts.length
    clock.advance(200)
    await client.until((texts) => texts.length > before)
    const types = parsed(client).flatMap(({ channel, events }) =>
      channel === 'l2_data' ? [events[0].type] : [],
    )
    expect(types.filter((type) => type === 'snapshot')).toHaveLength(1)
  })

  it('refuses what it has not, what needs a key, and lists of channels, without a place in the count', async () => {
    const { at } = await play()
    const client = await connect(at('/advanced'))
    const refused = async (request: Json): Promise<string> => {
      const { type, message, sequence_num } = await asked(client, request)
      expect([type, sequence_num]).toEqual(['error', undefined])
      return message
    }
    expect(await refused(advanced('user', ['BTC-USD']))).toBe('authentication failure')
    expect(await refused(advanced('level3', ['BTC-USD']))).toContain('level3')
    expect(await refused(advanced('level2', ['BTC-USD', 'XRP-USD']))).toContain('XRP-USD')
    expect(await refused(exchange(['matches'], ['BTC-USD']))).toContain('one channel')
    expect(await refused({ type: 'hello' })).toContain('invalid')
    const ack = await asked(client, advanced('level2', ['BTC-USD']))
    expect(ack.events).toEqual([{ subscriptions: { level2: ['BTC-USD'] } }])
  })

  it('takes eight messages a second of an address, over all its connections', async () => {
    const { clock, at } = await play(spot, silent)
    const [one, other] = [await connect(at('/advanced')), await connect(at('/advanced'))]
    const counts = { ack: 0, error: 0 }
    for (let i = 0; i < 12; i++) {
      const { type } = await asked(i % 2 === 0 ? one : other, advanced('heartbeats'))
      counts[type === 'error' ? 'error' : 'ack'] += 1
    }
    expect(counts).toEqual({ ack: 8, error: 4 })
    clock.advance(1_000)
    expect((await asked(one, advanced('heartbeats'))).channel).toBe('subscriptions')
  })

  it('closes who has not subscribed within five seconds, and who gets nothing for ninety', async () => {
    const { clock, at } = await play(spot, silent)
    const [idle, refused] = [await connect(at('/')), await connect(at('/advanced'))]
    await asked(refused, advanced('level9', ['BTC-USD']))
    const [quiet, beating] = [await connect(at('/')), await connect(at('/'))]
    await asked(quiet, advanced('level2', ['BTC-USD']))
    await asked(beating, advanced('heartbeats'))
    clock.advance(5_000)
    expect(await idle.closed).toMatchObject({ code: 1008 })
    expect(await refused.closed).toMatchObject({ code: 1008 })
    clock.advance(80_000)
    expect(quiet.socket.readyState).toBe(quiet.socket.OPEN)
    clock.advance(10_000)
    expect(await quiet.closed).toMatchObject({ reason: 'no updates' })
    expect((await asked(beating, advanced('heartbeats'))).channel).toBe('subscriptions')
  })
})

describe('the Exchange socket', () => {
  it('answers with all that is subscribed, and calls the batched book by its depth', async () => {
    const { at } = await play()
    const client = await connect(at('/'))
    await asked(client, exchange(['matches'], ['BTC-USD']))
    const ack = await asked(client, exchange([{ name: 'level2_batch', product_ids: ['ETH-USD'] }]))
    expect(ack).toEqual({
      type: 'subscriptions',
      channels: [
        { name: 'matches', product_ids: ['BTC-USD'], account_ids: null },
        { name: 'level2_50', product_ids: ['ETH-USD'], account_ids: null },
      ],
    })
    await client.until((texts) => texts.length === 3)
    expect(parsed(client)[2]).toMatchObject({ type: 'snapshot', product_id: 'ETH-USD' })
    const end = await asked(client, exchange(['matches'], ['BTC-USD'], 'unsubscribe'))
    expect(end.channels.map(({ name }: Json) => name)).toEqual(['level2_50'])
  })

  it('refuses books that need a key, wrong products and wrong channels, and lists what stands', async () => {
    const { at } = await play()
    const client = await connect(at('/exchange'))
    const refused = async (request: Json): Promise<string> => {
      const before = client.texts.length
      const { message, reason } = await asked(client, request)
      expect(message).toBe('Failed to subscribe')
      await client.until((texts) => texts.length === before + 2)
      expect(parsed(client).at(-1)).toEqual({ type: 'subscriptions', channels: [] })
      return reason
    }
    expect(await refused(exchange(['matches', 'level2'], ['BTC-USD']))).toContain('require authentication')
    expect(await refused(exchange(['level3'], ['BTC-USD']))).toContain('require authentication')
    expect(await refused(exchange(['matches'], ['BTC-USDC']))).toBe('BTC-USDC is not a valid product')
    expect(await refused(exchange(['trades'], ['BTC-USD']))).toBe('trades is not a valid channel')
    expect(await refused(advanced('matches', ['BTC-USD']))).toContain('no product')
  })

  it('begins with the last match, and tells in heartbeats which one a listener must have heard', async () => {
    const faults = { everyMessages: 30, kinds: ['gap'] as const, startAfterMessages: 10 }
    const { clock, at, records } = await play(spot, { faults })
    clock.advance(1_000)
    const client = await connect(at('/exchange'))
    await asked(client, exchange(['matches', 'heartbeat'], ['BTC-USD']))
    clock.advance(9_000)
    await client.until(() => parsed(client).filter(({ type }) => type === 'heartbeat').length === 9)
    const messages = parsed(client)
    expect(messages[1]?.type).toBe('last_match')
    const ids = messages.flatMap(({ trade_id }) => trade_id ?? [])
    const beat = messages.findLast(({ type }) => type === 'heartbeat') as Json
    const missing = beat.last_trade_id - ids[0] + 1 - ids.filter((id) => id <= beat.last_trade_id).length
    expect(missing).toBeGreaterThan(0)
    expect(missing).toBe(records.filter(({ fault }) => fault === 'gap').length)
    const sequences = messages.flatMap(({ type, sequence }) => (type === 'match' ? sequence : []))
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
  })

  it('is not there for the contracts', async () => {
    const { at } = await play({ market: 'linear', symbols: ['BTC-PERP-INTX'] })
    expect(await (await connect(at('/exchange'))).closed).toMatchObject({ code: 1008 })
    const client = await connect(at('/'))
    expect((await asked(client, exchange(['matches'], ['BTC-PERP-INTX']))).type).toBe('error')
  })
})

describe('a house of coinbase', () => {
  it.each([
    ['spot', 'BTC-USDC'],
    ['spot', 'BTC-PERP-INTX'],
    ['linear', 'BTC-USD'],
    ['inverse', 'BTC-USD'],
  ] as const)('cannot trade %s %s', async (market, symbol) => {
    await expect(play({ market, symbols: [symbol] })).rejects.toThrow('cannot trade')
  })

  it('is the same for the same seed', async () => {
    const told = await Promise.all(
      [1, 2].map(async () => {
        const { clock, at, records } = await play()
        const client = await connect(at('/'))
        await asked(client, advanced('market_trades', ['BTC-USD']))
        await asked(client, advanced('level2', ['BTC-USD']))
        clock.advance(2_000)
        await client.until((texts) => texts.length > 40)
        return { records, texts: client.texts.slice(0, 40) }
      }),
    )
    expect(told[0]?.records.length).toBeGreaterThan(40)
    expect(told[0]).toEqual(told[1])
  })
})
