import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventBatch, StringTable } from '@cryptoflow/model'
import { plainEvents } from '@cryptoflow/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSameBatch } from '../test-support.ts'
import { decodeExact } from './exact.ts'
import { decodeFast, decodeFrame } from './frame.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }
const names = new StringTable()
const fast = new EventBatch(names)
const exact = new EventBatch(names)

/** Whether the fast path takes the frame; when it does, the exact path must give the same. */
function isTaken(frame: Uint8Array | string): boolean {
  const bytes = typeof frame === 'string' ? encoder.encode(frame) : frame
  fast.clear()
  exact.clear()
  const taken = decodeFast(bytes, fast)
  const outcome = decodeExact(bytes, exact)
  if (!taken) {
    expect([fast.count, fast.entryCount, fast.textIds.size]).toEqual([0, 0, 0])
    return false
  }
  expect(outcome).toEqual({ kind: 'events' })
  expect([...fast.textIds]).toEqual([...exact.textIds])
  if (!isSameBatch(fast, exact)) expect(plainEvents(fast)).toEqual(plainEvents(exact))
  return true
}

const symbol = fc.constantFrom('KRW-BTC', 'BTC-ETH', 'USDT-1INCH', 'KRW-測試', 'KRW-WAVES', 'A-B', '-')
const plain = fc
  .tuple(fc.nat(999_999_999), fc.nat(99_999_999), fc.nat(9))
  .map(([whole, part, digits]) =>
    digits === 0 ? `${whole}` : `${whole}.${String(part).padStart(9, '0').slice(0, digits)}`,
  )
const exponential = fc
  .tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.stringMatching(/^(\.\d{1,7})?$/),
    fc.constantFrom('E8', 'E9', 'E-4', 'e-05'),
  )
  .map(([whole, part, exponent]) => `${whole}${part}${exponent}`)
const wide = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), fc.stringMatching(/^\d{1,18}$/))
  .map(([whole, part]) => `${whole}.${part}`)
const number = fc.oneof(
  { weight: 8, arbitrary: plain },
  { weight: 4, arbitrary: exponential },
  { weight: 1, arbitrary: fc.constantFrom('0', '0.0') },
  { weight: 1, arbitrary: wide },
)
const time = fc.oneof(
  fc.integer({ min: Date.UTC(2008, 0, 1), max: Date.UTC(2200, 0, 1) }),
  fc.integer({ min: Date.UTC(2020, 0, 1) * 1000, max: Date.UTC(2200, 0, 1) * 1000 }),
)
const kind = fc.constantFrom('SNAPSHOT', 'REALTIME')
const id = fc.bigInt({ min: 0n, max: 10n ** 20n - 1n })

/** Written by hand, since no serializer writes such numbers. */
const trades = fc
  .record({
    symbol,
    times: fc.tuple(time, time),
    numbers: fc.tuple(number, number, number, number, number, number, number, number),
    side: fc.constantFrom('ASK', 'BID'),
    change: fc.constantFrom('RISE', 'EVEN', 'FALL'),
    id,
    kind,
    isSimple: fc.boolean(),
    hasBest: fc.boolean(),
  })
  .map(
    ({
      symbol,
      times: [sent, engine],
      numbers: [p, v, c, d, a, as, b, bs],
      side,
      change,
      id,
      kind,
      ...is
    }) =>
      is.isSimple
        ? `{"ty":"trade","cd":"${symbol}","tms":${sent},"td":"2026-09-02","ttm":"07:46:20","ttms":${engine},"tp":${p},` +
          `"tv":${v},"ab":"${side}","pcp":${c},"c":"${change}","cp":${d},"sid":${id},` +
          `${is.hasBest ? `"bap":${a},"bas":${as},"bbp":${b},"bbs":${bs},` : ''}"st":"${kind}"}`
        : `{"type":"trade","code":"${symbol}","timestamp":${sent},"trade_date":"2026-09-02","trade_time":"07:46:20",` +
          `"trade_timestamp":${engine},"trade_price":${p},"trade_volume":${v},"ask_bid":"${side}",` +
          `"prev_closing_price":${c},"change":"${change}","change_price":${d},"sequential_id":${id},` +
          `${is.hasBest ? `"best_ask_price":${a},"best_ask_size":${as},"best_bid_price":${b},"best_bid_size":${bs},` : ''}` +
          `"stream_type":"${kind}"}`,
  )

