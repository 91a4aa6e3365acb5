import { EventBatch, StringTable } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PlainEvent, plainEvents } from '../test-support.ts'
import { LEVELS_MAX } from './book.ts'
import { decodeAnswer, decodeExact, decodeFast, decodeFrame } from './frame.ts'

const encoder = new TextEncoder()
const BEFORE =
  '{"e":"trade","E":1672515782136,"s":"BEFORE","t":1,"p":"98765432109.87654321","q":"1","T":1672515782136,"m":true,"M":true}'
const seeded = { seed: 20261121 }

/** A batch that already holds a trade, which no refused frame may touch. */
function usedBatch(): EventBatch {
  const batch = new EventBatch(new StringTable())
  decodeFrame(encoder.encode(BEFORE), batch)
  return batch
}
const [before] = plainEvents(usedBatch()) as [PlainEvent]

type Decode = (bytes: Uint8Array, out: EventBatch) => unknown

function decodeWith(decode: Decode, bytes: Uint8Array): { result: unknown; events: PlainEvent[] } {
  const batch = usedBatch()
  const result = decode(bytes, batch)
  expect(batch.entryCount).toBe(batch.entryStart[batch.count])
  return { result, events: plainEvents(batch) }
}

/** Fast and exact path on the same bytes: what both promise together. */
function expectAgreement(bytes: Uint8Array): { isFast: boolean; events: PlainEvent[] } {
  const fast = decodeWith(decodeFast, bytes)
  const exact = decodeWith(decodeExact, bytes)
  const whole = decodeWith(decodeFrame, bytes)
  expect(whole).toEqual(exact)
  expect(whole.events[0]).toEqual(before)
  if (fast.result === true) expect(fast.events).toEqual(exact.events)
  else expect(fast.events).toEqual([before])
  if ((exact.result as { kind: string }).kind !== 'events') expect(exact.events).toEqual([before])
  return { isFast: fast.result === true, events: whole.events.slice(1) }
}

