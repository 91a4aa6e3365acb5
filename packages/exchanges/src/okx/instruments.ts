import {
  type Decimal,
  type EventBatch,
  FRACTION_DIGITS_MAX,
  INTEGER_DIGITS_MAX,
  type InstrumentDetail,
} from '@cryptoflow/model'
import { appendInstrument, optionalUnsigned } from '../details.ts'
import { field, type JsonObject } from '../json.ts'
import { type Element, optionalTextTime, optionalWord, type Place, word } from './fields.ts'
import { kindOf } from './symbols.ts'

/**
 * What can be traded: the same object from the stream and by REST, of whatever state. Base and quote of contracts are
 * those of the underlying; `baseCcy` is of spot alone.
 *
 * Source: okx.com/docs-v5, "GET / Instruments", as of 2026-07-03. `instFamily`, `ruleType` and others are younger than
 * recordings of 2022.
 */

const types: ReadonlyMap<unknown, InstrumentDetail['type']> = new Map([
  ['SPOT', 'spot'],
  ['SWAP', 'perpetual'],
  ['FUTURES', 'future'],
] as const)

/** Whether the object is of a type that is kept: options, and spot as it can be traded on margin, are not. */
export function isKept(row: JsonObject): boolean {
  return types.has(field(row, 'instType'))
}

/** Appends the instrument that a kept object is; `raw` is its JSON text as it stood in the message. */
export function readInstrument(
  element: Element,
  { stream, symbol }: Place,
  raw: string,
  out: EventBatch,
): void {
  const type = types.get(field(element.row, 'instType'))
  if (type === undefined || (type === 'spot') !== (kindOf(element.fields.text('instId')) === 'spot')) {
    element.fields.refuse('malformed', 'instType is not that of a symbol of this form')
    return
  }
  const contractSize = contractSizeOf(element)
  const detail: InstrumentDetail = {
    ...(type === 'spot' ? spotNames(element) : contractNames(element)),
    settle: optionalWord(element, 'settleCcy'),
    type,
    status: optionalWord(element, 'state'),
    tickSize: optionalUnsigned(element.fields, 'tickSz'),
    lotSize: optionalUnsigned(element.fields, 'lotSz'),
    contractSize,
    contractUnit: contractSize === null ? null : optionalWord(element, 'ctValCcy'),
    listedUs: optionalTextTime(element, 'listTime'),
    expiryUs: optionalTextTime(element, 'expTime'),
    raw,
  }
  appendInstrument(detail, symbol, stream, out)
}

type Names = Pick<InstrumentDetail, 'instrument' | 'base' | 'quote'>

function spotNames(element: Element): Names {
  const [base, quote] = [word(element, 'baseCcy'), word(element, 'quoteCcy')]
  return { instrument: `${base}-${quote}`, base, quote }
}

/**
 * A family may be finer than its underlying (`BTC-USD_UM` of `BTC-USD`): our name keeps it, or two contracts would
 * have one name.
 */
function contractNames(element: Element): Names {
  const underlying = optionalWord(element, 'uly') ?? optionalWord(element, 'instFamily')
  const family = optionalWord(element, 'instFamily') ?? underlying
  const hyphen = underlying?.indexOf('-') ?? -1
  if (underlying === null || family === null || hyphen < 1 || hyphen === underlying.length - 1) {
    element.fields.refuse('bad_symbol', 'uly is not base and quote with a hyphen between')
    return { instrument: '', base: '', quote: '' }
  }
  const [base, quote] = [underlying.slice(0, hyphen), underlying.slice(hyphen + 1)]
  return { instrument: `${family}-${endOf(element)}`, base, quote }
}

/** What tells the contracts of a family apart: the last part of the symbol, with the century of a date. */
function endOf(element: Element): string {
  const last = element.fields.text('instId').split('-').at(-1) as string
  if (last === 'SWAP') return 'PERP'
  return /^\d{6}$/.test(last) ? `20${last}` : last
}

/** What one contract is worth in `ctValCcy`: `ctVal` times `ctMult`, exactly; null for spot. */
function contractSizeOf(element: Element): Decimal | null {
  const value = optionalUnsigned(element.fields, 'ctVal')
  const factor = optionalUnsigned(element.fields, 'ctMult')
  if (value === null || factor === null) return value
  const [mantissa, scale] = [value.mantissa * factor.mantissa, value.scale + factor.scale]
  if (scale <= FRACTION_DIGITS_MAX && mantissa < 10n ** BigInt(INTEGER_DIGITS_MAX + scale))
    return { mantissa, scale }
  element.fields.refuse('number_out_of_range', 'ctVal times ctMult has more digits than a column')
  return null
}
