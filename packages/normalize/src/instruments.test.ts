import type { InstrumentDetail } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeLane, type Message, type Row, START_US, type Step } from './lane-fixture.ts'
import { textHash } from './text-hash.ts'

const BTC: InstrumentDetail = {
  instrument: 'BTC-USDT',
  base: 'BTC',
  quote: 'USDT',
  settle: null,
  type: 'spot',
  status: 'TRADING',
  tickSize: { mantissa: 1n, scale: 2 },
  lotSize: { mantissa: 100n, scale: 7 },
  contractSize: null,
  contractUnit: null,
  listedUs: Number.NaN,
  expiryUs: Number.NaN,
  raw: '{"symbol":"BTCUSDT"}',
}
const list = (...details: Partial<InstrumentDetail & { symbol: string }>[]): Step => ({
  kind: 'told',
  stream: 'instrument',
  messages: details.map(
    ({ symbol = 'BTCUSDT', ...more }): Message => ({
      kind: 'instrument',
      symbol,
      first: Number.NaN,
      detail: { ...BTC, ...more },
    }),
  ),
})
const connect: Step = {
  kind: 'connect',
  subscriptions: ['trade', 'depth', 'quote', 'image'].map((stream) => ['BTCUSDT', stream] as const),
}
const frame = (...messages: Message[]): Step => ({ kind: 'frame', connection: 1, messages })
const instrumentsOf = (rows: Row[]): unknown[][] => rows.map(({ table, instrument }) => [table, instrument])

