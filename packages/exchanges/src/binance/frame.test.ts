import { EventBatch, type Market, StringTable } from '@cryptoflow/model'
import { type PlainEvent, plainEvents } from '@cryptoflow/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEVELS_MAX } from '../levels.ts'
import { expectSame } from '../test-support.ts'
import { type Wire, wires } from './channels.ts'
import { decodeExact } from './exact.ts'
import { decodeFast, decodeFrame } from './frame.ts'
import { decodeSnapshot } from './snapshots.ts'

const encoder = new TextEncoder()
const BEFORE =
  '{"e":"trade","E":1672515782136,"s":"BEFORE","t":1,"p":"98765432109.87654321","q":"1","T":1672515782136,"m":true,"M":true}'
const seeded = { seed: 20261121 }
const markets = ['spot', 'linear', 'inverse'] as const

/** A batch that already holds a trade, which no refused frame may touch. */
function usedBatch(): EventBatch {
  const batch = new EventBatch(new StringTable())
  decodeFrame(wires.spot, encoder.encode(BEFORE), batch)
  return batch
}
const [before] = plainEvents(usedBatch()) as [PlainEvent]

type Decode = (wire: Wire, bytes: Uint8Array, out: EventBatch) => unknown

function decodeWith(
  decode: Decode,
  market: Market,
  bytes: Uint8Array,
): { result: unknown; events: PlainEvent[] } {
  const batch = usedBatch()
  const result = decode(wires[market], bytes, batch)
  expectSame(batch.entryCount, batch.entryStart[batch.count])
  for (const event of batch.details.keys()) expect(event).toBeLessThan(batch.count)
  return { result, events: plainEvents(batch) }
}

