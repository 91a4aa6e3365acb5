import type { EmissionContent } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'
import { type Place, toldContent } from '../stage/contents.ts'
import type { Listed } from './symbols.ts'

/** Every so often a symbol's status is another one; each symbol has a moment of its own. */
const STATUS_MS = 20_000

/** What the list of instruments says of a symbol at a moment. */
export interface Entry {
  readonly listed: Listed
  readonly status: string
  /** Its JSON object. */
  readonly raw: string
}

export function entryOf(listed: Listed, nowMs: number): Entry {
  const turn = Math.floor((nowMs + (hashOf(listed.instrument.symbol) % STATUS_MS)) / STATUS_MS)
  const status = listed.deliveryMs !== null && turn % 5 === 4 ? 'Delivering' : 'Trading'
  return {
    listed,
    status,
    raw: listed.market === 'spot' ? pairJson(listed, status, turn) : contractJson(listed, status, turn),
  }
}

/** Something that is not stored in a column changes every turn, so that there is news to be stored. */
function pairJson({ instrument }: Listed, status: string, turn: number): string {
  const { symbol, base, quote } = instrument
  return (
    `{"symbol":"${symbol}","baseCoin":"${base}","quoteCoin":"${quote}","innovation":"0","status":"${status}",` +
    `"lotSizeFilter":{"basePrecision":"${lotStep(instrument)}","quotePrecision":"0.0000001","minOrderQty":"${turn % 9}"},` +
    `"priceFilter":{"tickSize":"${tickStep(instrument)}"},"symbolType":""}`
  )
}

function contractJson(
  { market, instrument, deliveryMs, launchMs }: Listed,
  status: string,
  turn: number,
): string {
  const { symbol, base, quote } = instrument
  const kind = market === 'inverse' ? 'Inverse' : 'Linear'
  return (
    `{"symbol":"${symbol}","contractType":"${kind}${deliveryMs === null ? 'Perpetual' : 'Futures'}","status":"${status}",` +
    `"baseCoin":"${base}","quoteCoin":"${quote}","settleCoin":"${market === 'inverse' ? base : quote}","launchTime":"${launchMs}",` +
    `"deliveryTime":"${deliveryMs ?? 0}","priceScale":"${instrument.priceDigits}","priceFilter":{"tickSize":"${tickStep(instrument)}"},` +
    `"lotSizeFilter":{"minOrderQty":"${turn % 9}","qtyStep":"${lotStep(instrument)}"},"fundingInterval":480}`
  )
}

function tickStep({ priceDigits }: Listed['instrument']): string {
  return fixedText(1, priceDigits, priceDigits)
}

function lotStep({ quantityDigits }: Listed['instrument']): string {
  return fixedText(1, quantityDigits, quantityDigits)
}

/** Rows of a page that says nothing of its length, and the longest. Source: v5/market/instrument of 2026-07-24. */
const ROWS = 500
const ROWS_MAX = 1_000

/** What is told of a token, a symbol or a number of levels that is none is not documented, but the code. */
export const BAD_CURSOR = paramsError('cursor')
export const BAD_SYMBOL = paramsError('symbol')
export const BAD_LIMIT = paramsError('limit')

function paramsError(what: string): string {
  return `{"retCode":10001,"retMsg":"params error: ${what}","result":{},"retExtInfo":{},"time":0}`
}

/**
 * The page of a list that a request asks for, and the token of the one behind it; null where its own token is none. A
 * full last page has a token too, behind which nothing is.
 */
export function pageOf(
  entries: readonly Entry[],
  query: URLSearchParams,
): { readonly entries: readonly Entry[]; readonly cursor: string } | null {
  const rows = Math.min(Number(query.get('limit') ?? ROWS), ROWS_MAX)
  const token = query.get('cursor')
  const last = token === null ? '' : /^first%3D[^%]+%26last%3D([^%]+)$/.exec(token)?.[1]
  if (last === undefined) return null
  const symbolOf = ({ listed }: Entry): string => listed.instrument.symbol
  // Who changes status between two pages moves nobody else.
  const behind = entries.filter((entry) => symbolOf(entry) > last)
  const page = behind.sort((a, b) => (symbolOf(a) < symbolOf(b) ? -1 : 1)).slice(0, rows)
  const [first, end] = [page[0], page[rows - 1]]
  const isOver = first === undefined || end === undefined
  return { entries: page, cursor: isOver ? '' : `first%3D${symbolOf(first)}%26last%3D${symbolOf(end)}` }
}

/** The row of an entry. */
export function instrumentContent(
  place: Omit<Place, 'symbol' | 'table'>,
  entry: Entry,
  sentMs: number,
): EmissionContent {
  const { listed, status, raw } = entry
  const { instrument, market, deliveryMs, launchMs } = listed
  const isSpot = market === 'spot'
  const isInverse = market === 'inverse'
  const settle = isInverse ? instrument.base : instrument.quote
  return toldContent(
    { ...place, symbol: instrument.symbol, table: 'instruments' },
    { sentMs },
    {
      base: instrument.base,
      quote: instrument.quote,
      settle: isSpot ? null : settle,
      type: isSpot ? 'spot' : deliveryMs === null ? 'perpetual' : 'future',
      status,
      tick_size: tickStep(instrument),
      lot_size: lotStep(instrument),
      contract_size: isInverse ? '1' : null,
      contract_unit: isInverse ? 'USD' : null,
      listed_ts: isSpot ? null : `${launchMs}000`,
      expiry_ts: deliveryMs === null ? null : `${deliveryMs}000`,
      raw,
    },
  )
}

/** The envelope of an answer. */
export function answerText(result: string, sentMs: number): string {
  return `{"retCode":0,"retMsg":"OK","result":${result},"retExtInfo":{},"time":${sentMs}}`
}
