import { EventBatch, EventKind, type Market, StringTable } from '@cryptoflow/model'
import { type PlainEvent, plainEvents } from '@cryptoflow/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectSame } from '../test-support.ts'
import { type Wire, wires } from './channels.ts'
import { decodeExact } from './exact.ts'
import { decodeFast, decodeFrame } from './frame.ts'
import { okxInverse, okxLinear, okxSpot } from './index.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }
const markets: Readonly<Record<Market, ReturnType<typeof okxSpot>>> = {
  spot: okxSpot(),
  linear: okxLinear(),
  inverse: okxInverse(),
}
const BEFORE =
  '{"arg":{"channel":"trades","instId":"A-B"},"data":[{"instId":"A-B","tradeId":"1","px":"98765432109.87654321","sz":"1","side":"buy","ts":"1630048897897"}]}'

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
): { result: unknown; events: unknown[] } {
  const batch = usedBatch()
  const result = decode(wires[market], bytes, batch)
  expectSame(batch.entryCount, batch.entryStart[batch.count])
  return { result, events: plainEvents(batch, 0, markets[market]) }
}

/** Fast and exact path on the same bytes: what both promise together. */
function expectAgreement(bytes: Uint8Array, market: Market): { isFast: boolean; events: unknown[] } {
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
const usualNumbers = fc
  .tuple(fc.nat(99_999_999), fc.nat(99_999_999), fc.nat(8))
  .map(([whole, fraction, scale]) => (scale === 0 ? `${whole}` : `${whole}.${`${fraction}`.slice(0, scale)}`))
const hostileNumbers = fc.oneof(
  usualNumbers,
  fc.tuple(digits(22), digits(20)).map(([a, b]) => `${a}.${b}`),
  digits(38),
  fc.tuple(digits(5), fc.integer({ min: -20, max: 20 })).map(([a, b]) => `${a}e${b}`),
  fc.nat().map((a) => `-${a}.5`),
  fc.constantFrom('', '.', '1.', '.5', '+1', '0x10', 'NaN', ' 1', '00012.500', '1e999999'),
)
const usualIds = fc.maxSafeNat().map(String)
const hostileIds = fc.oneof(
  usualIds,
  fc.constantFrom('0', '007', '1.5', '-1', '-2', '-01', '9007199254740993', ''),
)
const usualTimes = fc.integer({ min: 1_500_000_000_000, max: 1_900_000_000_000 }).map(String)
const hostileTimes = fc.oneof(
  usualTimes,
  fc.constantFrom('0', '999999999999999', '9007199254740991', '', 'x', '01'),
)
const usualChecksums = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }).map(String)
const hostileChecksums = fc.oneof(
  usualChecksums,
  fc.constantFrom('0', '-0', '2147483648', '-2147483648', '-2147483649', '1e3', '"1"', 'null', '-01', '00'),
)
const ends: Readonly<Record<Market, string>> = { spot: '-USDT', linear: '-USDT-SWAP', inverse: '-USD-260925' }
const usualSymbols = (market: Market): fc.Arbitrary<string> =>
  fc.stringMatching(/^[A-Z0-9]{1,12}$/).map((base) => base + ends[market])
const hostileSymbols = (market: Market): fc.Arbitrary<string> =>
  fc.oneof(
    usualSymbols(market),
    fc
      .constantFrom('测试', '__proto__', '../..', 'A"B', 'A\\B', 'A\u0000', 'A\u202eB', '', 'A'.repeat(64))
      .map((base) => base + ends[market]),
    fc.constantFrom(
      'BTCUSDT',
      'BTC-USD-230224-18000-C',
      'A-B-C-D',
      'BTC-USDT',
      'BTC-USD-SWAP',
      'BTC-USDT-SWAP',
      '-',
    ),
  )

