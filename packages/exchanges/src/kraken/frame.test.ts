import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventBatch, EventKind, StringTable } from '@cryptoflow/model'
import { plainEvents } from '@cryptoflow/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEVELS_MAX } from '../levels.ts'
import { decodeFuturesExact, decodeFuturesFast, decodeFuturesFrame } from './futures.ts'
import { decodeSpotExact, decodeSpotFast, decodeSpotFrame } from './spot.ts'

type Decoder = (bytes: Uint8Array, out: EventBatch) => unknown
type Pair = readonly [fast: Decoder, exact: Decoder]

const encoder = new TextEncoder()
const seeded = { seed: 20261121, numRuns: 2000 }
/** Some tests read hundreds of thousands of levels or frames, on a machine that has other work. */
const TEST_MS_MAX = 60_000
const spot: Pair = [decodeSpotFast, decodeSpotExact]
const inverse: Pair = [
  (bytes, out) => decodeFuturesFast('inverse', bytes, out),
  (bytes, out) => decodeFuturesExact('inverse', bytes, out),
]
const linear: Pair = [
  (bytes, out) => decodeFuturesFast('linear', bytes, out),
  (bytes, out) => decodeFuturesExact('linear', bytes, out),
]

const names = new StringTable()
const [ours, theirs] = [new EventBatch(names), new EventBatch(names)]

/** Whether the fast path took the frame; then both paths must have given the same columns. */
function isFast([fast, exact]: Pair, bytes: Uint8Array): boolean {
  ours.clear()
  theirs.clear()
  if (fast(bytes, ours) !== true) {
    expect([ours.count, ours.entryCount, ours.textIds.size]).toEqual([0, 0, 0])
    return false
  }
  expect(exact(bytes, theirs)).toEqual({ kind: 'events' })
  expect(plainEvents(ours)).toEqual(plainEvents(theirs))
  for (let event = 0; event < ours.count; event++) {
    const isBook = ours.kind[event] === EventKind.bookDelta || ours.kind[event] === EventKind.bookSnapshot
    if (isBook) expect(ours.checksum[event]).toEqual(theirs.checksum[event])
  }
  return true
}

const isFastText = (pair: Pair, text: string): boolean => isFast(pair, encoder.encode(text))