const units = fc.array(fc.tuple(number, number, number, number), { minLength: 1, maxLength: 8 })
const images = fc
  .record({
    symbol,
    time,
    units,
    totals: fc.tuple(number, number),
    kind,
    isSimple: fc.boolean(),
    hasLevel: fc.boolean(),
  })
  .map(({ symbol, time, units, totals: [asks, bids], kind, isSimple, hasLevel }) => {
    const [ap, bp, as, bs] = isSimple
      ? ['ap', 'bp', 'as', 'bs']
      : ['ask_price', 'bid_price', 'ask_size', 'bid_size']
    const list = units.map(([a, b, c, d]) => `{"${ap}":${a},"${bp}":${b},"${as}":${c},"${bs}":${d}}`).join()
    return isSimple
      ? `{"ty":"orderbook","cd":"${symbol}","tms":${time},"tas":${asks},"tbs":${bids},"obu":[${list}],"st":"${kind}"${hasLevel ? ',"lv":0' : ''}}`
      : `{"type":"orderbook","code":"${symbol}","timestamp":${time},"total_ask_size":${asks},"total_bid_size":${bids},` +
          `"orderbook_units":[${list}],"stream_type":"${kind}"${hasLevel ? ',"level":0' : ''}}`
  })

/** Numbers as nearly all messages have them, of any number of digits: one in eight at a border of the usual loop. */
const whole = fc.tuple(fc.nat(8), fc.nat(999_999_999)).map(([cut, n]) => String(n).slice(cut) || '0')
const usualWhole = whole.map((digits) => String(Number(digits)))
const fraction = fc.stringMatching(/^\d{1,8}$/)
const border = fc.constantFrom(
  '0',
  '0.0',
  '9E9',
  '1.5E1',
  '1.25E1',
  '9.007199254740992E9',
  '999.99999999',
  '1000.5',
)
const usual = fc.oneof(
  { weight: 4, arbitrary: usualWhole },
  { weight: 6, arbitrary: fc.tuple(usualWhole, fraction).map((parts) => parts.join('.')) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.nat(999), fc.nat(99_999_999))
      .map(([a, b]) => `${a}.${String(b).padStart(8, '0')}`),
  },
  { weight: 2, arbitrary: border },
)
const usualUnit = fc.tuple(usual, usual, usual, usual)

const messages = { trades, images }

