import type { FundingDetail, LiquidationDetail, OpenInterestDetail } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Message, type Row, START_US, type Step } from './lane-fixture.ts'

const connect = (...streams: string[]): Step => ({
  kind: 'connect',
  subscriptions: streams.map((stream) => ['BTCUSDT', stream] as const),
})
const frame = (...messages: Message[]): Step => ({ kind: 'frame', connection: 1, messages })
const of = (rows: Row[], table: string): Row[] => rows.filter((row) => row.table === table)
const decimal = (mantissa: bigint, scale: number) => ({ mantissa, scale })
const common = {
  exchange: 'fake',
  market: 'spot',
  symbol: 'BTCUSDT',
  instrument: null,
  event_ts: START_US + 5,
  event_ts_source: 'engine',
  sent_ts: null,
  received_ts: START_US + 2_000,
  source: 'ws',
  writer: 'J1',
  frame: 2,
}
const engineUs = START_US + 5

/** Plays one message of a stream and answers its rows. */
function rowsOf(message: Message, table: string, stream: string = message.kind): Row[] {
  return of(new FakeLane().play(connect(stream), frame({ engineUs, ...message })), table)
}

describe('an aggregate', () => {
  const aggregate = (more: Partial<Message> = {}): Message => ({ kind: 'aggregate', first: 9, ...more })

  it('becomes a tick with the trades that it sums', () => {
    const levels: Level[] = [['bid', '1.50', '0.010']]
    const [row] = rowsOf(aggregate({ trades: [100, 105], levels }), 'ticks')
    expect(row).toEqual({
      table: 'ticks',
      ...common,
      trade_id: '9',
      kind: 'aggregate',
      side: 'buy',
      price: '1.50',
      quantity: '0.010',
      quantity_unit: 'base',
      trade_count: 6,
      first_trade_id: '100',
      last_trade_id: '105',
      trade_type: null,
    })
  })

  it('counts nothing when one of its ends is absent', () => {
    const counted = (trades: [number, number]) =>
      rowsOf(aggregate({ trades }), 'ticks').map((row) => [
        row.first_trade_id,
        row.last_trade_id,
        row.trade_count,
      ])
    expect(counted([Number.NaN, 105])).toEqual([[null, '105', null]])
    expect(counted([100, Number.NaN])).toEqual([['100', null, null]])
    expect(counted([7, 7])).toEqual([['7', '7', 1]])
  })
})

describe('a trade', () => {
  it('keeps the exchange’s word for its kind and has no trades inside', () => {
    const [row] = rowsOf({ kind: 'trade', first: 9, tradeType: 'INSURANCE_FUND' }, 'ticks')
    expect(row).toMatchObject({ kind: 'trade', trade_type: 'INSURANCE_FUND', trade_count: null })
    expect(row).toMatchObject({ first_trade_id: null, last_trade_id: null })
  })

  it('without an id has none', () => {
    const [row] = rowsOf({ kind: 'trade', stream: 'plain', first: Number.NaN }, 'ticks', 'plain')
    expect(row?.trade_id).toBeNull()
  })
})

describe('a quote', () => {
  const quote = (levels: Level[], last = 5): Message => ({ kind: 'quote', first: last, levels })

  it('becomes a row of both sides, whatever their order', () => {
    const both: Level[] = [
      ['ask', '1.60', '2'],
      ['bid', '1.5', '0.010'],
    ]
    for (const levels of [both, both.toReversed()]) {
      expect(rowsOf(quote(levels), 'bbo')).toEqual([
        {
          table: 'bbo',
          ...common,
          bid_price: '1.5',
          bid_quantity: '0.010',
          ask_price: '1.60',
          ask_quantity: '2',
          quantity_unit: 'base',
          last_seq: 5,
        },
      ])
    }
  })

  it('leaves a side null that it does not carry, also in a buffer that is used again', () => {
    const lane = new FakeLane()
    lane.play(connect('quote'), frame(quote([['bid', '9007199254740993', '1']], 1)))
    lane.play(frame(quote([['ask', '9007199254740993', '1']], 2)))
    const none = { bid_price: null, bid_quantity: null, ask_price: null, ask_quantity: null }
    const [asks] = of(lane.play(frame(quote([['ask', '2', '1']], 3))), 'bbo')
    expect(asks).toMatchObject({ ...none, ask_price: '2', ask_quantity: '1' })
    const [bids] = of(lane.play(frame(quote([['bid', '2', '1']], 4))), 'bbo')
    expect(bids).toMatchObject({ ...none, bid_price: '2', bid_quantity: '1' })
    expect(of(lane.play(frame(quote([], 5))), 'bbo')[0]).toMatchObject(none)
  })
})

