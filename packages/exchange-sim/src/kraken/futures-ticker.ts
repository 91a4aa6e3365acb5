import type { EmissionContent } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'
import { fundingValues, type Place, toldContent } from '../stage/contents.ts'
import type { Marks } from '../stage/marks.ts'
import { shortest } from './numbers.ts'

/**
 * The futures `ticker`: all its fields once a second, those of funding only where there is any. Source: docs.kraken.com
 * as copied 2026-05-27, futures-api/websocket/ticker; the order of the fields as in messages of Kraken.Net, 2026-07.
 */

/** Rates are per hour, and paid every hour. */
export const FUNDING_HOURS = 1

/** What a ticker says and is stored, as on the wire; null where the field is absent. */
export interface Ticker {
  readonly mark: string
  readonly index: string
  readonly openInterest: string
  /** Fraction of notional per hour. */
  readonly rate: string | null
  readonly predicted: string | null
  /** Exchange milliseconds. */
  readonly fundingMs: number | null
}

const RATE_DIGITS = 12
/** Rates are drawn below this, in units of 10^-12. */
const RATE_SPAN = 60_000_000
/** In one minute of so many nobody predicts. */
const SILENT_SHARE = 7

/** `isPerpetual` false: nothing is funded. */
export function tickerOf(
  name: string,
  marks: Marks,
  told: { readonly openInterest: string; readonly isPerpetual: boolean; readonly nowMs: number },
): Ticker {
  const { openInterest, isPerpetual, nowMs } = told
  const prices = { mark: shortest(marks.mark), index: shortest(marks.index), openInterest }
  if (!isPerpetual) return { ...prices, rate: null, predicted: null, fundingMs: null }
  const draw = hashOf(`predicted ${name} ${Math.floor(nowMs / 60_000)}`)
  return {
    ...prices,
    rate: shortest(marks.rate),
    predicted: draw % SILENT_SHARE === 0 ? null : rateText((draw % RATE_SPAN) - RATE_SPAN / 3),
    fundingMs: marks.fundingMs,
  }
}

function rateText(units: number): string {
  const text = fixedText(Math.abs(units), RATE_DIGITS, RATE_DIGITS)
  return shortest(units < 0 ? `-${text}` : text)
}

export interface TickerText {
  readonly symbol: string
  readonly timeMs: number
  readonly ticker: Ticker
  readonly bid: readonly [price: string, quantity: string]
  readonly ask: readonly [price: string, quantity: string]
  /** Exchange milliseconds; null for what never ends. */
  readonly expiryMs: number | null
}

/** The message; what is not stored says little. */
export function tickerText({ symbol, timeMs, ticker, bid, ask, expiryMs }: TickerText): string {
  const { mark, index, openInterest, rate, predicted, fundingMs } = ticker
  const funding =
    (rate === null ? '' : `"funding_rate":-6.2604214e-11,"relative_funding_rate":${rate},`) +
    (predicted === null ? '' : `"relative_funding_rate_prediction":${predicted},`) +
    (fundingMs === null ? '' : `"next_funding_rate_time":${fundingMs},`)
  return (
    `{"time":${timeMs},"product_id":"${symbol}",${funding}"leverage":"50x","premium":-0.0,"feed":"ticker",` +
    `"bid":${bid[0]},"ask":${ask[0]},"bid_size":${bid[1]},"ask_size":${ask[1]},"volume":57204.177,"dtm":0,` +
    `"index":${index},"last":${bid[0]},"change":0.97,"suspended":false,` +
    `"tag":"${expiryMs === null ? 'perpetual' : 'month'}","openInterest":${openInterest},"markPrice":${mark},` +
    `"maturityTime":${expiryMs ?? 0},"post_only":false}`
  )
}

/** A row of prices and rates, and one of open interest. */
export function tickerContents(
  place: Omit<Place, 'stream' | 'table'>,
  { mark, index, openInterest, rate, predicted, fundingMs }: Ticker,
  sentMs: number,
): EmissionContent[] {
  const funding = fundingValues({
    mark_price: mark,
    index_price: index,
    funding_rate: rate,
    predicted_rate: predicted,
    funding_ts: fundingMs === null ? null : `${fundingMs}000`,
    interval_hours: rate === null && predicted === null ? null : String(FUNDING_HOURS),
  })
  const interest = { open_interest: openInterest, open_interest_value: null }
  return [
    toldContent({ ...place, stream: 'ticker', table: 'funding' }, { sentMs }, funding),
    toldContent({ ...place, stream: 'ticker/open_interest', table: 'open_interest' }, { sentMs }, interest),
  ]
}