interface Parts {
  readonly number: fc.Arbitrary<string>
  readonly id: fc.Arbitrary<string>
  readonly time: fc.Arbitrary<string>
  readonly checksum: fc.Arbitrary<string>
  readonly symbol: (market: Market) => fc.Arbitrary<string>
  /** Of quotes: without any level a message gives nothing. */
  readonly asksMin: number
}
const usual: Parts = {
  number: usualNumbers,
  id: usualIds,
  time: usualTimes,
  checksum: usualChecksums,
  symbol: usualSymbols,
  asksMin: 1,
}
const hostile: Parts = {
  number: hostileNumbers,
  id: hostileIds,
  time: hostileTimes,
  checksum: hostileChecksums,
  symbol: hostileSymbols,
  asksMin: 0,
}

interface Made {
  readonly market: Market
  readonly frame: string
}

/** Texts in any order; `always` are all there, the others sometimes. */
function someOf(always: readonly string[], maybe: readonly string[]): fc.Arbitrary<string> {
  return fc
    .subarray([...maybe])
    .chain((chosen) =>
      fc.shuffledSubarray([...always, ...chosen], { minLength: always.length + chosen.length }),
    )
    .map((texts) => texts.join(','))
}

function sidesOf({ number }: Parts, levelsMax: number, asksMin = 0): fc.Arbitrary<string> {
  const level = fc
    .tuple(number, number, fc.nat(20))
    .map(([p, q, orders]) => `["${p}","${q}","0","${orders}"]`)
  const levels = (minLength: number): fc.Arbitrary<string> =>
    fc.array(level, { minLength, maxLength: levelsMax }).map((list) => `[${list.join(',')}]`)
  return fc.tuple(levels(asksMin), levels(0)).map(([asks, bids]) => `"asks":${asks},"bids":${bids}`)
}

