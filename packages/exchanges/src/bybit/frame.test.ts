import { EventBatch, type Market, StringTable } from '@cryptoflow/model'
import { type PlainEvent, plainEvents } from '@cryptoflow/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEVELS_MAX } from '../levels.ts'
import { expectSame } from '../test-support.ts'
import { wires } from './channels.ts'
import { decodeExact } from './exact.ts'
import { decodeFast, decodeFrame } from './frame.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }
const markets = ['spot', 'linear', 'inverse'] as const
const ID = '20f43950-d8dd-5b31-9112-a178eb6023af'
const BEFORE = `{"topic":"publicTrade.BEFORE","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BEFORE","S":"Buy","v":"1","p":"98765432109.87654321","L":"PlusTick","i":"${ID}","BT":false,"RPI":true,"seq":1}]}`

/** A batch that already holds a trade, which no refused frame may touch. */
function usedBatch(): EventBatch {
  const batch = new EventBatch(new StringTable())
  decodeFrame(wires.linear, encoder.encode(BEFORE), batch)
  return batch
}
const [before] = plainEvents(usedBatch()) as [PlainEvent]

type Decode = typeof decodeFast | typeof decodeExact | typeof decodeFrame

function decodeWith(
  decode: Decode,
  market: Market,
  bytes: Uint8Array,
): { result: unknown; events: PlainEvent[] } {
  const batch = usedBatch()
  const result = decode(wires[market], bytes, batch)
  expectSame(batch.entryCount, batch.entryStart[batch.count])
  for (const event of batch.textIds.keys()) expect(event).toBeLessThan(batch.count)
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
  { weight: 6, arbitrary: fc.tuple(fc.nat(999_999), digits(6)).map(([a, b]) => `${a}.${b}`) },
  { weight: 2, arbitrary: fc.tuple(digits(22), digits(20)).map(([a, b]) => `${a}.${b}`) },
  { weight: 1, arbitrary: digits(38) },
  {
    weight: 1,
    arbitrary: fc.tuple(digits(5), fc.integer({ min: -20, max: 20 })).map(([a, b]) => `${a}e${b}`),
  },
  { weight: 1, arbitrary: fc.nat().map((a) => `-${a}.5`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '.',
      '1.',
      '.5',
      '+1',
      '0x10',
      'NaN',
      ' 1',
      '0',
      '0.00',
      '00012.500',
      '1e999999',
    ),
  },
)
const goodNumbers = fc.oneof(
  fc.nat(99_999_999).map(String),
  fc.tuple(fc.nat(999_999), digits(9)).map(([a, b]) => `${a}.${b}`),
)
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
  fc.stringMatching(/^[A-Z0-9]{1,12}$/),
  fc.constantFrom(
    ...[
      'BTCUSDT-26DEC25',
      '测试USDT',
      '__proto__',
      'constructor',
      '../..',
      'A"B',
      'A\\B',
      'A\u0000',
      'A\u202eB',
    ],
    ...['A'.repeat(64), 'A'.repeat(65), '', 'BTC-27MAR26-70000-P-USDT', 'SOLUSDT_SOL/USDT', 'A_B'],
  ),
)
const tradeIds = fc.oneof(
  fc.uuid(),
  fc.stringMatching(/^[0-9]{19}$/),
  fc.constantFrom('', 'A"B', 'A\\B', 'A\u0000', '测', 'A'.repeat(64), 'A'.repeat(65), ' ', '\u007f'),
)

interface Parts {
  readonly number: fc.Arbitrary<string>
  readonly id: fc.Arbitrary<string>
  readonly time: fc.Arbitrary<string>
  readonly symbol: fc.Arbitrary<string>
  readonly tradeId: fc.Arbitrary<string>
}

interface Made {
  readonly market: Market
  readonly frame: string
}

