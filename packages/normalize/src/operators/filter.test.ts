import { marketText, type Operators, type TableName } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FakeLane, type Message, type Row, START_US, type Step } from '../lane-fixture.ts'
import { laneWorld, worldLane } from '../lane-world.ts'

const SPOT = marketText({ exchange: 'fake', market: 'spot' })
const SEEDS = Array.from({ length: 10 }, (_, seed) => seed + 1)
const start = (operators: Operators): Step => ({ kind: 'start', operators })
const subscribe = (...streams: string[]): Step => ({
  kind: 'connect',
  subscriptions: streams.flatMap((stream) =>
    ['BTCUSDT', 'ETHUSDT'].map((symbol) => [symbol, stream] as const),
  ),
})
const trade = (first: number, price: string, quantity: string, symbol = 'BTCUSDT'): Message => ({
  kind: 'trade',
  symbol,
  first,
  levels: [['bid', price, quantity]],
})
const frame = (...messages: Message[]): Step => ({ kind: 'frame', connection: 2, messages })
const later = (minutes: number): Step => ({ kind: 'clock', atUs: START_US + minutes * 60_000_000 })

function idsIn(rows: readonly Row[]): unknown[] {
  return rows.filter(({ table }) => table === 'ticks').map((row) => row.trade_id)
}

function outcomes(rows: readonly Row[], symbol = 'BTCUSDT'): unknown[] {
  return rows
    .filter((row) => row.table === 'coverage' && row.symbol === symbol && (row.received as number) > 0)
    .map((row) => [row.table_name, row.received, row.stored, row.duplicates, row.filtered, row.dead_letters])
}

