import {
  type Decimal,
  type EventBatch,
  EventKind,
  type InstrumentDetail,
  type Market,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import { appendDetail, optionalStep } from '../details.ts'
import { FieldReader, field, isObject, type JsonObject } from '../json.ts'
import { dayText } from '../time.ts'
import { textTime } from './texts.ts'

/**
 * What can be traded: one event per row of REST instruments-info, of whatever status. Kinds of contract and statuses
 * that are not known today are data.
 *
 * Source: bybit-exchange/docs 2026-07-24, v5/market/instrument and v5/enum.
 */

/** One row of the list. */
export interface ListedSymbol {
  readonly row: JsonObject
  /** Its JSON text as it stood in the body. */
  readonly raw: string
  /** When the list was sent, microseconds; NaN = absent. */
  readonly sentUs: number
}

/** Inverse contracts are worth one of these, linear and spot quantities are in the base coin. */
const ONE_USD: Decimal = { mantissa: 1n, scale: 0 }

/** Appends the instrument that one row of a list is. */
export function readInstrument(
  fields: FieldReader,
  market: Market,
  listed: ListedSymbol,
  stream: number,
  out: EventBatch,
): void {
  const detail = market === 'spot' ? pairOf(fields, listed) : contractOf(fields, market, listed)
  const symbol = fields.symbol('symbol', out.names)
  const { sentUs } = listed
  appendDetail({ kind: EventKind.instrument, symbol, stream, engineUs: Number.NaN, sentUs, detail }, out)
}

function pairOf(fields: FieldReader, { row, raw }: ListedSymbol): InstrumentDetail {
  const { base, quote } = coinsOf(fields)
  return {
    instrument: `${base}-${quote}`,
    base,
    quote,
    settle: null,
    type: 'spot',
    status: fields.optionalText('status'),
    tickSize: stepOf(fields, row, 'priceFilter', 'tickSize'),
    lotSize: stepOf(fields, row, 'lotSizeFilter', 'basePrecision'),
    contractSize: null,
    contractUnit: null,
    listedUs: Number.NaN,
    expiryUs: Number.NaN,
    raw,
  }
}

/** A perpetual that is taken off the list has the day of that as its `deliveryTime`, and keeps its name. */
function contractOf(fields: FieldReader, market: Market, { row, raw }: ListedSymbol): InstrumentDetail {
  const { base, quote } = coinsOf(fields)
  const kind = fields.optionalText('contractType') ?? ''
  const expiryUs = textTime(fields, 'deliveryTime')
  const isPerpetual = kind.endsWith('Perpetual') || Number.isNaN(expiryUs)
  const isInverse = market === 'inverse'
  return {
    instrument: `${base}-${quote}-${isPerpetual ? 'PERP' : dayText(expiryUs)}`,
    base,
    quote,
    settle: fields.optionalText('settleCoin'),
    type: isPerpetual ? 'perpetual' : 'future',
    status: fields.optionalText('status'),
    tickSize: stepOf(fields, row, 'priceFilter', 'tickSize'),
    lotSize: stepOf(fields, row, 'lotSizeFilter', 'qtyStep'),
    contractSize: isInverse ? ONE_USD : null,
    contractUnit: isInverse ? 'USD' : null,
    listedUs: textTime(fields, 'launchTime'),
    expiryUs,
    raw,
  }
}

function coinsOf(fields: FieldReader): { readonly base: string; readonly quote: string } {
  return { base: coinOf(fields, 'baseCoin'), quote: coinOf(fields, 'quoteCoin') }
}

/** Bounded, since our names are made of it. */
function coinOf(fields: FieldReader, key: string): string {
  const coin = fields.text(key)
  if (coin === '') fields.refuse('bad_symbol', `${key} is not a coin of 1 to ${SYMBOL_BYTES_MAX} bytes`)
  return coin
}

/** A step of a filter; null when there is none or it is zero. */
function stepOf(fields: FieldReader, row: JsonObject, filterKey: string, key: string): Decimal | null {
  const filter = field(row, filterKey)
  if (!isObject(filter)) return null
  const inFilter = new FieldReader(filter)
  const step = optionalStep(inFilter, key)
  fields.refusal ??= inFilter.refusal
  return step
}