/** A message of the hot channels in every spelling that the exchange uses. */
function frames(parts: Parts): fc.Arbitrary<Made> {
  const { number, id, time } = parts
  const level = fc.tuple(number, number).map(([price, quantity]) => `["${price}","${quantity}"]`)
  const side = (maxLength: number): fc.Arbitrary<string> =>
    fc.array(level, { maxLength }).map((levels) => `[${levels.join(',')}]`)
  const book = (maxLength: number): fc.Arbitrary<(s: string) => string> =>
    fc
      .record({ b: side(maxLength), a: side(maxLength), u: id, seq: id, cts: fc.option(time) })
      .map(({ b, a, u, seq, cts }) => (s: string) => {
        const end = cts === null ? '' : `,"cts":${cts}`
        return `{"s":${s},"b":${b},"a":${a},"u":${u},"seq":${seq}}${end}`
      })
  const trade = fc
    .record({
      T: time,
      S: fc.constantFrom('Buy', 'Sell'),
      v: number,
      p: number,
      i: parts.tradeId,
      BT: fc.boolean(),
      RPI: fc.option(fc.boolean()),
      seq: fc.option(id),
      L: fc.option(fc.constantFrom('PlusTick', 'ZeroPlusTick', 'MinusTick', 'ZeroMinusTick')),
      isFutures: fc.boolean(),
    })
    .map(({ T, S, v, p, i, BT, RPI, seq, L, isFutures }) => (s: string): string => {
      const program = RPI === null ? '' : `,"RPI":${RPI}`
      const sequence = seq === null ? '' : `,"seq":${seq}`
      const tick = L === null ? '' : `"L":"${L}",`
      const id = JSON.stringify(i)
      return isFutures
        ? `{"T":${T},"s":${s},"S":"${S}","v":"${v}","p":"${p}",${tick}"i":${id},"BT":${BT}${program}${sequence}}`
        : `{"i":${id},"T":${T},"p":"${p}","v":"${v}","S":"${S}"${sequence},"s":${s},"BT":${BT}${program}}`
    })
  const trades = fc
    .array(trade, { minLength: 1, maxLength: 4 })
    .map((all) => (s: string) => `[${all.map((one) => one(s)).join(',')}]`)
  const data = fc.oneof(
    fc.tuple(fc.constant('publicTrade'), fc.constant('snapshot'), trades),
    fc.tuple(fc.constant('orderbook.1'), fc.constantFrom('snapshot', 'delta'), book(1)),
    fc.tuple(
      fc.constantFrom('orderbook.50', 'orderbook.200', 'orderbook.1000'),
      fc.constantFrom('snapshot', 'delta'),
      book(6),
    ),
  )
  return fc
    .tuple(fc.constantFrom(...markets), parts.symbol, time, fc.boolean(), data)
    .map(([market, symbol, ts, isTimeFirst, [channel, type, make]]) => {
      const head = isTimeFirst ? `"ts":${ts},"type":"${type}"` : `"type":"${type}","ts":${ts}`
      const topic = JSON.stringify(`${channel}.${symbol}`)
      const text = make(JSON.stringify(symbol))
      return { market, frame: `{"topic":${topic},${head},"data":${text}}` }
    })
}

const goodFrames = frames({
  number: goodNumbers,
  id: fc.maxSafeNat().map(String),
  time: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }).map(String),
  symbol: fc.stringMatching(/^[A-Z0-9]{2,12}$/),
  tradeId: fc.oneof(fc.uuid(), fc.stringMatching(/^[0-9]{19}$/)),
})
const oddFrames = frames({ number: numbers, id: ids, time: times, symbol: symbols, tradeId: tradeIds })

const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'remove', 'cut')), {
  minLength: 1,
  maxLength: 3,
})

function broken(frame: string, changes: readonly (readonly [number, number, string])[]): Uint8Array {
  const bytes = [...encoder.encode(frame)]
  for (const [where, byte, edit] of changes) {
    const at = where % Math.max(bytes.length, 1)
    if (edit === 'set') bytes[at] = byte
    else if (edit === 'insert') bytes.splice(at, 0, byte)
    else if (edit === 'remove') bytes.splice(at, 1)
    else bytes.length = at
  }
  return Uint8Array.from(bytes)
}