/** Fast and exact path on the same bytes: what both promise together. */
function expectAgreement(
  bytes: Uint8Array,
  market: Market = 'spot',
): { isFast: boolean; events: PlainEvent[] } {
  const fast = decodeWith(decodeFast, market, bytes)
  const exact = decodeWith(decodeExact, market, bytes)
  const whole = decodeWith(decodeFrame, market, bytes)
  expectSame(whole, exact)
  expectSame(whole.events[0], before)
  expectSame(fast.events, fast.result === true ? exact.events : [before])
  if ((exact.result as { kind: string }).kind !== 'events') expectSame(exact.events, [before])
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

interface Made {
  readonly market: Market
  readonly frame: string
}

interface Parts {
  readonly number: fc.Arbitrary<string>
  readonly id: fc.Arbitrary<string>
  readonly time: fc.Arbitrary<string>
  readonly symbol: fc.Arbitrary<string>
}

/** Two plain ids as a span that an exchange would send: the smaller one first, not far apart. */
function span(a: string, b: string): readonly [string, string] {
  if (!/^\d{1,15}$/.test(a) || !/^\d{1,15}$/.test(b)) return [a, a]
  const first = Math.min(Number(a), Number(b))
  return [String(first), String(first + (Math.max(Number(a), Number(b)) % 1000))]
}

/** Channel, payload and whether it needs the envelope: one spelling that the exchange uses, or used. */
type Spelling = readonly [string, string, boolean]

/** Every message of the fast path in every spelling, for a symbol that is already JSON. */
function spellings(parts: Parts, market: Market, s: string): fc.Arbitrary<Spelling> {
  const { number, id, time } = parts
  const levels = fc.array(fc.tuple(number, number), { maxLength: 6 }).map(levelsText)
  const isSpot = market === 'spot'
  const kind = fc.constantFrom('', market === 'linear' ? ',"st":1' : ',"st":2')
  const pair = fc.constantFrom('', '"ps":"BTCUSD",')
  const type = fc.constantFrom('MARKET', 'INSURANCE_FUND', 'ADL', 'NA', '测')
  const speed = fc.constantFrom(...(isSpot ? ['', '@100ms'] : ['', '@0ms', '@100ms', '@500ms']))
  const imageSpeed = fc.constantFrom(...(isSpot ? ['', '@100ms'] : ['', '@100ms', '@500ms']))
  const depth = fc.constantFrom(5, 10, 20)
  const trade = fc
    .record({ E: time, t: id, p: number, q: number, T: time, m: fc.boolean(), X: type, st: kind })
    .map(({ E, t, p, q, T, m, X, st }): Spelling => {
      const ours = `"s":${s},"t":${t},"p":"${p}","q":"${q}"`
      const spot = `{"e":"trade","E":${E},${ours},"T":${T},"m":${m},"M":true}`
      const futures = `{"e":"trade","E":${E},"T":${T},${ours},"X":"${X}","m":${m}${st}}`
      return ['trade', isSpot ? spot : futures, st !== '']
    })
  const aggregate = fc
    .record({ E: time, a: id, p: number, q: number, f: id, l: id, T: time, m: fc.boolean(), st: kind })
    .chain((given) => fc.tuple(fc.constant(given), fc.boolean(), fc.option(number)))
    .map(([{ E, a, p, q, T, m, st, ...ids }, isIdFirst, nq]): Spelling => {
      const [f, l] = span(ids.f, ids.l)
      const names = isIdFirst && !isSpot ? `"a":${a},"s":${s}` : `"s":${s},"a":${a}`
      const narrow = nq === null || isSpot ? '' : `"nq":"${nq}",`
      const head = `{"e":"aggTrade","E":${E},${names},"p":"${p}","q":"${q}",${narrow}"f":${f},"l":${l},"T":${T},"m":${m}`
      return ['aggTrade', `${head}${isSpot ? ',"M":false' : st}}`, st !== '']
    })
  const diff = fc
    .record({ E: time, T: time, U: id, u: id, pu: id, b: levels, a: levels, ps: pair, st: kind })
    .chain((given) => fc.tuple(fc.constant(given), speed, imageSpeed, depth, fc.boolean()))
    .map(([{ E, T, pu, b, a, ps, st, ...ids }, diffSpeed, ofImage, size, isImage]): Spelling => {
      const [U, u] = span(ids.U, ids.u)
      if (isSpot) {
        return [
          `depth${diffSpeed}`,
          `{"e":"depthUpdate","E":${E},"s":${s},"U":${U},"u":${u},"b":${b},"a":${a}}`,
          diffSpeed === '',
        ]
      }
      const payload = `{"e":"depthUpdate","E":${E},"T":${T},"s":${s},${ps}"U":${U},"u":${u},"pu":${pu},"b":${b},"a":${a}${st}}`
      return isImage
        ? [`depth${size}${ofImage}`, payload, true]
        : [`depth${diffSpeed}`, payload, diffSpeed !== '@100ms' || st !== '']
    })
  const quote = fc
    .record({ u: id, b: number, B: number, a: number, A: number, T: time, E: time, ps: pair, st: kind })
    .chain((given) => fc.tuple(fc.constant(given), fc.boolean()))
    .map(([{ u, b, B, a, A, T, E, ps, st }, isTypeFirst]): Spelling => {
      const sides = `"b":"${b}","B":"${B}","a":"${a}","A":"${A}"`
      if (isSpot) return ['bookTicker', `{"u":${u},"s":${s},${sides}}`, false]
      const head = isTypeFirst ? `"e":"bookTicker","u":${u}` : `"u":${u},"e":"bookTicker"`
      return ['bookTicker', `{${head},"s":${s},${ps}${sides},"T":${T},"E":${E}${st}}`, st !== '']
    })
  const image = fc
    .tuple(id, levels, levels, depth, imageSpeed)
    .map(
      ([u, b, a, size, ofImage]): Spelling => [
        `depth${size}${ofImage}`,
        `{"lastUpdateId":${u},"bids":${b},"asks":${a}}`,
        true,
      ],
    )
  return isSpot ? fc.oneof(trade, aggregate, diff, quote, image) : fc.oneof(trade, aggregate, diff, quote)
}

function frames(parts: Parts): fc.Arbitrary<Made> {
  return fc
    .tuple(fc.constantFrom(...markets), parts.symbol, fc.boolean())
    .chain(([market, symbol, isWrapped]) =>
      spellings(parts, market, JSON.stringify(symbol)).map(([channel, payload, needsEnvelope]) => ({
        market,
        frame: isWrapped || needsEnvelope ? wrap(symbol, channel, payload) : payload,
      })),
    )
}

const goodFrames = frames({
  number: goodNumbers,
  id: fc.maxSafeNat().map(String),
  time: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }).map(String),
  symbol: fc.stringMatching(/^[A-Z0-9]{2,12}$/),
})
const oddFrames = frames({ number: numbers, id: ids, time: times, symbol: symbols })

