import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventBatch, type Market, StringTable } from '@cryptoflow/model'
import { plainEvents } from '@cryptoflow/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSameBatch } from '../test-support.ts'
import { decodeExact } from './exact.ts'
import { decodeFast, decodeFrame } from './frame.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }
const markets: readonly Market[] = ['spot', 'linear']
const names = new StringTable()
const fast = new EventBatch(names)
const exact = new EventBatch(names)

/** Whether the fast path takes the frame; when it does, the exact path must give the same. */
function isTaken(frame: Uint8Array | string, market: Market = 'spot'): boolean {
  const bytes = typeof frame === 'string' ? encoder.encode(frame) : frame
  fast.clear()
  exact.clear()
  fast.connectionSeq = exact.connectionSeq = -7
  const taken = decodeFast(market, bytes, fast)
  const outcome = decodeExact(market, bytes, exact)
  if (!taken) {
    expect([fast.count, fast.entryCount]).toEqual([0, 0])
    return false
  }
  expect(outcome).toEqual({ kind: 'events' })
  expect(fast.connectionSeq).toBe(exact.connectionSeq)
  if (!isSameBatch(fast, exact)) expect(plainEvents(fast)).toEqual(plainEvents(exact))
  return true
}

const product = fc.constantFrom('BTC-USD', 'ETH-BTC', 'A-B', '00-USDC', '测试-USD', '1000SHIB-EUR')
const usual = fc
  .tuple(fc.nat(999_999_999), fc.nat(99_999_999), fc.nat(8))
  .map(([whole, part, digits]) =>
    digits === 0 ? `${whole}` : `${whole}.${String(part).padStart(8, '0').slice(0, digits)}`,
  )
const wide = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), fc.stringMatching(/^\d{1,18}$/))
  .map(([whole, part]) => `${whole}.${part}`)
const number = fc.oneof(
  { weight: 9, arbitrary: usual },
  { weight: 1, arbitrary: fc.oneof(wide, fc.constant('6E-8')) },
)
const time = fc
  .tuple(
    fc.integer({ min: Date.UTC(2008, 0, 1), max: Date.UTC(2200, 0, 1) }),
    fc.stringMatching(/^(\.\d{1,9})?$/),
  )
  .map(([ms, part]) => `${new Date(ms).toISOString().slice(0, 19)}${part}Z`)
const few = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { minLength: 1, maxLength: 6 })

function enveloped(channel: string, events: fc.Arbitrary<object[]>): fc.Arbitrary<string> {
  return fc
    .tuple(time, fc.maxSafeNat(), events, fc.boolean())
    .map(([timestamp, sequence_num, list, isNamed]) => {
      const client = isNamed ? { client_id: '' } : {}
      return JSON.stringify({ channel, ...client, timestamp, sequence_num, events: list })
    })
}

const times = fc.array(time, { minLength: 1, maxLength: 2 })
const update = fc
  .tuple(times, few(fc.tuple(fc.constantFrom('bid', 'offer'), fc.nat(1), number, number)))
  .map(([event_times, levels]) =>
    levels.map(([side, at, price_level, new_quantity]) => ({
      side,
      event_time: event_times[at % event_times.length],
      price_level,
      new_quantity,
    })),
  )
const books = enveloped(
  'l2_data',
  few(
    fc
      .tuple(fc.constantFrom('snapshot', 'update'), product, fc.oneof(update, fc.constant([])))
      .map(([type, product_id, updates]) => ({ type, product_id, updates })),
  ),
)

const tradeFields = fc.tuple(product, number, number, time, fc.constantFrom('BUY', 'SELL'))
const trades = enveloped(
  'market_trades',
  fc
    .tuple(fc.nat(2 ** 40), few(tradeFields), fc.boolean(), fc.boolean())
    .map(([from, list, isNewestFirst, isLive]) => {
      const all = list.map(([product_id, price, size, time, side], i) => {
        const trade_id = String(from + i)
        return isLive
          ? { product_id, trade_id, price, size, time, side }
          : { trade_id, product_id, price, size, side, time }
      })
      return [{ type: 'update', trades: isNewestFirst ? all.reverse() : all }]
    }),
)

