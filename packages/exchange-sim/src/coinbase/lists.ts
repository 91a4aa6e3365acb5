import type { EmissionContent } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'
import { fundingValues, type Place, toldContent } from '../stage/contents.ts'
import type { Marks } from '../stage/marks.ts'
import type { Listed } from './symbols.ts'
import { shortTime } from './times.ts'

/**
 * Products as the lists show them. Sources: docs.cdp.coinbase.com, Exchange REST, "Get all known trading pairs", and
 * Advanced Trade REST, "List public products", read 2026-09-27.
 */

/** Contracts pay every so many hours. */
export const FUNDING_HOURS = 1

type Key = Omit<Place, 'symbol' | 'stream' | 'table'>

/** A pair in the Exchange's list. */
export interface Pair {
  readonly listed: Listed
  readonly status: string
  /** Its JSON object. */
  readonly raw: string
}

/** Each turn something changes that no column keeps, and in one of five the product is not traded. */
export function pairOf(listed: Listed, turn: number): Pair {
  const { symbol, base, quote } = listed.instrument
  const isOffline = (turn + hashOf(symbol)) % 5 === 4
  const status = isOffline ? 'offline' : 'online'
  const { tick, lot } = stepsOf(listed)
  return {
    listed,
    status,
    raw:
      `{"id":"${symbol}","base_currency":"${base}","quote_currency":"${quote}","quote_increment":"${tick}",` +
      `"base_increment":"${lot}","display_name":"${base}/${quote}","min_market_funds":"${1 + (turn % 9)}",` +
      '"margin_enabled":false,"post_only":false,"limit_only":false,"cancel_only":false,' +
      `"status":"${status}","status_message":"","trading_disabled":${isOffline},"auction_mode":false}`,
  }
}

/** The row of a pair. */
export function pairContent(key: Key, { listed, status, raw }: Pair): EmissionContent {
  return instrumentContent(key, listed, {
    type: 'spot',
    status,
    raw,
    contract_size: null,
    contract_unit: null,
  })
}

/** A contract in Advanced Trade's list, with what the list alone tells of its funding. */
export interface Contract {
  readonly listed: Listed
  /** Empty or a word. */
  readonly status: string
  readonly marks: Marks
  readonly openInterest: string
  readonly raw: string
}

export function contractOf(listed: Listed, marks: Marks, openInterest: string, turn: number): Contract {
  const { symbol, base, quote } = listed.instrument
  const status = (turn + hashOf(symbol)) % 3 === 0 ? 'online' : ''
  const { tick, lot } = stepsOf(listed)
  const perpetual = `{"open_interest":"${openInterest}","funding_rate":"${marks.rate}","funding_time":"${shortTime(marks.fundingMs)}","max_leverage":"20"}`
  const future =
    `{"venue":"","contract_code":"${base}","contract_expiry":null,"contract_size":"1","contract_root_unit":"${base}",` +
    `"contract_expiry_type":"PERPETUAL","funding_rate":"","funding_time":null,"funding_interval":"${FUNDING_HOURS * 3600}s",` +
    `"open_interest":"","index_price":"${marks.index}","settlement_price":"${marks.mark}","perpetual_details":${perpetual}}`
  return {
    listed,
    status,
    marks,
    openInterest,
    raw:
      `{"product_id":"${symbol}","price":"${marks.mark}","base_increment":"${lot}","quote_increment":"${tick}",` +
      `"price_increment":"${tick}","base_min_size":"${lot}","quote_min_size":"${10 + (turn % 9)}","base_currency_id":"",` +
      `"quote_currency_id":"${quote}","product_type":"FUTURE","product_venue":"INTX","status":"${status}",` +
      `"is_disabled":false,"trading_disabled":false,"alias":"","alias_to":[],"future_product_details":${future}}`,
  }
}

/** A future of another clearing house: the list has it, and nobody here keeps it. */
export const FOREIGN_CONTRACT =
  '{"product_id":"BIP-20DEC30-CDE","price":"61837","base_increment":"1","quote_increment":"0.01","price_increment":"5",' +
  '"base_min_size":"1","quote_min_size":"0","base_currency_id":"","quote_currency_id":"USD","product_type":"FUTURE",' +
  '"product_venue":"FCM","status":"","is_disabled":false,"trading_disabled":false,"alias":"","alias_to":[],' +
  '"future_product_details":{"venue":"cde","contract_code":"BIP","contract_expiry":"2030-12-20T16:00:00Z",' +
  '"contract_size":"0.01","contract_root_unit":"BTC","contract_expiry_type":"EXPIRING","funding_rate":"0.000013",' +
  '"funding_time":"2026-04-07T15:00:00Z","funding_interval":"3600s","open_interest":"100","index_price":"61837.12",' +
  '"settlement_price":"61830.1","perpetual_details":null}}'

/** The row of a contract among the instruments; an empty status is none. */
export function contractContent(key: Key, { listed, status, raw }: Contract): EmissionContent {
  return instrumentContent(key, listed, {
    type: 'perpetual',
    status: status || null,
    raw,
    contract_size: '1',
    contract_unit: listed.instrument.base,
  })
}

/** Its row of funding. */
export function fundingContent(key: Key, { listed, marks }: Contract): EmissionContent {
  const place: Place = {
    ...key,
    symbol: listed.instrument.symbol,
    stream: 'funding:products',
    table: 'funding',
  }
  const values = fundingValues({
    index_price: marks.index,
    funding_rate: marks.rate,
    funding_ts: `${marks.fundingMs}000`,
    interval_hours: String(FUNDING_HOURS),
  })
  return toldContent(place, {}, values)
}

/** Its row of open interest. */
export function interestContent(key: Key, { listed, openInterest }: Contract): EmissionContent {
  const { symbol } = listed.instrument
  const place: Place = { ...key, symbol, stream: 'open_interest:products', table: 'open_interest' }
  return toldContent(place, {}, { open_interest: openInterest, open_interest_value: null })
}

function instrumentContent(
  key: Key,
  listed: Listed,
  values: Readonly<Record<string, string | null>>,
): EmissionContent {
  const { symbol, base, quote } = listed.instrument
  const { tick, lot } = stepsOf(listed)
  return toldContent(
    { ...key, symbol, stream: 'products', table: 'instruments' },
    {},
    {
      base,
      quote,
      settle: null,
      tick_size: tick,
      lot_size: lot,
      listed_ts: null,
      expiry_ts: null,
      ...values,
    },
  )
}

function stepsOf({ instrument }: Listed): { readonly tick: string; readonly lot: string } {
  const { priceDigits, quantityDigits } = instrument
  return {
    tick: fixedText(1, priceDigits, priceDigits),
    lot: fixedText(1, quantityDigits, quantityDigits),
  }
}