describe('an image of limited depth', () => {
  const levels: Level[] = [
    ['bid', '9.50', '1'],
    ['bid', '9.4', '2'],
    ['bid', '9.3', '3'],
    ['ask', '9.6', '4'],
  ]
  const image = (last: number): Message => ({ kind: 'image', first: last, levels })

  it('becomes a row per level, best first on each side', () => {
    const rows = rowsOf(image(5), 'spot_ob')
    expect(rows.map(({ side, level, price, quantity }) => [side, level, price, quantity])).toEqual([
      ['bid', 0, '9.50', '1'],
      ['bid', 1, '9.4', '2'],
      ['bid', 2, '9.3', '3'],
      ['ask', 0, '9.6', '4'],
    ])
    expect(rows[3]).toEqual({
      table: 'spot_ob',
      ...common,
      kind: 'partial',
      side: 'ask',
      level: 0,
      price: '9.6',
      quantity: '4',
      quantity_unit: 'base',
      last_seq: 5,
      depth: 3,
      known_depth: null,
      book_state: 'waiting',
    })
  })

  it('says what our book was, and changes nothing in it', () => {
    const lane = new FakeLane()
    lane.play(connect('depth', 'image'))
    lane.play({ kind: 'answer', resync: 1, snapshot: { last: 4, levels: [['bid', '1', '1']] } })
    lane.play(frame({ kind: 'delta', first: 5, levels: [['bid', '2', '1']] }))
    expect(of(lane.play(frame(image(50))), 'spot_ob')[0]?.book_state).toBe('live')
    expect(lane.normalizer.counters).toMatchObject({ applied: 1, crossed: 0 })
  })
})

describe('funding', () => {
  const detail: FundingDetail = {
    markPrice: decimal(1179415000000n, 8),
    indexPrice: null,
    estimatedSettlePrice: decimal(-5n, 1),
    fundingRate: decimal(38167n, 8),
    predictedRate: null,
    fundingUs: START_US + 7,
    intervalHours: Number.NaN,
    kind: 'current',
  }

  it('becomes one row', () => {
    expect(rowsOf({ kind: 'funding', first: Number.NaN, detail }, 'funding')).toEqual([
      {
        table: 'funding',
        ...common,
        mark_price: '11794.15000000',
        index_price: null,
        estimated_settle_price: '-0.5',
        funding_rate: '0.00038167',
        predicted_rate: null,
        funding_ts: START_US + 7,
        interval_hours: null,
        kind: 'current',
      },
    ])
  })

  it('may say nothing but an interval', () => {
    const nothing = { markPrice: null, estimatedSettlePrice: null, fundingRate: null }
    const only: FundingDetail = { ...detail, ...nothing, fundingUs: Number.NaN, intervalHours: 4 }
    const [row] = rowsOf({ kind: 'funding', first: Number.NaN, detail: only }, 'funding')
    expect(row).toMatchObject({ interval_hours: 4, mark_price: null, funding_rate: null, funding_ts: null })
  })
})