const mostly = <T>(usual: fc.Arbitrary<T>, ...rare: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 20, arbitrary: usual }, ...rare)
const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`))
const whole = fc.oneof(fc.nat().map(String), digits(1, 22))
const number = mostly(
  fc.tuple(fc.nat(99_999), digits(8, 8)).map((parts) => parts.join('.')),
  fc.tuple(fc.nat(), digits(1, 9)).map((parts) => parts.join('.')),
  whole,
  fc.tuple(whole, digits(1, 20)).map((parts) => parts.join('.')),
  fc.tuple(whole, fc.integer({ min: -25, max: 25 })).map((parts) => parts.join('e')),
  fc.constantFrom('-1', '1.', '.5', '01', '1e', '""', 'null', '1.5.5', '0', '0.0', '-0'),
)
const symbol = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('BTC/USD', 'AAPLx/USD', 'A', 'PI_XBTUSD', 'FI_XBTUSD_260925') },
  fc.string({ maxLength: 70, unit: fc.constantFrom('A', 'z', '/', '"', '\\', '\n', '测', '\u007f') }),
)
const time = mostly(
  fc
    .date({ min: new Date('2009-01-01'), max: new Date('2260-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.constantFrom('2026-08-16T23:37:05.723653Z', '2026-08-16T23:37:05Z', '2026-08-16T23:37:05.1234567891Z'),
  fc.constantFrom('2026-08-16T23:37:05+00:00', '2026-02-30T00:00:00Z', '0001-01-01T00:00:00Z', 'x', ''),
)
const id = mostly(fc.nat().map(String), whole, fc.constantFrom('1.0', '-1', '9007199254740991'))
const level = fc.tuple(number, number).map(([price, qty]) => `{"price":${price},"qty":${qty}}`)
const levels = fc.array(level, { maxLength: 3 }).map((all) => all.join(','))
const ends = fc.constantFrom('', '', '', '', ' ', '}', 'x')

const spotBook = fc
  .tuple(fc.constantFrom('update', 'snapshot', 'other'), symbol, levels, levels, id, time, ends)
  .map(
    ([type, name, bids, asks, checksum, timestamp, end]) =>
      `{"channel":"book","type":"${type}","data":[{"symbol":"${name}","bids":[${bids}],"asks":[${asks}],` +
      `"checksum":${checksum},"timestamp":"${timestamp}"}]}${end}`,
  )
const spotTrade = fc
  .tuple(symbol, fc.constantFrom('buy', 'sell', 'both'), number, number, id, time)
  .chain(([name, side, price, qty, trade, timestamp]) =>
    fc
      .constantFrom(
        '',
        '"ord_type":"limit",',
        '"ord_type":"market",',
        '"ord_type":"other",',
        '"ord_type":"",',
      )
      .map(
        (type) =>
          `{"symbol":"${name}","side":"${side}","price":${price},"qty":${qty},${type}"trade_id":${trade},` +
          `"timestamp":"${timestamp}"}`,
      ),
  )
const spotTrades = fc
  .tuple(fc.constantFrom('update', 'update', 'snapshot'), fc.array(spotTrade, { maxLength: 3 }), ends)
  .map(([type, trades, end]) => `{"channel":"trade","type":"${type}","data":[${trades.join(',')}]}${end}`)
const ms = mostly(fc.integer({ min: 0, max: 9_007_199_254_742 }).map(String), id)
const product = mostly(
  fc.constantFrom('PI_XBTUSD', 'FI_XBTUSD_260925', 'PF_XBTUSD', 'FF_XBTUSD_260925'),
  fc.constantFrom('PV_XRPXBT', 'XI_XBTUSD', 'PIXBTUSD', 'PI', ''),
  symbol,
)
const delta = fc
  .tuple(product, fc.constantFrom('buy', 'sell', 'x'), id, number, number, ms, ends)
  .map(
    ([name, side, seq, price, qty, timestamp, end]) =>
      `{"feed":"book","product_id":"${name}","side":"${side}","seq":${seq},"price":${price},"qty":${qty},` +
      `"timestamp":${timestamp}}${end}`,
  )
const image = fc
  .tuple(product, ms, id, levels, levels, ends)
  .map(
    ([name, timestamp, seq, bids, asks, end]) =>
      `{"feed":"book_snapshot","product_id":"${name}","timestamp":${timestamp},"seq":${seq},"tickSize":null,` +
      `"bids":[${bids}],"asks":[${asks}]}${end}`,
  )
const uid = mostly(fc.uuid(), symbol)
const type = fc.constantFrom('fill', 'fill', 'fill', 'liquidation', 'block', '')
const print = fc
  .tuple(product, uid, fc.constantFrom('buy', 'sell', 'x'), type, id, ms, number, number, ends)
  .map(
    ([name, text, side, kind, seq, at, qty, price, end]) =>
      `{"feed":"trade","product_id":"${name}","uid":"${text}","side":"${side}","type":"${kind}","seq":${seq},` +
      `"time":${at},"qty":${qty},"price":${price}}${end}`,
  )

describe('the fast path', { timeout: TEST_MS_MAX }, () => {
  it.each([
    ['books of spot', spot, spotBook],
    ['trades of spot', spot, spotTrades],
    ['deltas of futures', inverse, delta],
    ['deltas of linear futures', linear, delta],
    ['snapshots of futures', inverse, image],
    ['trades of futures', inverse, print],
  ] as const)('reads generated %s as the exact path does, or leaves them to it', (_what, pair, frames) => {
    let taken = 0
    fc.assert(
      fc.property(frames, (text) => {
        if (isFastText(pair, text)) taken += 1
      }),
      seeded,
    )
    expect(taken).toBeGreaterThan(50)
  })

  const folder = join(import.meta.dirname, 'fixtures')
  const fixtures = [
    ['spot', spot],
    ['linear', linear],
    ['inverse', inverse],
  ] as const

  it.each(fixtures)('reads the documented frames of %s', (market, pair) => {
    for (const file of ['book.jsonl', 'trade.jsonl']) {
      const lines = readFileSync(join(folder, market, file), 'utf8')
        .trimEnd()
        .split('\n')
      // The first ones are documented in the exchange's own spelling; the second of trades is captured so or varied.
      expect(lines.slice(1, 3).map((line) => isFastText(pair, line))).toEqual([true, true])
      for (const line of lines.slice(3)) isFastText(pair, line)
    }
  })

  it.each(fixtures)('takes no frame of %s that is cut, with whatever behind it', (market, pair) => {
    for (const file of readdirSync(join(folder, market)).filter((name) =>
      /^(book|trade)\.jsonl$/.test(name),
    )) {
      for (const line of readFileSync(join(folder, market, file), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(1)) {
        const whole = encoder.encode(line)
        for (let end = 0; end < whole.length; end++) {
          // What a longer frame left in the space must not make a cut one whole.
          isFast(pair, whole)
          expect(isFast(pair, whole.subarray(0, end))).toBe(false)
        }
      }
    }
  })

  it('keeps the checksum that was sent, and takes none above 32 bits', () => {
    const book = (checksum: string): string =>
      `{"channel":"book","type":"update","data":[{"symbol":"A/B","bids":[],"asks":[],"checksum":${checksum},` +
      `"timestamp":"2026-08-16T23:37:05.723653Z"}]}`
    for (const checksum of ['0', '1', '2439117997', '4294967295']) {
      expect(isFastText(spot, book(checksum))).toBe(true)
      expect(ours.checksum[0]).toBe(Number(checksum))
    }
    for (const checksum of ['4294967296', '-1', '1.0', '"1"'])
      expect(isFastText(spot, book(checksum))).toBe(false)
  })

  it('tells symbols apart that differ in one letter, also where only the end differs', () => {
    const frameOf = (name: string): string =>
      `{"feed":"book","product_id":"${name}","side":"buy","seq":1,"price":1.5,"qty":1.0,"timestamp":1626994925378}`
    const symbols = [
      'FI_XBTUSD_260925',
      'FI_XBTUSD_2609255',
      'FI_XBTUSD_261225',
      'FI_XBTUSD_26092',
      'PI_XBTUSD',
      'PI_XBTUSDT',
      'PI_',
    ]
    const many = Array.from({ length: 3000 }, (_, i) => `PI_${i.toString(36).toUpperCase()}USD`)
    for (const name of [...symbols, ...many, ...symbols, ...many]) {
      expect(isFastText(inverse, frameOf(name))).toBe(true)
      expect(plainEvents(ours)[0]?.symbol).toBe(name)
    }
  })

  it('forgets symbols with their table of names', () => {
    const text =
      '{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[],"checksum":1,'
    const frame = encoder.encode(`${text}"timestamp":"2026-08-16T23:37:05.723653Z"}]}`)
    const [first, second] = [new EventBatch(new StringTable()), new EventBatch(new StringTable())]
    second.names.idOf('takes an id')
    for (const batch of [first, second, first]) {
      batch.clear()
      expect(decodeSpotFast(frame, batch)).toBe(true)
      expect(plainEvents(batch)[0]).toMatchObject({ symbol: 'BTC/USD', stream: 'book' })
    }
  })
})

describe('a book of too many levels', { timeout: TEST_MS_MAX }, () => {
  const side = (count: number, text: string): string => new Array(count).fill(text).join(',')
  const read = (bids: number, asks: number, text = '{"price":1,"qty":1}'): unknown => {
    const frame = encoder.encode(
      `{"channel":"book","type":"snapshot","data":[{"symbol":"A/B","bids":[${side(bids, text)}],` +
        `"asks":[${side(asks, text)}],"checksum":1,"timestamp":"2026-08-16T23:37:05.723653Z"}]}`,
    )
    const batch = new EventBatch(new StringTable())
    const outcome = decodeSpotFrame(frame, batch)
    return batch.entryCount > 0 ? batch.entryCount : outcome
  }
  const refusal = (key: string): unknown => ({
    kind: 'malformed',
    reason: 'too_many_levels',
    detail: `${key} brings more than ${LEVELS_MAX} levels`,
  })

  it('is refused whole, on whichever side they are', () => {
    expect(read(LEVELS_MAX, 0)).toBe(LEVELS_MAX)
    expect(read(LEVELS_MAX - 1, 1)).toBe(LEVELS_MAX)
    expect(read(LEVELS_MAX + 1, 0)).toEqual(refusal('bids'))
    expect(read(LEVELS_MAX, 1)).toEqual(refusal('asks'))
    expect(read(1, LEVELS_MAX)).toEqual(refusal('asks'))
    expect(read(LEVELS_MAX, 1, '{"qty":1,"price":1}')).toEqual(refusal('asks'))
  })

  it('is refused of futures too', () => {
    const all = side(LEVELS_MAX + 1, '{"price":1,"qty":1}')
    const frame = `{"feed":"book_snapshot","product_id":"PI_A","timestamp":1,"seq":1,"tickSize":null,"bids":[],"asks":[${all}]}`
    const batch = new EventBatch(new StringTable())
    expect(decodeFuturesFrame('inverse', encoder.encode(frame), batch)).toEqual(refusal('asks'))
    expect(batch.entryCount).toBe(0)
  })
})

describe('several trades in one frame', () => {
  it('are stored all or none', () => {
    const trade = (trade_id: number, qty: string): string =>
      `{"symbol":"A/B","side":"buy","price":1.0,"qty":${qty},"ord_type":"limit","trade_id":${trade_id},` +
      `"timestamp":"2026-08-16T23:37:05.723653Z"}`
    const read = (...trades: string[]): unknown => {
      const batch = new EventBatch(new StringTable())
      const text = `{"channel":"trade","type":"update","data":[${trades.join(',')}]}`
      const { kind } = decodeSpotFrame(encoder.encode(text), batch)
      return [kind, batch.count, batch.entryCount]
    }
    expect(read(trade(1, '1'), trade(2, '1'))).toEqual(['events', 2, 2])
    expect(read(trade(1, '12345678901234567890.5'), trade(2, '1'))).toEqual(['events', 2, 2])
    expect(read(trade(1, '1'), trade(2, '-1'))).toEqual(['malformed', 0, 0])
    expect(read(trade(1, '12345678901234567890.5'), trade(2, 'x'))).toEqual(['malformed', 0, 0])
  })

  it('leave no wide number behind when they are refused', () => {
    const batch = new EventBatch(new StringTable())
    const wide =
      '{"symbol":"A/B","side":"buy","price":12345678901234567890.5,"qty":1,"ord_type":"limit","trade_id":1,'
    decodeSpotFast(
      encoder.encode(`{"channel":"trade","type":"update","data":[${wide}"timestamp":"x"}]}`),
      batch,
    )
    expect(batch.price.wide.size).toBe(0)
  })
})