const isEmptyQuote = (frame: string): boolean =>
  frame.includes('orderbook.1.') && frame.includes('"b":[],"a":[]')

describe('the fast path', () => {
  it('takes every frame that is written as the exchange writes it', () => {
    fc.assert(
      fc.property(goodFrames, ({ market, frame }) => {
        const { isFast, events } = expectAgreement(encoder.encode(frame), market)
        expect(isFast).toBe(!isEmptyQuote(frame))
        expect(events.length > 0).toBe(!isEmptyQuote(frame))
      }),
      { ...seeded, numRuns: 1500 },
    )
  })

  it('agrees with the exact path on every number, id, time and symbol', () => {
    fc.assert(
      fc.property(oddFrames, ({ market, frame }) => void expectAgreement(encoder.encode(frame), market)),
      { ...seeded, numRuns: 4000 },
    )
  })

  it('agrees with the exact path on frames with broken bytes, and neither leaves half a message', () => {
    fc.assert(
      fc.property(goodFrames, edits, ({ market, frame }, changes) => {
        expectAgreement(broken(frame, changes), market)
      }),
      { ...seeded, numRuns: 6000 },
    )
  })

  const delta =
    '{"topic":"orderbook.50.BTCUSDT","ts":1687940967466,"type":"delta","data":{"s":"BTCUSDT","b":[["1.10","2.2"]],"a":[["1.1","98765432109.87654321"]],"u":2,"seq":3},"cts":1687940967464}'

  it('refuses what follows a whole message, except white space', () => {
    for (const frame of [delta, BEFORE]) {
      expect(expectAgreement(encoder.encode(`${frame}\n`)).events.length).toBe(1)
      for (const tail of ['}', 'x', '\0', ',', frame]) {
        expect(expectAgreement(encoder.encode(frame + tail))).toEqual({ isFast: false, events: [] })
      }
    }
  })

  it('refuses every truncation of a frame, whatever the frame before left behind', () => {
    for (const text of [delta, BEFORE]) {
      const frame = encoder.encode(text)
      for (let length = 0; length < frame.length; length++) {
        decodeWith(decodeFrame, 'spot', frame)
        expect(expectAgreement(frame.subarray(0, length)).events).toEqual([])
      }
    }
  })

  it('leaves a message to the exact path that has a field more, or one twice', () => {
    const trade = BEFORE.replaceAll('BEFORE', 'BTCUSDT')
    const others = [
      delta.replace('"seq":3', '"seq":3,"new":[1]'),
      delta.replace('"u":2', '"u":1,"u":2'),
      trade.replace('"RPI":true', '"RPI":true,"new":null'),
      trade.replace('"S":"Buy"', '"S":"Sell","S":"Buy"'),
      trade.replace(',"BT":false', '').replace('"T":', '"BT":false,"T":'),
    ]
    const paths = others.map((text) => expectAgreement(encoder.encode(text), 'linear'))
    expect(paths.map(({ isFast }) => isFast)).toEqual([false, false, false, false, true])
    const own = [delta, trade].map((text) => expectAgreement(encoder.encode(text), 'linear').events)
    expect(paths.map(({ events }) => events)).toEqual([own[0], own[0], own[1], own[1], own[1]])
  })

  it('leaves messages of options and spreads to the exact path, whose form is that of spot', () => {
    for (const symbol of ['SOLUSDT_SOL/USDT', 'XRP-27MAR26-0.55-C-USDT']) {
      for (const text of [delta.replaceAll('BTCUSDT', symbol), BEFORE.replaceAll('BEFORE', symbol)]) {
        expect(expectAgreement(encoder.encode(text))).toEqual({ isFast: false, events: [] })
      }
    }
  })

  it('knows a symbol again only where all of it is the same, and only in its own table of names', () => {
    const names = ['AB', 'ABC', 'ABCD', 'ABCDE', 'XBCDE', 'ABCDX', 'A'.repeat(40), `${'A'.repeat(39)}B`]
    const batches = [new EventBatch(new StringTable()), new EventBatch(new StringTable())]
    batches[1]?.names.idOf('TAKES THE FIRST ID')
    for (const name of [...names, ...names.toReversed(), ...names]) {
      for (const batch of batches) {
        batch.clear()
        expect(decodeFast(wires.spot, encoder.encode(delta.replaceAll('BTCUSDT', name)), batch)).toBe(true)
        expect(batch.names.text(batch.symbol[0] as number)).toBe(name)
      }
    }
  })
})