describe('the fast path', () => {
  it.each(Object.entries(messages))(
    'reads %s in the usual spelling as the exact path does',
    (_name, frames) => {
      fc.assert(
        fc.property(frames, (frame) => {
          expect(isTaken(frame)).toBe(true)
        }),
        { ...seeded, numRuns: 800 },
      )
    },
  )

  it('reads books of numbers without any surprise as the exact path does', () => {
    fc.assert(
      fc.property(fc.array(usualUnit, { minLength: 1, maxLength: 30 }), (units) => {
        const list = units
          .map(([a, b, c, d]) => `{"ask_price":${a},"bid_price":${b},"ask_size":${c},"bid_size":${d}}`)
          .join()
        const frame = `{"type":"orderbook","code":"KRW-BTC","timestamp":1746601573804,"total_ask_size":1,"total_bid_size":2,"orderbook_units":[${list}],"stream_type":"REALTIME","level":0}`
        expect(isTaken(frame)).toBe(true)
      }),
      { ...seeded, numRuns: 2000 },
    )
  })

  it('takes no other byte for the one that stands at a place, nor none', () => {
    const unit = '{"ask_price":137002000,"bid_price":253.1,"ask_size":0.10623869,"bid_size":33.03656812}'
    const frames = [
      `{"type":"orderbook","code":"KRW-BTC","timestamp":1746601573804,"total_ask_size":4.7,"total_bid_size":2,"orderbook_units":[${unit},${unit.replace('33.', '123.')}],"stream_type":"REALTIME","level":0}`,
      '{"type":"trade","code":"KRW-BTC","timestamp":1788335180423,"trade_date":"2026-09-02","trade_time":"07:46:20","trade_timestamp":1788335180377,"trade_price":106691000.00000000,"trade_volume":0.00009372,"ask_bid":"ASK","prev_closing_price":107005000.00000000,"change":"FALL","change_price":314000.00000000,"sequential_id":17883351803770004,"best_ask_price":106705000,"best_ask_size":0.00906333,"best_bid_price":106691000,"best_bid_size":0.00702247,"stream_type":"SNAPSHOT"}',
    ]
    for (const frame of frames.map((text) => encoder.encode(text))) {
      expect(isTaken(frame)).toBe(true)
      for (let at = 0; at < frame.length; at++) {
        const right = frame[at] as number
        for (const byte of [
          0x2f,
          0x3a,
          0x30,
          0x31,
          0x2e,
          0x2d,
          0x2c,
          0x22,
          0x20,
          0x7e,
          0x80,
          right ^ 1,
          right ^ 32,
        ]) {
          frame[at] = byte
          isTaken(frame)
        }
        frame[at] = right
        isTaken(Uint8Array.from([...frame.subarray(0, at), ...frame.subarray(at + 1)]))
      }
    }
  })

  it.each(Object.entries(messages))(
    'reads %s with other bytes as the exact path does, or not at all',
    (_name, frames) => {
      const edit = fc.tuple(
        fc.nat(),
        fc.constantFrom('set', 'insert', 'remove', 'cut', 'double'),
        fc.nat(255),
      )
      const character = fc.constantFrom(...encoder.encode('"\\{}[],:.0159-+eETyopdecasbltim_\u007f \n'))
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
        { ...seeded, numRuns: 3000 },
      )
    },
  )

  it('reads the fixtures as the exact path does, or not at all', () => {
    const folder = join(import.meta.dirname, 'fixtures', 'spot')
    const files = readdirSync(folder).filter((name) => !name.includes('.golden.'))
    const frames = files.flatMap((name) =>
      readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').slice(1),
    )
    expect(frames.filter(isTaken).length).toBeGreaterThan(22)
  })

  it.each(Object.entries(messages))(
    'takes no %s for whole that are cut, whatever an earlier frame left behind them',
    (_name, frames) => {
      const [frame] = fc.sample(frames, { ...seeded, numRuns: 1 }) as [string]
      const bytes = encoder.encode(frame)
      for (let length = 0; length < bytes.length; length++) {
        decodeFast(encoder.encode(frame + frame), fast)
        expect(isTaken(bytes.subarray(0, length))).toBe(false)
      }
    },
  )

  it('leaves books that are grouped, or have more units than any, to the exact path', () => {
    expect(isTaken(imageOf(30))).toBe(true)
    expect(isTaken(imageOf(64))).toBe(true)
    expect(isTaken(imageOf(65))).toBe(false)
    expect(isTaken(imageOf(1).replace('"level":0', '"level":10000'))).toBe(false)
    expect(isTaken(imageOf(1).replace('"level":0', '"level":0.5'))).toBe(false)
  })

  it('knows symbols again in another table of names, and the streams too', () => {
    const [first, second] = [new EventBatch(new StringTable()), new EventBatch(new StringTable())]
    second.names.idOf('another')
    for (const batch of [first, second, first]) {
      batch.clear()
      expect(decodeFast(encoder.encode(imageOf(1)), batch)).toBe(true)
      expect(plainEvents(batch)).toMatchObject([{ symbol: 'KRW-BTC', stream: 'orderbook' }])
    }
  })

  it('takes symbols that begin as another one does for their own', () => {
    for (const code of ['KRW-LONGNAME', 'KRW-LONGNAMES', 'KRW-LONGNAM', 'KRW-LONGNAME']) {
      expect(isTaken(imageOf(1).replace('KRW-BTC', code))).toBe(true)
      expect(plainEvents(fast)).toMatchObject([{ symbol: code }])
    }
  })

  it.each(['007', '', '1.0', '1e3', '-1', '"1"', '100000000000000000000'])(
    'takes no trade whose id is written %s',
    (written) => {
      const [frame] = fc.sample(trades, { ...seeded, numRuns: 1 }) as [string]
      expect(isTaken(frame)).toBe(true)
      expect(isTaken(frame.replace(/(s(?:equential_)?id":)\d+/, `$1${written}`))).toBe(false)
    },
  )

  it('leaves nothing of a number beyond 2^53 to the message after', () => {
    const wideNumber = '98765432109876543210.5'
    const batch = new EventBatch(names)
    decodeFast(encoder.encode(imageOf(2).replaceAll('"ask_size":2', `"ask_size":${wideNumber}`)), batch)
    batch.clear()
    decodeFast(encoder.encode(imageOf(2)), batch)
    expect(batch.quantity.wide.size + batch.price.wide.size).toBe(0)
    const padded = `{"ask_price":0,"bid_price":0,"ask_size":${wideNumber},"bid_size":${wideNumber}}`
    const frame = encoder.encode(imageOf(1).replace(/\[.*\]/, `[${padded}]`))
    for (const decode of [decodeFast, decodeExact]) {
      batch.clear()
      decode(frame, batch)
      expect([batch.count, batch.entryCount, batch.quantity.wide.size]).toEqual([1, 0, 0])
    }
  })
})

function imageOf(units: number): string {
  const unit = '{"ask_price":3,"bid_price":1,"ask_size":2,"bid_size":4}'
  return (
    '{"type":"orderbook","code":"KRW-BTC","timestamp":1746601573804,"total_ask_size":1,"total_bid_size":1,' +
    `"orderbook_units":[${Array(units).fill(unit).join()}],"stream_type":"REALTIME","level":0}`
  )
}

describe('a frame', () => {
  it('may bring 100,000 levels and not one more', () => {
    fast.clear()
    expect(decodeFrame(encoder.encode(imageOf(50_000)), fast)).toEqual({ kind: 'events' })
    expect(fast.entryCount).toBe(100_000)
    fast.clear()
    const refused = decodeFrame(encoder.encode(imageOf(50_001)), fast)
    expect(refused).toMatchObject({ kind: 'malformed', reason: 'too_many_levels' })
    expect([fast.count, fast.entryCount]).toEqual([0, 0])
  })

  it('has bids first and then asks, each best first, as the units have them', () => {
    const frame =
      '{"ty":"orderbook","cd":"KRW-X","tms":1746601573804,"tas":1,"tbs":1,"obu":[{"ap":11,"bp":10,"as":1,"bs":2},' +
      '{"ap":12,"bp":0,"as":3,"bs":0},{"ap":0.0,"bp":9,"as":4,"bs":5}],"st":"REALTIME"}'
    for (const text of [frame, frame.replace('{', '{ ')]) {
      fast.clear()
      decodeFrame(encoder.encode(text), fast)
      expect(plainEvents(fast)[0]?.entries).toEqual([
        ['bid', '10', '2'],
        ['bid', '9', '5'],
        ['ask', '11', '1'],
        ['ask', '12', '3'],
      ])
    }
  })

  it('is of neither format when it has the type of one and the fields of the other', () => {
    const mixed = imageOf(1).replace('"code"', '"cd"')
    fast.clear()
    expect(decodeFrame(encoder.encode(mixed), fast)).toMatchObject({ kind: 'malformed' })
  })
})