/** `data` of every channel of the fast path, in every spelling that the exchange uses or used. */
function dataOf(
  parts: Parts,
  s: string,
): fc.Arbitrary<readonly [channel: string, action: string, data: string]> {
  const { number, id, time, checksum } = parts
  const books = fc
    .tuple(sidesOf(parts, 6), time, checksum, id, id)
    .chain(([sides, ts, sum, prev, last]) =>
      someOf([`"ts":"${ts}"`], [`"checksum":${sum}`, `"prevSeqId":${prev}`, `"seqId":${last}`]).map(
        (tail) => `{${sides},${tail}}`,
      ),
    )
  const images = fc
    .tuple(sidesOf(parts, 5), time, id)
    .chain(([sides, ts, last]) =>
      someOf([`"ts":"${ts}"`], [`"instId":${s}`, `"seqId":${last}`]).map((tail) => `{${sides},${tail}}`),
    )
  const quotes = fc
    .tuple(sidesOf(parts, 1, parts.asksMin), time, id)
    .map(([sides, ts, last]) => `{${sides},"ts":"${ts}","seqId":${last}}`)
  const trades = fc
    .tuple(
      id,
      number,
      number,
      fc.constantFrom('buy', 'sell'),
      time,
      fc.nat(5),
      fc.constantFrom('0', '1', '7'),
    )
    .chain(([tradeId, px, sz, side, ts, count, source]) =>
      someOf([], [`"count":"${count}"`, `"source":"${source}"`, '"seqId":12']).map((more) =>
        [
          `{"instId":${s},"tradeId":"${tradeId}","px":"${px}","sz":"${sz}","side":"${side}","ts":"${ts}"`,
          more === '' ? '}' : `,${more}}`,
        ].join(''),
      ),
    )
  const listOf = (element: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.array(element, { minLength: 1, maxLength: 3 }).map((list) => `[${list.join(',')}]`)
  return fc.oneof(
    fc.tuple(
      fc.constantFrom('books', 'books-l2-tbt', 'books50-l2-tbt'),
      fc.constantFrom('"action":"snapshot",', '"action":"update",'),
      listOf(books),
    ),
    fc.tuple(fc.constant('books5'), fc.constant(''), listOf(images)),
    fc.tuple(fc.constant('bbo-tbt'), fc.constant(''), listOf(quotes)),
    fc.tuple(fc.constantFrom('trades', 'trades-all'), fc.constant(''), listOf(trades)),
  )
}

function messages(parts: Parts): fc.Arbitrary<Made> {
  return fc.constantFrom<Market>('spot', 'linear', 'inverse').chain((market) =>
    parts.symbol(market).chain((symbol) => {
      const s = JSON.stringify(symbol)
      return dataOf(parts, s).map(([channel, action, data]) => ({
        market,
        frame: `{"arg":{"channel":"${channel}","instId":${s}},${action}"data":${data}}`,
      }))
    }),
  )
}

describe('the fast path', () => {
  it('takes every message that is written as the exchange writes it, and reads it exactly', () => {
    let [seen, taken] = [0, 0]
    fc.assert(
      fc.property(messages(usual), ({ market, frame }) => {
        const { isFast, events } = expectAgreement(encoder.encode(frame), market)
        // An aggregate of none, or of more trades than there are ids, is refused.
        if (events.length > 0) seen += 1
        if (isFast) taken += 1
      }),
      { ...seeded, numRuns: 2000 },
    )
    expect(seen).toBeGreaterThan(1500)
    expect(taken).toBe(seen)
  })

  it('agrees with the exact path on numbers, ids, times and symbols of any kind', () => {
    fc.assert(
      fc.property(messages(hostile), ({ market, frame }) => {
        expectAgreement(encoder.encode(frame), market)
      }),
      { ...seeded, numRuns: 2500 },
    )
  })

  it('agrees with the exact path on frames with one byte changed, added, taken away or cut', () => {
    const edits = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'remove', 'cut'))
    fc.assert(
      fc.property(messages(usual), edits, ({ market, frame }, [where, byte, edit]) => {
        const bytes = [...encoder.encode(frame)]
        const at = where % bytes.length
        if (edit === 'set') bytes[at] = byte
        else if (edit === 'insert') bytes.splice(at, 0, byte)
        else if (edit === 'remove') bytes.splice(at, 1)
        else bytes.length = at
        expectAgreement(Uint8Array.from(bytes), market)
      }),
      { ...seeded, numRuns: 2500 },
    )
  })

  it('leaves to the exact path what it does not know, which reads it', () => {
    const s = 'BTC-USDT'
    const at = `{"arg":{"channel":"books","instId":"${s}"},"action":"update","data":[`
    const tail = '"ts":"1597026383085","checksum":0,"prevSeqId":1,"seqId":2'
    const others = [
      `${at}{"asks":[["1","2"]],"bids":[],${tail}}]}`,
      `${at}{"asks":[["1","2","3"]],"bids":[],${tail}}]}`,
      `${at}{"asks":[["1","2","1","3"]],"bids":[],${tail}}]}`,
      `${at}{"bids":[["1","2","0","3"]],"asks":[],${tail}}]}`,
      `${at}{"asks":[],"bids":[],${tail},"new":1}]}`,
      `${at}{"asks":[],"bids":[],${tail}}],"new":1}`,
      ` ${at}{"asks":[],"bids":[],${tail}}]}`,
      `{"arg":{"instId":"${s}","channel":"books"},"action":"update","data":[{"asks":[],"bids":[],${tail}}]}`,
      `{"action":"update","arg":{"channel":"books","instId":"${s}"},"data":[{"asks":[],"bids":[],${tail}}]}`,
      `{"arg":{"channel":"books","instId":"BTC\\u002dUSDT"},"action":"update","data":[{"asks":[],"bids":[],${tail}}]}`,
    ]
    for (const frame of others) {
      const { isFast, events } = expectAgreement(encoder.encode(frame), 'spot')
      expect([isFast, events.length]).toEqual([false, 1])
    }
  })

  it('takes nothing that has more behind its end', () => {
    const bytes = encoder.encode(BEFORE)
    for (const byte of [0, 32, 93, 125, 120]) {
      const { isFast, events } = expectAgreement(Uint8Array.of(...bytes, byte), 'spot')
      expect([isFast, events.length]).toEqual([false, byte === 32 ? 1 : 0])
    }
  })

  it('lets the last of equal keys count, as JSON does', () => {
    const frame = (tail: string): Uint8Array =>
      encoder.encode(
        `{"arg":{"channel":"books","instId":"A-B"},"action":"update","data":[{"asks":[],"bids":[],${tail}}]}`,
      )
    const twice = '"ts":"1597026383085","checksum":7,"seqId":9,"ts":"1597026383086","checksum":0,"seqId":10'
    const { isFast, events } = expectAgreement(frame(twice), 'spot')
    expect(isFast).toBe(true)
    expect(events).toMatchObject([{ engineUs: 1597026383086000, lastSeq: 10 }])
    expect(events[0]).not.toHaveProperty('checksum')
    expectAgreement(frame('"ts":"1597026383085","seqId":9,"seqId":null'), 'spot')
    expectAgreement(frame('"seqId":9'), 'spot')
  })

  it('finds no message in what an earlier frame left behind the end of a cut one', () => {
    const frames = [
      '{"arg":{"channel":"trades","instId":"ABCDEFGH-USDT"},"data":[{"instId":"ABCDEFGH-USDT","tradeId":"12","px":"1.5","sz":"2","side":"sell","ts":"1630048897897","count":"3","source":"0","seqId":1234}]}',
      '{"arg":{"channel":"books","instId":"ABCDEFGH-USDT"},"action":"snapshot","data":[{"asks":[["1","2","0","3"]],"bids":[["1","2","0","3"]],"ts":"1597026383085","checksum":-5,"prevSeqId":-1,"seqId":2}]}',
      '{"arg":{"channel":"books5","instId":"ABCDEFGH-USDT"},"data":[{"asks":[["1","2","0","3"]],"bids":[],"instId":"ABCDEFGH-USDT","ts":"1597026383085","seqId":2}]}',
    ]
    for (const text of frames) {
      const whole = encoder.encode(text)
      for (let cut = 0; cut < whole.length; cut++) {
        expect(decodeFast(wires.spot, whole, usedBatch())).toBe(true)
        const { isFast, events } = expectAgreement(whole.subarray(0, cut), 'spot')
        expect([isFast, events]).toEqual([false, []])
      }
    }
  })
})

