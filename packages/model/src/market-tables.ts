import { common, optional, optionalScaleOf, required, scaleOf, type TableContract } from './table-contract.ts'

/** Tables of what exchanges say, and of what is made of it. */

/** Trades. */
export const ticks = {
  name: 'ticks',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    trade_id: optional(20, 'text'),
    kind: required(21, 'name'),
    side: optional(22, 'name'),
    price: required(23, 'decimal'),
    price_scale: scaleOf(24, 'price'),
    quantity: required(25, 'decimal'),
    quantity_scale: scaleOf(26, 'quantity'),
    quantity_unit: required(27, 'name'),
    trade_count: optional(28, 'int'),
    first_trade_id: optional(29, 'text'),
    last_trade_id: optional(30, 'text'),
    trade_type: optional(31, 'name'),
  },
  partition: { time: 'day', byExchange: true },
  sort: ['market', 'symbol', 'event_ts', 'frame'],
} as const satisfies TableContract

const deltaColumns = {
  ...common,
  side: required(20, 'name'),
  price: required(21, 'decimal'),
  price_scale: scaleOf(22, 'price'),
  quantity: required(23, 'decimal'),
  quantity_scale: scaleOf(24, 'quantity'),
  quantity_unit: required(25, 'name'),
  first_seq: optional(26, 'long'),
  last_seq: optional(27, 'long'),
  prev_seq: optional(28, 'long'),
  is_snapshot: required(29, 'boolean'),
  level_index: required(30, 'int'),
  connection_seq: optional(31, 'long'),
  checksum: optional(32, 'long'),
  book_state: required(33, 'name'),
} as const

/** One row per level of a book update of a spot market. */
export const spotDelta = {
  name: 'spot_delta',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: deltaColumns,
  partition: { time: 'hour', byExchange: true },
  sort: ['market', 'symbol', 'event_ts', 'last_seq', 'frame'],
  levelColumns: ['side', 'price', 'quantity', 'level_index'],
} as const satisfies TableContract

/** The same of a linear or inverse market. */
export const futuresDelta = { ...spotDelta, name: 'futures_delta' } as const satisfies TableContract

/** One row per level of a book image of a spot market. */
export const spotOb = {
  name: 'spot_ob',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    kind: required(20, 'name'),
    side: required(21, 'name'),
    level: required(22, 'int'),
    price: required(23, 'decimal'),
    price_scale: scaleOf(24, 'price'),
    quantity: required(25, 'decimal'),
    quantity_scale: scaleOf(26, 'quantity'),
    quantity_unit: required(27, 'name'),
    last_seq: optional(28, 'long'),
    depth: required(29, 'int'),
    known_depth: optional(30, 'int'),
    book_state: required(31, 'name'),
  },
  partition: { time: 'hour', byExchange: true },
  sort: ['market', 'symbol', 'event_ts', 'last_seq', 'frame'],
  levelColumns: ['side', 'level', 'price', 'quantity', 'known_depth'],
} as const satisfies TableContract

/** The same of a linear or inverse market. */
export const futuresOb = { ...spotOb, name: 'futures_ob' } as const satisfies TableContract

/** The exchange's own best bid and offer. */
export const bbo = {
  name: 'bbo',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    bid_price: optional(20, 'decimal'),
    bid_price_scale: optionalScaleOf(21, 'bid_price'),
    bid_quantity: optional(22, 'decimal'),
    bid_quantity_scale: optionalScaleOf(23, 'bid_quantity'),
    ask_price: optional(24, 'decimal'),
    ask_price_scale: optionalScaleOf(25, 'ask_price'),
    ask_quantity: optional(26, 'decimal'),
    ask_quantity_scale: optionalScaleOf(27, 'ask_quantity'),
    quantity_unit: required(28, 'name'),
    last_seq: optional(29, 'long'),
  },
  partition: { time: 'hour', byExchange: true },
  sort: ['market', 'symbol', 'event_ts', 'last_seq', 'frame'],
} as const satisfies TableContract

/** Orders that close a position by force. */
export const liquidations = {
  name: 'liquidations',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    side: required(20, 'name'),
    position_side: required(21, 'name'),
    price: optional(22, 'decimal'),
    price_scale: optionalScaleOf(23, 'price'),
    price_kind: optional(24, 'name'),
    average_price: optional(25, 'decimal'),
    quantity: required(26, 'decimal'),
    quantity_scale: scaleOf(27, 'quantity'),
    quantity_unit: required(28, 'name'),
    filled_quantity: optional(29, 'decimal'),
    status: optional(30, 'name'),
    sampled: required(31, 'boolean'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** Mark and index prices and funding rates, as announced or settled. */
export const funding = {
  name: 'funding',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    mark_price: optional(20, 'decimal'),
    index_price: optional(21, 'decimal'),
    estimated_settle_price: optional(22, 'decimal'),
    funding_rate: optional(23, 'decimal'),
    predicted_rate: optional(24, 'decimal'),
    funding_ts: optional(25, 'timestamp'),
    interval_hours: optional(26, 'int'),
    kind: required(27, 'name'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** Positions open at a time. */
export const openInterest = {
  name: 'open_interest',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    open_interest: required(20, 'decimal'),
    open_interest_scale: scaleOf(21, 'open_interest'),
    quantity_unit: required(22, 'name'),
    open_interest_value: optional(23, 'decimal'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** Trades of a window of time, summed up; a higher revision of a window replaces those before it. */
export const bars = {
  name: 'bars',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    interval: required(20, 'name'),
    window_start: required(21, 'timestamp'),
    window_end: required(22, 'timestamp'),
    open: optional(23, 'decimal'),
    high: optional(24, 'decimal'),
    low: optional(25, 'decimal'),
    close: optional(26, 'decimal'),
    volume: optional(27, 'decimal'),
    quote_volume: optional(28, 'decimal'),
    vwap: optional(29, 'decimal'),
    buy_volume: optional(30, 'decimal'),
    quantity_unit: required(31, 'name'),
    trade_count: required(32, 'long'),
    price_mean: optional(33, 'decimal'),
    price_change: optional(34, 'decimal'),
    price_change_percent: optional(35, 'decimal'),
    revision: required(36, 'int'),
    is_final: required(37, 'boolean'),
    complete: required(38, 'boolean'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** What can be traded, a row whenever something about it changed. */
export const instruments = {
  name: 'instruments',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    base: required(20, 'name'),
    quote: required(21, 'name'),
    settle: optional(22, 'name'),
    type: required(23, 'name'),
    status: optional(24, 'name'),
    tick_size: optional(25, 'decimal'),
    lot_size: optional(26, 'decimal'),
    contract_size: optional(27, 'decimal'),
    contract_unit: optional(28, 'name'),
    listed_ts: optional(29, 'timestamp'),
    expiry_ts: optional(30, 'timestamp'),
    raw: required(31, 'text'),
  },
  partition: null,
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract
