import type { EmissionContent } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import { fundingValues, type Place, toldContent } from '../stage/contents.ts'
import type { Forced } from '../stage/forced.ts'
import type { Marks } from '../stage/marks.ts'
import { plain } from './dialect.ts'
import type { Listed } from './symbols.ts'

/**
 * What is told of an instrument beside trades and books, as elements of messages and as rows.
 *
 * Source: okx.com/docs-v5, "WS / Funding rate channel", as of 2026-07-19; "WS / Mark price channel", "WS / Open interest
 * channel", "WS / Liquidation orders channel" and "GET / Funding rate history", as of 2026-02-23.
 */

const HOUR_MS = 3_600_000

/** An element of a message, and the row that it becomes. */
export interface Told {
  readonly json: string
  readonly content: EmissionContent
}

type At = Omit<Place, 'stream' | 'table'>

/** Hours of a contract's funding period: 8 of most, 4 of some. */
export function fundingHours({ instrument }: Listed): number {
  return hashOf(instrument.symbol) % 3 === 0 ? 4 : 8
}

/** The price that positions are valued at; spot has it for trading on margin. */
export function markPrice({ type, instrument }: Listed, { mark }: Marks, at: At): Told {
  const price = plain(mark)
  const named = type === 'SPOT' ? 'MARGIN' : type
  return {
    json: `{"instType":"${named}","instId":"${instrument.symbol}","markPx":"${price}","ts":"${at.atMs}"}`,
    content: toldContent(
      { ...at, stream: 'mark-price', table: 'funding' },
      { engineMs: at.atMs },
      fundingValues({ mark_price: price }),
    ),
  }
}

/** The rate of the period that ends at the next settlement. */
export function fundingRate(listed: Listed, { rate, fundingMs }: Marks, at: At): Told {
  const { symbol } = listed.instrument
  const hours = fundingHours(listed)
  const [current, settled] = [plain(rate), settledRate(symbol, fundingMs - hours * HOUR_MS)]
  return {
    json:
      `{"formulaType":"noRate","fundingRate":"${current}","fundingTime":"${fundingMs}","impactValue":"",` +
      `"instId":"${symbol}","instType":"${listed.type}","interestRate":"","method":"current_period",` +
      `"maxFundingRate":"0.00375","minFundingRate":"-0.00375","nextFundingRate":"",` +
      `"nextFundingTime":"${fundingMs + hours * HOUR_MS}","premium":"0.0001233824646391",` +
      `"settFundingRate":"${settled}","settState":"settled","ts":"${at.atMs}"}`,
    content: toldContent(
      { ...at, stream: 'funding-rate', table: 'funding' },
      { engineMs: at.atMs },
      fundingValues({ funding_rate: current, funding_ts: `${fundingMs}000`, interval_hours: String(hours) }),
    ),
  }
}

/** The rate that was charged at a settlement, always the same for the same one. */
function settledRate(symbol: string, settledMs: number): string {
  const drawn = (hashOf(`settled ${symbol} ${settledMs}`) % 600_001) - 200_000
  const sign = drawn < 0 ? '-' : ''
  return `${sign}${plain(`0.000${String(Math.abs(drawn)).padStart(6, '0')}`)}`
}

/** A settlement of the past, as REST lists it: what was charged is a little off what had been forecast. */
export function settlement({ type, instrument }: Listed, settledMs: number, at: At): Told {
  const { symbol } = instrument
  const realized = settledRate(symbol, settledMs)
  const forecast = realized === '0' ? '0' : `${realized}7`
  return {
    json:
      `{"formulaType":"noRate","fundingRate":"${forecast}","fundingTime":"${settledMs}","instId":"${symbol}",` +
      `"instType":"${type}","method":"current_period","realizedRate":"${realized}"}`,
    content: toldContent(
      { ...at, stream: 'public/funding-rate-history', table: 'funding' },
      { engineMs: settledMs },
      fundingValues({
        funding_rate: realized,
        predicted_rate: forecast,
        funding_ts: `${settledMs}000`,
        kind: 'settled',
      }),
    ),
  }
}

/** Positions open, in contracts and in US dollars; the latter have more digits than a float holds. */
export function openInterest(
  { type, instrument }: Listed,
  contracts: string,
  stream: 'open-interest' | `public/open-interest/${string}`,
  at: At,
): Told {
  const dollars = `${1_000_000_000 + (hashOf(`${instrument.symbol} ${contracts}`) % 1_000_000_000)}.54769270396321`
  return {
    json:
      `{"instId":"${instrument.symbol}","instType":"${type}","oi":"${contracts}","oiCcy":"22161.1301000000309",` +
      `"oiUsd":"${dollars}","ts":"${at.atMs}"}`,
    content: toldContent(
      { ...at, stream, table: 'open_interest' },
      { engineMs: at.atMs },
      { open_interest: contracts, open_interest_value: dollars },
    ),
  }
}

/** An order that closed a position by force, at the price of bankruptcy. */
export function forcedOrder(
  { type, instrument, family }: Listed,
  order: Forced,
  text: { readonly price: string; readonly quantity: string },
  at: At,
): Told {
  const position = order.side === 'sell' ? 'long' : 'short'
  const [price, quantity] = [plain(text.price), plain(text.quantity)]
  const underlying = family.replace(/_.*$/, '')
  return {
    json:
      `{"details":[{"bkLoss":"0","bkPx":"${price}","ccy":"","posSide":"${position}","side":"${order.side}",` +
      `"sz":"${quantity}","ts":"${order.timeMs}"}],"instFamily":"${family}","instId":"${instrument.symbol}",` +
      `"instType":"${type}","uly":"${underlying}"}`,
    content: toldContent(
      { ...at, stream: `liquidation-orders/${type}`, table: 'liquidations' },
      { engineMs: order.timeMs },
      {
        side: order.side,
        position_side: position,
        price,
        price_kind: 'bankruptcy',
        average_price: null,
        quantity,
        filled_quantity: null,
        status: null,
        sampled: 'true',
      },
    ),
  }
}