describe('the fast path', () => {
  it('takes every frame that is written as the exchange writes it', () => {
    fc.assert(
      fc.property(goodFrames, ({ market, frame }) => {
        const { isFast, events } = expectAgreement(encoder.encode(frame), market)
        expect(isFast).toBe(true)
        expect(events.length).toBe(1)
      }),
      { ...seeded, numRuns: 1500 },
    )
  })

  it('refuses ids that go backwards, and more trades in an aggregate than 32 bits can count', () => {
    const diff = '{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":8,"u":7,"b":[],"a":[]}'
    const aggregate = (f: number, l: number): string =>
      `{"e":"aggTrade","E":1700000000000,"s":"BTCUSDT","a":1,"p":"1","q":"1","f":${f},"l":${l},"T":1700000000000,"m":true,"M":true}`
    for (const frame of [diff, aggregate(8, 7), aggregate(1, 2 ** 31)]) {
      const { isFast, events } = expectAgreement(encoder.encode(frame), 'spot')
      expect([isFast, events]).toEqual([false, []])
    }
    expect(expectAgreement(encoder.encode(aggregate(7, 7)), 'spot').isFast).toBe(true)
  })

  it('agrees with the exact path on every number, id, time and symbol', () => {
    fc.assert(
      fc.property(oddFrames, ({ market, frame }) => void expectAgreement(encoder.encode(frame), market)),
      { ...seeded, numRuns: 4000 },
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
      fc.property(goodFrames, edits, ({ market, frame }, changes) => {
        const bytes = [...encoder.encode(frame)]
        for (const [where, byte, edit] of changes) {
          const at = where % Math.max(bytes.length, 1)
          if (edit === 'set') bytes[at] = byte
          else if (edit === 'insert') bytes.splice(at, 0, byte)
          else if (edit === 'remove') bytes.splice(at, 1)
          else bytes.length = at
        }
        expectAgreement(Uint8Array.from(bytes), market)
      }),
      { ...seeded, numRuns: 6000 },
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
      decodeWith(decodeFrame, 'spot', frame)
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
      fc.property(bytes, fc.constantFrom(...markets), (frame, market) => void expectAgreement(frame, market)),
      { ...seeded, numRuns: 500 },
    )
  })
})

describe('limits', () => {
  const decode = (body: Uint8Array, batch: EventBatch): unknown =>
    decodeSnapshot(body, batch.names.idOf('depth'), batch.names.idOf('A'), batch)
  const bodyOf = (bids: number, asks: number): Uint8Array => {
    const levels = (count: number): string => new Array(count).fill('["1.0","2.0"]').join(',')
    return encoder.encode(`{"lastUpdateId":1,"bids":[${levels(bids)}],"asks":[${levels(asks)}]}`)
  }

  it('takes 100,000 levels in one message and refuses one more', () => {
    const batch = new EventBatch(new StringTable())
    expect(decode(bodyOf(LEVELS_MAX - 1, 1), batch)).toEqual({ kind: 'events' })
    expect(batch.entryCount).toBe(LEVELS_MAX)
    batch.clear()
    for (const [bids, asks] of [
      [LEVELS_MAX, 1],
      [LEVELS_MAX + 1, 0],
    ] as const) {
      expect(decode(bodyOf(bids, asks), batch)).toMatchObject({ reason: 'too_many_levels' })
      expect([batch.count, batch.entryCount]).toEqual([0, 0])
    }
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
    decodeFrame(wires.spot, buffer, batch)
    buffer.fill(0)
    decodeFrame(wires.spot, Buffer.from('{"u":1,"s":"AAA","b":"1","B":"1","a":"1","A":"1"}'), batch)
    expect(plainEvents(batch).map((event) => event.symbol)).toEqual(['AAA', 'AAA'])
    expect(batch.symbol[0]).toBe(batch.symbol[1])
  })
})