describe('an instrument', () => {
  it('becomes a row with everything that the list says', () => {
    const expiry = { contractUnit: 'USD', listedUs: START_US - 5, expiryUs: START_US + 5, settle: 'BTC' }
    const lane = new FakeLane()
    const future = { ...expiry, contractSize: { mantissa: 100n, scale: 0 }, type: 'future' } as const
    expect(lane.play(list(future))).toEqual([
      {
        table: 'instruments',
        exchange: 'fake',
        market: 'spot',
        symbol: 'BTCUSDT',
        instrument: 'BTC-USDT',
        event_ts: START_US + 1_000,
        event_ts_source: 'received',
        sent_ts: null,
        received_ts: START_US + 1_000,
        source: 'rest',
        writer: 'J1',
        frame: 1,
        base: 'BTC',
        quote: 'USDT',
        settle: 'BTC',
        type: 'future',
        status: 'TRADING',
        tick_size: '0.01',
        lot_size: '0.0000100',
        contract_size: '100',
        contract_unit: 'USD',
        listed_ts: START_US - 5,
        expiry_ts: START_US + 5,
        raw: '{"symbol":"BTCUSDT"}',
      },
    ])
    const nothing = { settle: null, status: null, tickSize: null, lotSize: null, contractSize: null }
    const [row] = lane.play(list({ ...nothing, raw: '{}' }))
    expect(row).toMatchObject({ settle: null, status: null, tick_size: null, contract_unit: null })
    expect(row).toMatchObject({ lot_size: null, contract_size: null, listed_ts: null, expiry_ts: null })
  })

  it('is stored again only when the exchange says something else of it', () => {
    const lane = new FakeLane()
    const second = { symbol: 'ETHUSDT', instrument: 'ETH-USDT', raw: '{"e":1}' }
    expect(lane.play(list({}, second))).toHaveLength(2)
    expect(lane.play(list({}, second), list({}))).toEqual([])
    const changed = lane.play(list({}, { ...second, raw: '{"e":2}' }))
    expect(changed.map(({ symbol, raw }) => [symbol, raw])).toEqual([['ETHUSDT', '{"e":2}']])
    expect(lane.play(list({}, second))).toHaveLength(1)
    const { received, stored, duplicates } = lane.normalizer.counters
    expect([received, stored, duplicates]).toEqual([9, 4, 5])
  })

  it('is stored again when our name for it is another', () => {
    const lane = new FakeLane()
    lane.play(list({}))
    expect(lane.play(list({ instrument: 'XBT-USDT' }))).toMatchObject([{ instrument: 'XBT-USDT' }])
  })

  it('names every row of its key from then on, whatever its table', () => {
    const lane = new FakeLane()
    lane.play(connect)
    const before = lane.play(frame({ kind: 'trade', first: 1 }))
    expect(new Set(before.map(({ instrument }) => instrument))).toEqual(new Set([null]))
    lane.play(list({}))
    lane.play({ kind: 'answer', resync: 1, snapshot: { last: 1, levels: [['bid', '1', '1']] } })
    const rows = lane.play(
      frame({ kind: 'trade', first: 3 }, { kind: 'quote', first: 3 }, { kind: 'image', first: 3 }),
      frame({ kind: 'delta', first: 2 }),
      frame({ kind: 'trade', first: 4, engineUs: START_US * 2 }),
      { kind: 'stop' },
    )
    expect(new Set(rows.map(({ table }) => table))).toEqual(
      new Set(['gaps', 'ticks', 'bbo', 'spot_ob', 'spot_delta', 'dead_letter']),
    )
    expect(new Set(rows.map(({ instrument }) => instrument))).toEqual(new Set(['BTC-USDT']))
  })

  it('names no row of another key or market', () => {
    const lane = new FakeLane()
    lane.play(list({}))
    const linear: Step = { kind: 'connect', market: 'linear', subscriptions: [['BTCUSDT', 'trade']] }
    expect(
      instrumentsOf(lane.play(linear, { ...frame({ kind: 'trade', first: 1 }), connection: 2 } as Step)),
    ).toEqual([
      ['ticks', null],
      ['gaps', null],
    ])
    const other = lane.play(connect, {
      ...frame({ kind: 'trade', symbol: 'ETHUSDT', first: 1 }),
      connection: 4,
    } as Step)
    expect(other.map(({ instrument }) => instrument)).toEqual([null, null])
  })

  it('is known after a restart, name and content', () => {
    const lane = new FakeLane()
    lane.play(list({}))
    const copy = new FakeLane()
    copy.normalizer.restore(lane.normalizer.image())
    expect(copy.normalizer.image()).toEqual(lane.normalizer.image())
    expect(copy.play(list({}))).toEqual([])
    expect(
      copy.play(connect, { ...frame({ kind: 'trade', first: 1 }), connection: 2 } as Step),
    ).toMatchObject([
      { table: 'ticks', instrument: 'BTC-USDT' },
      { table: 'gaps', instrument: 'BTC-USDT' },
    ])
  })

  it('costs little until its key has streams', () => {
    const symbols = Array.from({ length: 3_000 }, (_, i) => `COIN${i}USDT`)
    const lane = new FakeLane()
    lane.play(list(...symbols.map((symbol) => ({ symbol, instrument: symbol, raw: symbol }))))
    // What it received stands there until the minute is over.
    lane.play({ kind: 'clock', atUs: START_US + 60_000_000 })
    expect(lane.normalizer.image().length / symbols.length).toBeLessThan(100)
  })
})

describe('the hash of a text', () => {
  it('is a safe integer that a changed character changes', () => {
    const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
    fc.assert(
      fc.property(texts, fc.nat(), (text, at) => {
        const place = at % text.length
        const code = text.charCodeAt(place) ^ 1
        const other = text.slice(0, place) + String.fromCharCode(code) + text.slice(place + 1)
        expect(Number.isSafeInteger(textHash(text))).toBe(true)
        expect(textHash(text)).toBeGreaterThanOrEqual(0)
        expect(textHash(other)).not.toBe(textHash(text))
      }),
      { seed: 11, numRuns: 300 },
    )
  })

  it('is the one that older state images hold', () => {
    expect([textHash(''), textHash('{"symbol":"BTCUSDT"}')]).toEqual([1336278161071557, 1286230143155808])
  })

  it('spreads: no two of many similar texts are the same', () => {
    const hashes = new Set(Array.from({ length: 100_000 }, (_, i) => textHash(`{"status":"${i}"}`)))
    expect(hashes.size).toBe(100_000)
  })
})