const uuid = fc.uuid()
const matches = fc
  .tuple(
    fc.constantFrom('match', 'last_match'),
    fc.maxSafeNat(),
    uuid,
    fc.oneof(uuid, fc.constant('x')),
    tradeFields,
  )
  .map(([type, trade_id, maker_order_id, taker_order_id, [product_id, price, size, time, side]]) => {
    const ids = { trade_id, maker_order_id, taker_order_id }
    return JSON.stringify({
      type,
      ...ids,
      side: side.toLowerCase(),
      size,
      price,
      product_id,
      sequence: trade_id,
      time,
    })
  })
const level = fc.tuple(number, number)
const snapshots = fc
  .tuple(product, fc.array(level, { maxLength: 6 }), fc.array(level, { maxLength: 6 }))
  .map(([product_id, asks, bids]) => JSON.stringify({ type: 'snapshot', product_id, asks, bids }))
const changes = fc
  .tuple(product, fc.array(fc.tuple(fc.constantFrom('buy', 'sell'), number, number), { maxLength: 6 }), time)
  .map(([product_id, list, time]) => JSON.stringify({ type: 'l2update', product_id, changes: list, time }))

const messages = { books, trades, matches, snapshots, changes }

describe('the fast path', () => {
  it.each(Object.entries(messages))(
    'reads %s in the usual spelling as the exact path does',
    (name, frames) => {
      let taken = 0
      fc.assert(
        fc.property(frames, (frame) => {
          const isWide = /"\d{16,}"|E-8/.test(frame.replaceAll('.', ''))
          const isFast = isTaken(frame)
          taken += Number(isFast)
          // Newest first and beyond 2^53 at once: put in order by the exact path.
          if (name !== 'trades' || !isWide) expect(isFast).toBe(true)
        }),
        { ...seeded, numRuns: 400 },
      )
      expect(taken).toBeGreaterThan(250)
    },
  )

  it.each(Object.entries(messages))(
    'reads %s with other bytes as the exact path does, or not at all',
    (_name, frames) => {
      const edit = fc.tuple(
        fc.nat(),
        fc.constantFrom('set', 'insert', 'remove', 'cut', 'double'),
        fc.nat(255),
      )
      const character = fc.constantFrom(...encoder.encode('"\\{}[],:.0159-+eEZTbidofersull_\u007f \n'))
      fc.assert(
        fc.property(
          frames,
          fc.array(edit, { minLength: 1, maxLength: 2 }),
          character,
          (frame, edits, byte) => {
            const bytes = [...encoder.encode(frame)]
            for (const [where, kind, any] of edits) {
              const at = where % bytes.length
              if (kind === 'set') bytes[at] = any < 200 ? byte : any
              else if (kind === 'insert') bytes.splice(at, 0, byte)
              else if (kind === 'remove') bytes.splice(at, 1)
              else if (kind === 'double') bytes.splice(at, 0, ...bytes.slice(at, at + (any % 40)))
              else bytes.length = Math.max(at, 1)
            }
            isTaken(Uint8Array.from(bytes))
          },
        ),
        { ...seeded, numRuns: 1500 },
      )
    },
  )

  it.each(markets)('reads the fixtures of %s as the exact path does, or not at all', (market) => {
    const folder = join(import.meta.dirname, 'fixtures', market)
    const files = readdirSync(folder).filter((name) => !name.includes('.golden.'))
    const frames = files.flatMap((name) =>
      readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').slice(1),
    )
    const taken = frames.filter((frame) => isTaken(frame, market))
    expect(taken.length).toBeGreaterThan(market === 'spot' ? 15 : 8)
  })

  it('takes nothing for whole that is cut, whatever an earlier frame left behind it', () => {
    const [frame] = fc.sample(books, { ...seeded, numRuns: 1 }) as [string]
    for (let bytes = 0; bytes < frame.length; bytes++) {
      decodeFast('spot', encoder.encode(frame + frame), fast)
      expect(isTaken(encoder.encode(frame).subarray(0, bytes))).toBe(false)
    }
  })

  it('leaves products of other markets to the exact path, also when it knows them', () => {
    const frame = (product_id: string): string =>
      JSON.stringify({ type: 'l2update', product_id, changes: [], time: '2026-09-07T01:57:58Z' })
    const book = (product_id: string): string =>
      `{"channel":"l2_data","timestamp":"2026-09-07T01:57:58Z","sequence_num":1,"events":[{"type":"update","product_id":"${product_id}","updates":[]}]}`
    for (let again = 0; again < 2; again++) {
      expect(isTaken(frame('BTC-USD'), 'linear')).toBe(false)
      expect(isTaken(frame('BTC-PERP-INTX'))).toBe(false)
      expect(isTaken(book('BTC-PERP-INTX'), 'linear')).toBe(true)
      expect(isTaken(book('BTC-PERP-INTX'), 'spot')).toBe(false)
      expect(isTaken(book('BTC-USD'), 'linear')).toBe(false)
      expect(isTaken(book('BTC-USD'), 'spot')).toBe(true)
      expect(isTaken(book('BIP-20DEC30-CDE'), 'linear')).toBe(false)
    }
  })
})

