import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { EmissionRecord } from '../emission-log.ts'
import type { TestClient } from '../testing/client.ts'
import { firstDifference } from '../testing/records.ts'
import { argsOf, type Json, parsed, play, request, settled, TODAY_US } from './house-support.ts'

const markets = [
  ['spot', ['BTC-USDT', 'ADA-USDC'], TODAY_US],
  ['linear', ['BTC-USDT-SWAP', 'ETH-USD_UM-SWAP', 'ETH-USDT-261225', 'ADA-USDT-SWAP'], TODAY_US],
  ['inverse', ['BTC-USD-SWAP', 'ETH-USD-261225'], TODAY_US],
  ['linear', ['BTC-USDT-SWAP'], Date.parse('2024-01-01T00:00:00Z') * 1000],
] as const

const faults = {
  everyMessages: 25,
  kinds: ['gap', 'duplicate', 'malformed'],
  startAfterMessages: 100,
} as const

describe('what okx sends', () => {
  it.each(markets)('is what the log says, number by number (%s %s)', async (market, symbols, startUs) => {
    const house = await play({ exchange: 'okx', market, symbols }, { faults }, manualClock(startUs))
    const [open, business] = [await house.client(), await house.client('business')]
    const isSpot = market === 'spot'
    const channels = ['trades', 'books', 'bbo-tbt', 'books5', 'mark-price']
    const future = isSpot ? [] : ['open-interest', 'funding-rate']
    const types = isSpot ? ['SPOT'] : ['SWAP', 'FUTURES']
    const wide = types.flatMap((instType) => [
      { channel: 'instruments', instType },
      ...(isSpot ? [] : [{ channel: 'liquidation-orders', instType }]),
    ])
    await request(open, [...symbols.flatMap((symbol) => argsOf(symbol, ...channels, ...future)), ...wide])
    await request(
      business,
      symbols.flatMap((symbol) => argsOf(symbol, 'trades-all')),
    )
    for (let i = 0; i < 6; i++) {
      house.clock.advance(5_000)
      for (const client of [open, business]) await settled(client)
    }
    for (const [connection, client] of [open, business].entries()) {
      const said = house.records
        .filter((record) => record.connection === connection + 1)
        .flatMap((record) => Array.from({ length: record.copies }, () => plainRecord(record)))
      const heard = messagesOf(client).flatMap((message) => plainMessages(message, market))
      expect(heard.length).toBeGreaterThan(200)
      expect(differenceOf(said, heard)).toBeNull()
    }
    const kinds = new Set(house.records.map(({ stream }) => stream.split('/')[0]))
    const told = [
      ...channels,
      'trades-all',
      ...future,
      'instruments',
      ...(isSpot ? [] : ['liquidation-orders']),
    ]
    expect([...kinds].sort()).toEqual(told.sort())
    for (const kind of faults.kinds) expect(house.stage.counters.faults[kind]).toBeGreaterThan(0)
  })

  it('counts the fills of a taker order at one price together, and single fills elsewhere', async () => {
    const house = await play()
    const [open, business] = [await house.client(), await house.client('business')]
    const symbol = 'BTC-USDT-SWAP'
    await request(open, argsOf(symbol, 'trades'))
    await request(business, argsOf(symbol, 'trades-all'))
    house.clock.advance(20_000)
    for (const client of [open, business]) await settled(client)
    const singles = rowsOf(business)
    const together = rowsOf(open)
    expect(together.length).toBeLessThan(singles.length)
    expect(together.some(({ count }) => Number(count) > 1)).toBe(true)
    expect(together.some(({ source }) => source === '1')).toBe(true)
    let next = 0
    for (const { tradeId, px, sz, side, ts, count, source } of together) {
      const fills = singles.slice(next, next + Number(count))
      next += Number(count)
      expect(fills.at(-1)?.tradeId).toBe(tradeId)
      for (const fill of fills) expect(fill).toMatchObject({ px, side, ts, source })
      const sum = fills.reduce((total, fill) => total + hundredths(fill.sz), 0n)
      expect(sum).toBe(hundredths(sz))
    }
    expect(next).toBe(singles.length)
    for (const [i, { tradeId }] of singles.entries())
      expect(Number(tradeId)).toBe(Number(singles[0]?.tradeId) + i)
  })
})

const rowsOf = (client: TestClient): Json[] =>
  messagesOf(client).flatMap(({ data }) => (Array.isArray(data) ? data : []))

/** Exact, of a quantity with at most two digits behind the point. */
function hundredths(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  expect(fraction.length).toBeLessThanOrEqual(2)
  return BigInt(whole + fraction.padEnd(2, '0'))
}

/** Whole messages; what was damaged on the way is none. */
function messagesOf(client: TestClient): Json[] {
  const whole = client.texts.filter((text) => {
    try {
      return typeof JSON.parse(text) === 'object'
    } catch {
      return false
    }
  })
  return parsed({ ...client, texts: whole }).filter((message) => message.event === undefined)
}

/** The same text for the same said, in whatever order its fields stand. */
function textOf(said: Json): string {
  return JSON.stringify(Object.entries({ ...said, values: Object.entries(said.values).sort() }).sort())
}

/** A message with several events comes twice as a whole, and has its events' copies side by side in the log. */
function differenceOf(said: readonly Json[], heard: readonly Json[]): string | null {
  const [ours, theirs] = [said.map(textOf), heard.map(textOf)]
  return (
    firstDifference([...new Set(ours)], [...new Set(theirs)]) ?? firstDifference(ours.sort(), theirs.sort())
  )
}