describe('the checksum of a book message', () => {
  const read = (decode: Decode, channel: string, checksum: string): number => {
    const batch = new EventBatch(new StringTable())
    const action = channel === 'books5' ? '' : '"action":"update",'
    const text = `{"arg":{"channel":"${channel}","instId":"A-B"},${action}"data":[{"asks":[],"bids":[],"ts":"1597026383085"${checksum}}]}`
    decode(wires.spot, encoder.encode(text), batch)
    expect(batch.count).toBe(1)
    expect(batch.kind[0]).toBe(channel === 'books5' ? EventKind.bookImage : EventKind.bookDelta)
    return batch.checksum[0] as number
  }

  it.each([
    [',"checksum":-855196043', -855196043],
    [',"checksum":2147483647', 2147483647],
    [',"checksum":-2147483648', -2147483648],
    [',"checksum":0', Number.NaN],
    [',"checksum":-0', Number.NaN],
    ['', Number.NaN],
  ])('%s is %d on both paths', (text, expected) => {
    for (const decode of [decodeFast, decodeExact]) {
      expect(read(decode, 'books', text)).toBe(expected)
      expect(read(decode, 'books5', text)).toBeNaN()
    }
  })
})

describe('levels', () => {
  const frameOf = (levels: number): Uint8Array => {
    const asks = new Array(levels).fill('["1","1","0","1"]').join(',')
    return encoder.encode(
      `{"arg":{"channel":"books","instId":"A-B"},"action":"update","data":[{"asks":[${asks}],"bids":[],"ts":"1597026383085"}]}`,
    )
  }

  it('are bounded in one message', () => {
    const batch = new EventBatch(new StringTable())
    expect(decodeFrame(wires.spot, frameOf(100_000), batch)).toEqual({ kind: 'events' })
    expect(batch.entryCount).toBe(100_000)
    batch.clear()
    expect(decodeFrame(wires.spot, frameOf(100_001), batch)).toMatchObject({ reason: 'too_many_levels' })
    expect([batch.count, batch.entryCount]).toEqual([0, 0])
  })
})