const digits = (maxLength: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9]{1,${maxLength}}$`))
const numbers = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.nat(99_999_999), fc.nat(99_999_999))
      .map(([a, b]) => `${a}.${String(b).padStart(8, '0')}`),
  },
  { weight: 2, arbitrary: fc.tuple(digits(22), digits(20)).map(([a, b]) => `${a}.${b}`) },
  { weight: 1, arbitrary: digits(38) },
  {
    weight: 1,
    arbitrary: fc.tuple(digits(5), fc.integer({ min: -20, max: 20 })).map(([a, b]) => `${a}e${b}`),
  },
  { weight: 1, arbitrary: fc.nat().map((a) => `-${a}.5`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '.', '1.', '.5', '+1', '0x10', 'NaN', ' 1', '00012.500', '1e999999'),
  },
)
const goodNumbers = fc
  .tuple(fc.nat(999_999), fc.nat(99_999_999))
  .map(([a, b]) => `${a}.${String(b).padStart(8, '0')}`)
const ids = fc.oneof(
  fc.maxSafeNat().map(String),
  fc.constantFrom('0', '007', '1.5', '-1', '9007199254740993', '"1"'),
)
const times = fc.oneof(
  fc.integer({ min: 1_230_000_000_000, max: 9_999_999_999_999 }).map(String),
  fc.integer({ min: 1_230_000_000_000_000, max: Number.MAX_SAFE_INTEGER }).map(String),
  fc.constantFrom('0', '999999999999999', '1000000000000000', 'null'),
)
const symbols = fc.oneof(
  fc.stringMatching(/^[A-Z0-9]{2,12}$/),
  fc.constantFrom(
    '测试USDT',
    '__proto__',
    'constructor',
    '../..',
    'A"B',
    'A\\B',
    'A\u0000',
    'A\u202eB',
    'A'.repeat(64),
    'A'.repeat(65),
  ),
)

const wrap = (symbol: string, channel: string, payload: string): string =>
  `{"stream":${JSON.stringify(`${symbol.toLowerCase()}@${channel}`)},"data":${payload}}`
const levelsText = (levels: readonly (readonly [string, string])[]): string =>
  JSON.stringify(levels.map(([price, quantity]) => [price, quantity]))

function frames(
  number: fc.Arbitrary<string>,
  id: fc.Arbitrary<string>,
  time: fc.Arbitrary<string>,
  symbol: fc.Arbitrary<string>,
): fc.Arbitrary<string> {
  const levels = fc.array(fc.tuple(number, number), { maxLength: 6 })
  const trade = fc
    .tuple(symbol, time, id, number, number, time, fc.boolean())
    .map(([s, E, t, p, q, T, m]): [string, string, string] => [
      s,
      'trade',
      `{"e":"trade","E":${E},"s":${JSON.stringify(s)},"t":${t},"p":"${p}","q":"${q}","T":${T},"m":${m},"M":true}`,
    ])
  const depth = fc
    .tuple(symbol, time, id, id, levels, levels, fc.constantFrom('depth@100ms', 'depth'))
    .map(([s, E, U, u, b, a, channel]): [string, string, string] => [
      s,
      channel,
      `{"e":"depthUpdate","E":${E},"s":${JSON.stringify(s)},"U":${U},"u":${u},"b":${levelsText(b)},"a":${levelsText(a)}}`,
    ])
  const quote = fc
    .tuple(symbol, id, number, number, number, number)
    .map(([s, u, b, B, a, A]): [string, string, string] => [
      s,
      'bookTicker',
      `{"u":${u},"s":${JSON.stringify(s)},"b":"${b}","B":"${B}","a":"${a}","A":"${A}"}`,
    ])
  return fc
    .tuple(fc.oneof(trade, depth, quote), fc.boolean())
    .map(([[s, channel, payload], isWrapped]) => (isWrapped ? wrap(s, channel, payload) : payload))
}

const goodFrames = frames(
  goodNumbers,
  fc.maxSafeNat().map(String),
  fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }).map(String),
  fc.stringMatching(/^[A-Z0-9]{2,12}$/),
)
const oddFrames = frames(numbers, ids, times, symbols)

describe('the fast path', () => {
  it('takes every frame that is written as the exchange writes it', () => {
    fc.assert(
      fc.property(goodFrames, (frame) => {
        const { isFast, events } = expectAgreement(encoder.encode(frame))
        expect(isFast).toBe(true)
        expect(events.length).toBe(1)
      }),
      { ...seeded, numRuns: 500 },
    )
  })

  it('agrees with the exact path on every number, id, time and symbol', () => {
    fc.assert(
      fc.property(oddFrames, (frame) => void expectAgreement(encoder.encode(frame))),
      { ...seeded, numRuns: 2000 },
    )
  })

  it('agrees with the exact path on frames with broken bytes, and neither leaves half a message', () => {
    const edits = fc.array(
      fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'remove', 'cut')),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    fc.assert(
      fc.property(goodFrames, edits, (frame, changes) => {
        const bytes = [...encoder.encode(frame)]
        for (const [where, byte, edit] of changes) {
          const at = where % Math.max(bytes.length, 1)
          if (edit === 'set') bytes[at] = byte
          else if (edit === 'insert') bytes.splice(at, 0, byte)
          else if (edit === 'remove') bytes.splice(at, 1)
          else bytes.length = at
        }
        expectAgreement(Uint8Array.from(bytes))
      }),
      { ...seeded, numRuns: 3000 },
    )
  })

  it('refuses what follows a whole message, except white space', () => {
    const payload = '{"u":1,"s":"AB","b":"1","B":"1","a":"1","A":"1"}'
    for (const frame of [payload, wrap('AB', 'bookTicker', payload)]) {
      expect(expectAgreement(encoder.encode(`${frame}\n`)).events.length).toBe(1)
      for (const tail of ['}', 'x', '\0', ',', frame]) {
        expect(expectAgreement(encoder.encode(frame + tail))).toEqual({ isFast: false, events: [] })
      }
    }
  })

  it('leaves nothing behind when it gives up after the levels', () => {
    const payload =
      '{"e":"depthUpdate","E":1672515782136,"s":"AB","U":1,"u":2,"b":[["98765432109.87654321","1"]],"a":[["1","1"]],"new":1}'
    const { isFast, events } = expectAgreement(encoder.encode(wrap('AB', 'depth@100ms', payload)))
    expect(isFast).toBe(false)
    expect(events[0]?.entries.length).toBe(2)
  })

  it('refuses every truncation of a frame', () => {
    const frame = encoder.encode(
      wrap(
        'BTCUSDT',
        'depth@100ms',
        '{"e":"depthUpdate","E":1672515782136,"s":"BTCUSDT","U":1,"u":2,"b":[["1.10000000","2.20000000"]],"a":[["1.1","2"]]}',
      ),
    )
    for (let length = 0; length < frame.length; length++) {
      // What the frame before left behind must not complete this one.
      decodeWith(decodeFrame, frame)
      expect(expectAgreement(frame.subarray(0, length)).events).toEqual([])
    }
  })
})

describe('the exact path', () => {
  it('reads any order of keys, white space and unknown fields', () => {
    const orders = fc.shuffledSubarray(['e', 'E', 's', 't', 'p', 'q', 'T', 'm', 'new'], { minLength: 9 })
    const message: Record<string, unknown> = {
      e: 'trade',
      E: 1672515782136,
      s: 'BNBBTC',
      t: 12345,
      p: '0.00100',
      q: '100',
      T: 1672515782136,
      m: true,
      new: { deep: [1.5, null, { e: 'depthUpdate' }] },
    }
    fc.assert(
      fc.property(orders, fc.constantFrom(undefined, 1, '\t'), (order, indent) => {
        const data = Object.fromEntries(order.map((key) => [key, message[key]]))
        const { events } = expectAgreement(
          encoder.encode(JSON.stringify({ extra: 1, data, stream: 'bnbbtc@trade' }, null, indent)),
        )
        expect(events).toMatchObject([
          { kind: 'trade', firstSeq: 12345, entries: [['sell', '0.00100', '100']] },
        ])
      }),
      { ...seeded, numRuns: 100 },
    )
  })

  it('keeps bids before asks and levels as sent, whatever the order of keys', () => {
    const { events } = expectAgreement(
      encoder.encode(
        '{"a":[["3","1"],["2","1"]],"e":"depthUpdate","b":[["1","1"],["1.5","1"]],"E":1672515782136,"u":2,"U":1,"s":"A"}',
      ),
    )
    expect(events[0]?.entries.map(([side, price]) => side + price)).toEqual([
      'bid1',
      'bid1.5',
      'ask3',
      'ask2',
    ])
  })

  it('reads a symbol written with escapes as the same symbol', () => {
    const escaped = '{"u":1,"s":"\\u6d4b\\u8bd5USDT","b":"1","B":"1","a":"1","A":"1"}'
    expect(expectAgreement(encoder.encode(escaped)).events[0]?.symbol).toBe('测试USDT')
  })

  it('never throws, whatever the bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => encoder.encode(text)),
    )
    fc.assert(
      fc.property(bytes, (frame) => void expectAgreement(frame)),
      { ...seeded, numRuns: 500 },
    )
  })
})

describe('limits', () => {
  const context = {
    exchange: 'binance',
    market: 'spot',
    symbol: 'A',
    stream: 'depth@100ms',
    resync: 1,
    status: 200,
  } as const
  const bodyOf = (bids: number, asks: number): Uint8Array => {
    const levels = (count: number): string => new Array(count).fill('["1.0","2.0"]').join(',')
    return encoder.encode(`{"lastUpdateId":1,"bids":[${levels(bids)}],"asks":[${levels(asks)}]}`)
  }

  it('takes 100,000 levels in one message and refuses one more', () => {
    const batch = new EventBatch(new StringTable())
    expect(decodeAnswer(context, bodyOf(LEVELS_MAX - 1, 1), batch)).toEqual({ kind: 'events' })
    expect(batch.entryCount).toBe(LEVELS_MAX)
    batch.clear()
    for (const [bids, asks] of [
      [LEVELS_MAX, 1],
      [LEVELS_MAX + 1, 0],
    ] as const) {
      expect(decodeAnswer(context, bodyOf(bids, asks), batch)).toMatchObject({ reason: 'too_many_levels' })
      expect([batch.count, batch.entryCount]).toEqual([0, 0])
    }
  })

  it('refuses an answer for a symbol of more than 64 bytes', () => {
    const batch = new EventBatch(new StringTable())
    expect(decodeAnswer({ ...context, symbol: '测'.repeat(22) }, bodyOf(1, 1), batch)).toMatchObject({
      reason: 'bad_symbol',
    })
  })

  it('keeps numbers beyond 2^53 out of the exact path: they are common in tokens of tiny price', () => {
    const frame =
      '{"u":1,"s":"PEPEUSDT","b":"0.00001234","B":"98765432109.00000000","a":"0.00001235","A":"90071993.00000000"}'
    const { isFast, events } = expectAgreement(encoder.encode(frame))
    expect(isFast).toBe(true)
    expect(events[0]?.entries[0]).toEqual(['bid', '0.00001234', '98765432109.00000000'])
  })
})

describe('names', () => {
  it('do not change when the buffer that they came from is used again', () => {
    const batch = new EventBatch(new StringTable())
    const buffer = Buffer.from('{"u":1,"s":"AAA","b":"1","B":"1","a":"1","A":"1"}')
    decodeFrame(buffer, batch)
    buffer.fill(0)
    decodeFrame(Buffer.from('{"u":1,"s":"AAA","b":"1","B":"1","a":"1","A":"1"}'), batch)
    expect(plainEvents(batch).map((event) => event.symbol)).toEqual(['AAA', 'AAA'])
    expect(batch.symbol[0]).toBe(batch.symbol[1])
  })
})
