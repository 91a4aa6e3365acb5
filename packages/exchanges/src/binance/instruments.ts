import { type Decimal, type EventBatch, type InstrumentDetail, parseDecimal } from '@cryptoflow/model'
import { appendInstrument, assetOf, unsignedDecimal } from '../details.ts'
import { FieldReader, field, isObject, type Json, JsonNumber, type JsonObject } from '../json.ts'
import { dayText } from '../time.ts'

/**
 * What can be traded: one event per symbol of `exchangeInfo`, of whatever status. Kinds of contract and statuses
 * that are not known today are data.
 *
 * Source: binance-spot-api-docs, rest-api.md, "Exchange information", and filters.md, a5e0bc3 of 2026-07-21;
 * developers.binance.com, derivatives, "Exchange Information" of USD-M and COIN-M, as scraped 2026-05-28 (c3e7630).
 */

/** One symbol of the list. */
export interface ListedSymbol {
  readonly row: JsonObject
  /** Its JSON text as it stood in the body. */
  readonly raw: string
}

/** The delivery date, microseconds, of contracts that are never delivered: 2100-12-25 08:00. */
const NEVER_US = 4133404800000_000

/** What a dated contract is not: these keep their name even when a last day is set because they end. */
const perpetualTypes: readonly (string | null)[] = ['PERPETUAL', 'TRADIFI_PERPETUAL', 'PERPETUAL_DELIVERING']

/** Appends the instrument that one symbol of a spot list is. */
export function readSpotInstrument(
  fields: FieldReader,
  { raw }: ListedSymbol,
  stream: number,
  out: EventBatch,
): void {
  const { base, quote } = assetsOf(fields)
  const detail: InstrumentDetail = {
    instrument: `${base}-${quote}`,
    base,
    quote,
    settle: null,
    type: 'spot',
    status: fields.optionalText('status'),
    ...stepsOf(fields),
    contractSize: null,
    contractUnit: null,
    listedUs: Number.NaN,
    expiryUs: Number.NaN,
    raw,
  }
  endInstrument(fields, detail, stream, out)
}

/** Appends the instrument that one symbol of a USD-M or COIN-M list is. `statusKey`: COIN-M says `contractStatus`. */
export function readContract(
  fields: FieldReader,
  { row, raw }: ListedSymbol,
  statusKey: 'status' | 'contractStatus',
  stream: number,
  out: EventBatch,
): void {
  const { base, quote } = assetsOf(fields)
  const expiryUs = expiryOf(fields)
  const isPerpetual = perpetualTypes.includes(fields.optionalText('contractType')) || Number.isNaN(expiryUs)
  const contractSize = contractSizeOf(fields, row)
  const detail: InstrumentDetail = {
    instrument: `${base}-${quote}-${isPerpetual ? 'PERP' : dayText(expiryUs)}`,
    base,
    quote,
    settle: fields.optionalText('marginAsset'),
    type: isPerpetual ? 'perpetual' : 'future',
    status: fields.optionalText(statusKey),
    ...stepsOf(fields),
    contractSize,
    contractUnit: contractSize === null ? null : quote,
    listedUs: fields.optionalTime('onboardDate'),
    expiryUs,
    raw,
  }
  endInstrument(fields, detail, stream, out)
}

function endInstrument(fields: FieldReader, detail: InstrumentDetail, stream: number, out: EventBatch): void {
  appendInstrument(detail, fields.symbol('symbol', out.names), stream, out)
}

function assetsOf(fields: FieldReader): { readonly base: string; readonly quote: string } {
  return { base: assetOf(fields, 'baseAsset'), quote: assetOf(fields, 'quoteAsset') }
}

/** NaN when the contract never ends. */
function expiryOf(fields: FieldReader): number {
  const us = fields.optionalTime('deliveryDate')
  return us === NEVER_US ? Number.NaN : us
}

/** How much one contract is worth, a JSON number; null where quantities are not contracts. */
function contractSizeOf(fields: FieldReader, row: JsonObject): Decimal | null {
  const json = field(row, 'contractSize')
  if (json === undefined) return null
  const decimal = json instanceof JsonNumber ? parseDecimal(json.text) : null
  if (decimal === 'range')
    fields.refuse('number_out_of_range', 'contractSize has more than 20 integer or 18 fraction digits')
  else if (decimal === null || decimal.mantissa <= 0n) fields.refuse('malformed', 'contractSize is no size')
  return decimal === 'range' ? null : decimal
}

function stepsOf(fields: FieldReader): { tickSize: Decimal | null; lotSize: Decimal | null } {
  const filters = fields.list('filters')
  return {
    tickSize: stepOf(fields, filters, 'PRICE_FILTER', 'tickSize'),
    lotSize: stepOf(fields, filters, 'LOT_SIZE', 'stepSize'),
  }
}

/** A step of a filter, which stands anywhere in the list; null when there is none or a zero switches it off. */
function stepOf(fields: FieldReader, filters: readonly Json[], type: string, key: string): Decimal | null {
  const filter = filters.find((json) => isObject(json) && field(json, 'filterType') === type)
  if (!isObject(filter)) return null
  const inFilter = new FieldReader(filter)
  const step = unsignedDecimal(inFilter, key)
  fields.refusal ??= inFilter.refusal
  return step.mantissa === 0n ? null : step
}