describe('a filter', () => {
  it('keeps rows of symbols, prices, quantities and notionals, and counts the others', () => {
    const lane = new FakeLane()
    const ticks = {
      allow: ['*USDT'],
      deny: ['ETH*'],
      priceMin: '10',
      priceMax: '20',
      quantityMin: '0.5',
      notionalMin: '12',
    }
    lane.play(start({ [SPOT]: { filter: { ticks } } }), subscribe('trade'))
    const rows = lane.play(
      frame(trade(1, '9.99', '9'), trade(2, '10.0', '1.2'), trade(3, '20.00', '0.5'), trade(4, '20.01', '9')),
      frame(trade(5, '15', '0.49'), trade(6, '10', '1.19'), trade(7, '12', '1'), trade(7, '12', '1')),
      frame(trade(1, '15', '5', 'ETHUSDT')),
      later(1),
      frame(trade(8, '1', '1')),
      later(2),
    )
    expect(idsIn(rows)).toEqual(['2', '7'])
    expect(outcomes(rows)).toEqual([['ticks', 8, 2, 1, 5, 0]])
    const others = lane.play(frame(trade(2, '15', '5', 'ETHUSDT')), later(4))
    expect(outcomes(others, 'ETHUSDT')).toEqual([['ticks', 1, 0, 0, 1, 0]])
  })

  it('hides no message from the sequence: what is missing is a gap, what is filtered is none', () => {
    const lane = new FakeLane()
    lane.play(start({ [SPOT]: { filter: { ticks: { priceMin: '10' } } } }), subscribe('trade'))
    const rows = lane.play(frame(trade(1, '10', '1')), frame(trade(2, '1', '1')), frame(trade(3, '10', '1')))
    const gaps = [...rows, ...lane.play(frame(trade(5, '10', '1')))].filter(({ table }) => table === 'gaps')
    expect(gaps.map(({ from_seq, to_seq, cause }) => [from_seq, to_seq, cause])).toEqual([
      [null, 1, 'start'],
      [3, 5, 'sequence'],
    ])
  })

  it('hides no update from the book: its images are written where they are not filtered themselves', () => {
    for (const [denied, written] of [
      ['spot_delta', ['spot_ob']],
      ['spot_ob', ['spot_delta']],
    ] as const) {
      const lane = new FakeLane()
      const filter: Partial<Record<TableName, object>> = { [denied]: { deny: ['BTC*'] } }
      lane.play(start({ [SPOT]: { filter } }), subscribe('depth'))
      const levels = [
        ['bid', '99', '1'],
        ['ask', '101', '1'],
      ] as const
      lane.play({ kind: 'answer', resync: 1, snapshot: { last: 5, levels } })
      lane.play(frame({ kind: 'delta', first: 6, levels: [['bid', '98', '1']] }), later(1))
      const tables = new Set(lane.rows.map(({ table }) => table).filter((name) => name.startsWith('spot')))
      expect([...tables]).toEqual(written)
      expect(lane.normalizer.counters).toMatchObject({
        applied: 1,
        filtered: denied === 'spot_delta' ? 2 : 0,
      })
    }
  })

  it('leaves a liquidation without a price to the other rules', () => {
    const lane = new FakeLane()
    const liquidations = { priceMin: '10', quantityMin: '2' }
    lane.play(start({ [SPOT]: { filter: { liquidations } } }), subscribe('liquidation'))
    const none = { priceKind: null, averagePrice: null, filledQuantity: null, status: null }
    const told = (price: bigint | null, quantity: bigint): Message => ({
      kind: 'liquidation',
      first: Number.NaN,
      detail: {
        ...none,
        side: 'sell',
        sampled: true,
        price: price === null ? null : { mantissa: price, scale: 0 },
        quantity: { mantissa: quantity, scale: 0 },
      },
    })
    const rows = lane.play(frame(told(null, 2n), told(null, 1n), told(9n, 3n), told(10n, 4n)))
    const quantities = rows.filter(({ table }) => table === 'liquidations').map(({ quantity }) => quantity)
    expect(quantities).toEqual(['2', '4'])
  })

  it('of the next start holds from its record on', () => {
    const lane = new FakeLane()
    const strict = { [SPOT]: { filter: { ticks: { priceMin: '10' } } } }
    lane.play(start(strict), subscribe('trade'), frame(trade(1, '1', '1')), { kind: 'start' })
    const rows = lane.play({ ...subscribe('trade') }, { ...frame(trade(2, '1', '1')), connection: 5 } as Step)
    expect(idsIn(rows)).toEqual(['2'])
  })

  it.each(SEEDS)('takes rows from its table and changes nothing else, seed %i', (seed) => {
    const { steps } = laneWorld(seed, 400)
    const filter = {
      ticks: { allow: ['*T*'], priceMax: '105', notionalMin: '95' },
      spot_delta: { deny: ['BTC*'] },
      bbo: { deny: ['*USDT'] },
    }
    const plain = worldLane()
    const filtered = worldLane()
    plain.play(...steps)
    const operators = { [SPOT]: { filter } }
    filtered.play(...steps.map((step): Step => (step.kind === 'start' ? { ...step, operators } : step)))
    const isKept = (row: Row): boolean => {
      const symbol = String(row.symbol)
      if (row.market !== 'spot') return true
      if (row.table === 'ticks') {
        const notional = Number(row.price) * Number(row.quantity)
        return symbol.includes('T') && Number(row.price) <= 105 && notional >= 95
      }
      if (row.table === 'spot_delta') return !symbol.startsWith('BTC')
      return row.table !== 'bbo' || !symbol.endsWith('USDT')
    }
    const withoutCoverage = (rows: readonly Row[]): string[] =>
      rows.filter(({ table }) => table !== 'coverage').map((row) => JSON.stringify(row))
    expect(withoutCoverage(filtered.rows)).toEqual(withoutCoverage(plain.rows.filter(isKept)))
    expect(filtered.rows.length).toBeLessThan(plain.rows.length)
    const { received, stored, duplicates, deadLetters, filtered: removed } = filtered.normalizer.counters
    expect(received).toBe(stored + duplicates + deadLetters + removed)
    expect(plain.normalizer.counters).toMatchObject({
      received,
      duplicates,
      deadLetters,
      stored: stored + removed,
    })
  })
})