describe('a frame', () => {
  const decode = (frame: string): unknown => {
    fast.clear()
    return decodeFrame('spot', encoder.encode(frame), fast)
  }
  const updateOf = (count: number): string =>
    `{"type":"l2update","product_id":"A-B","changes":[${Array(count).fill('["buy","1","1"]').join()}],"time":"2026-09-07T01:57:58Z"}`
  const snapshotOf = (asks: number, bids: number): string => {
    const [a, b] = [asks, bids].map((count) => Array(count).fill('["1","1"]').join())
    return `{"type":"snapshot","product_id":"A-B","asks":[${a}],"bids":[${b}]}`
  }
  const bookOf = (count: number): string => {
    const level = '{"side":"bid","event_time":"2026-09-07T01:57:58Z","price_level":"1","new_quantity":"1"}'
    const updates = Array(count).fill(level).join()
    return `{"channel":"l2_data","timestamp":"2026-09-07T01:57:58Z","sequence_num":1,"events":[{"type":"snapshot","product_id":"A-B","updates":[${updates}]}]}`
  }

  it('may bring 100,000 levels and not one more', () => {
    for (const frame of [updateOf(100_000), snapshotOf(60_000, 40_000), bookOf(100_000)]) {
      expect(decode(frame)).toEqual({ kind: 'events' })
      expect(fast.entryCount).toBe(100_000)
    }
    for (const frame of [updateOf(100_001), snapshotOf(60_001, 40_000), bookOf(100_001)]) {
      expect(decode(frame)).toMatchObject({ kind: 'malformed', reason: 'too_many_levels' })
      expect([fast.count, fast.entryCount]).toEqual([0, 0])
    }
  })

  it('tells its place on the connection where it has one, whatever becomes of it', () => {
    const places = (frame: string): number => {
      fast.connectionSeq = -7
      decode(frame)
      return fast.connectionSeq
    }
    expect(places(bookOf(1))).toBe(1)
    expect(places(bookOf(1).replace('"A-B"', '""'))).toBe(1)
    expect(places(bookOf(1).replace('"A-B"', '"BTC-PERP-INTX"'))).toBe(1)
    expect(places('{"channel":"heartbeats","timestamp":"","sequence_num":5,"events":[]}')).toBe(5)
    expect(places('{"channel":"subscriptions","sequence_num":6,"events":[]}')).toBe(6)
    expect(places('{"channel":"newcomer","sequence_num":7}')).toBe(7)
    expect(places('{"channel":"heartbeats"}')).toBeNaN()
    expect(places('{"channel":"heartbeats","sequence_num":"5"}')).toBeNaN()
    expect(places(updateOf(1))).toBeNaN()
    expect(places('{"type":"heartbeat","sequence":90}')).toBeNaN()
    expect(places('{"channel":"l2_data","sequence_num":7')).toBeNaN()
  })
})
