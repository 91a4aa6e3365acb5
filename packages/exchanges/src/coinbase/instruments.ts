import type { EventBatch, InstrumentDetail } from '@cryptoflow/model'
import { appendInstrument, assetOf, optionalUnsigned } from '../details.ts'
import { FieldReader, field, isObject, type JsonObject } from '../json.ts'

/**
 * What can be traded: one event per product of a list, of whatever status.
 *
 * Sources: docs.cdp.coinbase.com, Exchange REST, "Get all known trading pairs" and Advanced Trade REST, "List public
 * products", read 2026-09-27; the Exchange's list of 2021-04-17.
 */

/** One product of a list. */
export interface ListedProduct {
  readonly row: JsonObject
  /** Its JSON text as it stood in the body. */
  readonly raw: string
}

const absent = {
  settle: null,
  contractSize: null,
  contractUnit: null,
  listedUs: Number.NaN,
  expiryUs: Number.NaN,
}

/** Appends the instrument of one product of the Exchange's list, whose `quote_increment` is the step of prices. */
export function readSpotInstrument(
  fields: FieldReader,
  { raw }: ListedProduct,
  stream: number,
  out: EventBatch,
): void {
  const base = assetOf(fields, 'base_currency')
  const quote = assetOf(fields, 'quote_currency')
  const detail: InstrumentDetail = {
    ...absent,
    instrument: `${base}-${quote}`,
    base,
    quote,
    type: 'spot',
    status: fields.optionalText('status') || null,
    tickSize: optionalUnsigned(fields, 'quote_increment'),
    lotSize: optionalUnsigned(fields, 'base_increment'),
    raw,
  }
  appendInstrument(detail, fields.symbol('id', out.names), stream, out)
}

/** Appends the instrument of one perpetual contract of Advanced Trade's list, named by what the contract is on. */
export function readPerpetual(
  fields: FieldReader,
  { row, raw }: ListedProduct,
  stream: number,
  out: EventBatch,
): void {
  const future = partOf(fields, row, 'future_product_details')
  const base = assetOf(future, 'contract_root_unit')
  const quote = assetOf(fields, 'quote_currency_id')
  const contractSize = optionalUnsigned(future, 'contract_size')
  const detail: InstrumentDetail = {
    ...absent,
    instrument: `${base}-${quote}-PERP`,
    base,
    quote,
    type: 'perpetual',
    status: fields.optionalText('status') || null,
    tickSize: optionalUnsigned(fields, 'price_increment'),
    lotSize: optionalUnsigned(fields, 'base_increment'),
    contractSize,
    contractUnit: contractSize === null ? null : base,
    raw,
  }
  fields.refusal ??= future.refusal
  appendInstrument(detail, fields.symbol('product_id', out.names), stream, out)
}

/** A reader of an object inside a product; of an empty one where there is none, which the caller's fields then miss. */
export function partOf(fields: FieldReader, row: JsonObject, key: string): FieldReader {
  const part = field(row, key)
  if (isObject(part)) return new FieldReader(part)
  fields.refuse('malformed', `${key} is not an object`)
  return new FieldReader({})
}