describe('a liquidation', () => {
  const detail: LiquidationDetail = {
    side: 'sell',
    price: decimal(9910n, 0),
    priceKind: 'order',
    averagePrice: decimal(99105n, 1),
    quantity: decimal(14n, 3),
    filledQuantity: decimal(13n, 3),
    status: 'FILLED',
    sampled: true,
  }

  it('by a sale closes a long position, by a purchase a short one', () => {
    const first = Number.NaN
    expect(rowsOf({ kind: 'liquidation', first, detail }, 'liquidations')).toEqual([
      {
        table: 'liquidations',
        ...common,
        side: 'sell',
        position_side: 'long',
        price: '9910',
        price_kind: 'order',
        average_price: '9910.5',
        quantity: '0.014',
        quantity_unit: 'base',
        filled_quantity: '0.013',
        status: 'FILLED',
        sampled: 1,
      },
    ])
    const bare: LiquidationDetail = {
      side: 'buy',
      price: null,
      priceKind: null,
      averagePrice: null,
      quantity: decimal(1n, 0),
      filledQuantity: null,
      status: null,
      sampled: false,
    }
    const [row] = rowsOf({ kind: 'liquidation', first, detail: bare }, 'liquidations')
    expect(row).toMatchObject({ side: 'buy', position_side: 'short', price: null, price_kind: null })
    expect(row).toMatchObject({ average_price: null, filled_quantity: null, status: null, sampled: 0 })
  })
})

describe('open interest', () => {
  it('becomes one row in the market’s unit', () => {
    const detail: OpenInterestDetail = { openInterest: decimal(10659509n, 3), value: null }
    const lane = new FakeLane()
    const message: Message = { kind: 'openInterest', first: Number.NaN, engineUs, detail }
    const symbol = 'BTCUSDT'
    const told = { kind: 'told', symbol, stream: 'openInterest', messages: [message] } as const
    lane.play({ kind: 'clock' })
    expect(lane.play({ ...told, market: 'inverse' })).toEqual([
      {
        table: 'open_interest',
        ...common,
        market: 'inverse',
        source: 'rest',
        open_interest: '10659.509',
        quantity_unit: 'contracts',
        open_interest_value: null,
      },
    ])
  })
})

describe('a futures market', () => {
  const play = (...steps: Step[]): Row[] => {
    const lane = new FakeLane()
    const subscriptions = ['depth', 'image'].map((stream) => ['BTCUSDT', stream] as const)
    return lane.play({ kind: 'connect', market: 'linear', subscriptions }, ...steps)
  }
  const levels: Level[] = [['bid', '1', '1']]

  it('has tables of its own for updates, snapshots and images', () => {
    const rows = play(
      { kind: 'answer', market: 'linear', resync: 1, snapshot: { last: 4, levels } },
      frame({ kind: 'delta', first: 5, levels }),
      frame({ kind: 'image', first: 5, levels }),
      { kind: 'clock', atUs: START_US + 200_000 },
    )
    const told = rows.filter(({ table }) => table !== 'gaps')
    expect(told.map(({ table, market, kind, source }) => [table, market, kind ?? null, source])).toEqual([
      ['futures_delta', 'linear', null, 'rest'],
      ['futures_delta', 'linear', null, 'ws'],
      ['futures_ob', 'linear', 'checkpoint', 'derived'],
      ['futures_ob', 'linear', 'partial', 'ws'],
      ['futures_ob', 'linear', 'derived', 'derived'],
    ])
    const tables = of(rows, 'gaps').map(({ table_name }) => table_name)
    expect(tables).toEqual(['futures_delta', 'futures_ob'])
  })
})

describe('an event of another kind than its stream', () => {
  it('is a dead letter, not a row of a wrong table', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect('trade'), frame({ kind: 'delta', stream: 'trade', first: 1 }))
    expect(rows.map(({ table, reason, detail }) => [table, reason, detail])).toEqual([
      ['dead_letter', 'unknown_message', 'the stream stores no event of this kind'],
    ])
  })
})