describe('the exact path', () => {
  it('keeps bids before asks and levels as sent, whatever the order of keys', () => {
    const { events } = expectAgreement(
      encoder.encode(
        '{"data":{"a":[["3","1"],["2","1"]],"u":2,"b":[["1","1"],["1.5","1"]],"s":"A"},"type":"delta","ts":1687940967466,"topic":"orderbook.50.A"}',
      ),
    )
    expect(events[0]?.entries.map(([side, price]) => side + price)).toEqual([
      'bid1',
      'bid1.5',
      'ask3',
      'ask2',
    ])
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
  const bookOf = (bids: number, asks: number): Uint8Array => {
    const levels = (count: number): string => new Array(count).fill('["1.0","2.0"]').join(',')
    return encoder.encode(
      `{"topic":"orderbook.1000.A","ts":1687940967466,"type":"snapshot","data":{"s":"A","b":[${levels(bids)}],"a":[${levels(asks)}],"u":2,"seq":3}}`,
    )
  }

  it('takes 100,000 levels in one message and refuses one more, on both paths', () => {
    for (const decode of [decodeFrame, decodeExact]) {
      const batch = new EventBatch(new StringTable())
      expect(decode(wires.spot, bookOf(LEVELS_MAX - 1, 1), batch)).toEqual({ kind: 'events' })
      expect(batch.entryCount).toBe(LEVELS_MAX)
      batch.clear()
      for (const [bids, asks] of [
        [LEVELS_MAX, 1],
        [LEVELS_MAX + 1, 0],
      ] as const) {
        expect(decode(wires.spot, bookOf(bids, asks), batch)).toMatchObject({ reason: 'too_many_levels' })
        expect([batch.count, batch.entryCount]).toEqual([0, 0])
      }
    }
  })

  it('takes 100,000 trades and liquidations in one message, and refuses one more', () => {
    const trade = `{"T":1,"s":"A","S":"Buy","v":"1","p":"1","i":"${ID}","BT":false}`
    for (const [channel, row] of [
      ['publicTrade', trade],
      ['allLiquidation', '{"T":1,"s":"A","S":"Buy","v":"1","p":"1"}'],
    ] as const) {
      const frameOf = (count: number): Uint8Array => {
        const rows = new Array(count).fill(row).join(',')
        return encoder.encode(`{"topic":"${channel}.A","type":"snapshot","ts":1,"data":[${rows}]}`)
      }
      const batch = new EventBatch(new StringTable())
      expect(decodeFrame(wires.linear, frameOf(LEVELS_MAX), batch)).toEqual({ kind: 'events' })
      expect(batch.count).toBe(LEVELS_MAX)
      batch.clear()
      const refusal = decodeFrame(wires.linear, frameOf(LEVELS_MAX + 1), batch)
      expect(refusal).toMatchObject({ reason: 'too_many_levels' })
      expect([batch.count, batch.textIds.size]).toEqual([0, 0])
    }
  })

  it('keeps numbers beyond 2^53 out of the exact path: they are common in tokens of tiny price', () => {
    const frame =
      '{"topic":"orderbook.1.PEPEUSDT","ts":1687940967466,"type":"snapshot","data":{"s":"PEPEUSDT","b":[["0.00001234","98765432109.00000000"]],"a":[["0.00001235","90071993.00000000"]],"u":2,"seq":3},"cts":1687940967464}'
    const { isFast, events } = expectAgreement(encoder.encode(frame))
    expect(isFast).toBe(true)
    expect(events[0]?.entries[0]).toEqual(['bid', '0.00001234', '98765432109.00000000'])
  })
})