function plainRecord(record: EmissionRecord): Json {
  const { symbol, stream, table, first, last, prev, is_snapshot, checksum, bids, asks, engine_ms, sent_ms } =
    record
  const values = Object.fromEntries(Object.entries(record.values ?? {}).filter(([, value]) => value !== null))
  const levels = { bids, asks }
  return {
    symbol,
    stream,
    table,
    first,
    last,
    prev,
    is_snapshot,
    checksum,
    ...levels,
    engine_ms,
    sent_ms,
    values,
  }
}

const none = {
  first: null,
  last: null,
  prev: null,
  is_snapshot: false,
  checksum: null,
  bids: [],
  asks: [],
  engine_ms: null,
  sent_ms: null,
  values: {},
}

/** Whether the digits of a number became letters on the way: then nobody reads the message. */
function isDamaged({ px, sz, bids, asks, details }: Json): boolean {
  return /[q-z]\./.test(JSON.stringify([px, sz, bids, asks, details]))
}

/** The same, read from a message by the documents; contracts of another market are none of ours. */
function plainMessages({ arg, action, data }: Json, market: string): Json[] {
  const { channel, instType } = arg
  if (data.some(isDamaged)) return []
  const isSpot = market === 'spot'
  const stream = instType === undefined ? channel : `${channel}/${instType}`
  const owned = (data as Json[]).filter(
    ({ instId }) => instId === undefined || instId.includes('-USD-') === (market === 'inverse'),
  )
  return owned.flatMap((row): Json[] => {
    const said = { ...none, symbol: arg.instId ?? row.instId, stream }
    const timed = row.ts === undefined ? said : { ...said, engine_ms: Number(row.ts) }
    switch (channel) {
      case 'trades':
      case 'trades-all':
        return [{ ...timed, table: 'ticks', ...tradeOf(row) }]
      case 'books':
        return [{ ...timed, table: isSpot ? 'spot_delta' : 'futures_delta', ...bookOf(row, action) }]
      case 'books5':
        return [{ ...timed, table: isSpot ? 'spot_ob' : 'futures_ob', last: row.seqId, ...sidesOf(row) }]
      case 'bbo-tbt':
        return [{ ...timed, table: 'bbo', last: row.seqId, values: quoteOf(row) }]
      case 'mark-price':
        return [{ ...timed, table: 'funding', values: { kind: 'current', mark_price: row.markPx } }]
      case 'funding-rate':
        return [{ ...timed, table: 'funding', values: rateOf(row) }]
      case 'open-interest':
        return [{ ...timed, table: 'open_interest', values: interestOf(row) }]
      case 'liquidation-orders':
        return row.details.map((order: Json) => ({
          ...said,
          table: 'liquidations',
          engine_ms: Number(order.ts),
          values: forcedOf(order),
        }))
      case 'instruments':
        return [{ ...said, table: 'instruments', values: listedOf(row) }]
      default:
        throw new Error(`a channel that nobody knows: ${channel}`)
    }
  })
}

const pairs = (levels: string[][]): string[][] =>
  levels.map(([price, quantity]) => [price, quantity] as string[])
const sidesOf = ({ bids, asks }: Json): Json => ({ bids: pairs(bids), asks: pairs(asks) })

function bookOf(row: Json, action: string): Json {
  const checksum = String(row.checksum)
  const ids = { last: row.seqId, prev: row.prevSeqId, is_snapshot: action === 'snapshot' }
  return { ...ids, checksum, ...sidesOf(row) }
}

function tradeOf({ tradeId, count = '1', side, px, sz, source }: Json): Json {
  const last = Number(tradeId)
  const first = last - Number(count) + 1
  const values = { trade_id: tradeId, side, price: px, quantity: sz, trade_type: source }
  if (count === '1') return { first, last, values: { ...values, kind: 'trade' } }
  const ids = { trade_count: count, first_trade_id: String(first), last_trade_id: tradeId }
  return { first, last, values: { ...values, ...ids, kind: 'aggregate' } }
}

function quoteOf({ bids: [bid], asks: [ask] }: Json): Json {
  return { bid_price: bid[0], bid_quantity: bid[1], ask_price: ask[0], ask_quantity: ask[1] }
}

function rateOf({ fundingRate, fundingTime, nextFundingTime }: Json): Json {
  const hours = (Number(nextFundingTime) - Number(fundingTime)) / 3_600_000
  const times = { funding_ts: `${fundingTime}000`, interval_hours: String(hours) }
  return { kind: 'current', funding_rate: fundingRate, ...times }
}

const interestOf = ({ oi, oiUsd }: Json): Json => ({ open_interest: oi, open_interest_value: oiUsd })

function forcedOf({ side, posSide, bkPx, sz }: Json): Json {
  expect(posSide).toBe(side === 'buy' ? 'short' : 'long')
  const price = { price: bkPx, price_kind: 'bankruptcy' }
  return { side, position_side: posSide, ...price, quantity: sz, sampled: 'true' }
}

function listedOf(row: Json): Json {
  const [base, quote] = row.instType === 'SPOT' ? [row.baseCcy, row.quoteCcy] : row.uly.split('-')
  const types: Json = { SPOT: 'spot', SWAP: 'perpetual', FUTURES: 'future' }
  const worth = row.ctVal === '' ? '' : String(Number(row.ctVal) * Number(row.ctMult))
  const known = {
    base,
    quote,
    settle: row.settleCcy,
    type: types[row.instType],
    status: row.state,
    tick_size: row.tickSz,
    lot_size: row.lotSz,
    contract_size: worth,
    contract_unit: row.ctValCcy,
    listed_ts: `${row.listTime}000`,
    expiry_ts: row.expTime === '' ? '' : `${row.expTime}000`,
    raw: JSON.stringify(row),
  }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== ''))
}
