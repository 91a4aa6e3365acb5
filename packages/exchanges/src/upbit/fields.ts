/**
 * What the fields that we read are called in the two formats of one message: `DEFAULT`, which we ask for, and `SIMPLE`,
 * which recorders ask for. Source: docs.upbit.com/kr v1.6.4, WebSocket, Trade and Orderbook, read 2026-10-07.
 */
export interface FieldNames {
  readonly type: string
  readonly code: string
  readonly timestamp: string
  readonly units: string
  readonly askPrice: string
  readonly bidPrice: string
  readonly askSize: string
  readonly bidSize: string
  readonly level: string
  readonly tradeTimestamp: string
  readonly tradePrice: string
  readonly tradeVolume: string
  readonly askBid: string
  readonly sequentialId: string
}

/** Format `DEFAULT`. */
export const defaultNames: FieldNames = {
  type: 'type',
  code: 'code',
  timestamp: 'timestamp',
  units: 'orderbook_units',
  askPrice: 'ask_price',
  bidPrice: 'bid_price',
  askSize: 'ask_size',
  bidSize: 'bid_size',
  level: 'level',
  tradeTimestamp: 'trade_timestamp',
  tradePrice: 'trade_price',
  tradeVolume: 'trade_volume',
  askBid: 'ask_bid',
  sequentialId: 'sequential_id',
}

/** A book by REST. Source: docs.upbit.com/kr v1.6.4, List orderbooks, read 2026-10-07. */
export const restNames: FieldNames = { ...defaultNames, code: 'market' }

/** Format `SIMPLE`. */
export const simpleNames: FieldNames = {
  type: 'ty',
  code: 'cd',
  timestamp: 'tms',
  units: 'obu',
  askPrice: 'ap',
  bidPrice: 'bp',
  askSize: 'as',
  bidSize: 'bs',
  level: 'lv',
  tradeTimestamp: 'ttms',
  tradePrice: 'tp',
  tradeVolume: 'tv',
  askBid: 'ab',
  sequentialId: 'sid',
}
