import type { EventBatch, InstrumentDetail, StringTable } from '@cryptoflow/model'
import { appendInstrument } from '../details.ts'
import type { FieldReader } from '../json.ts'

/**
 * What can be traded: one event per market of the list. The list tells neither steps of prices nor a status; warnings
 * stand in `raw`. Source: docs.upbit.com/kr v1.6.4, List trading pairs, read 2026-10-07; the list of 2021-04-17.
 */

/** Base and quote of `KRW-BTC`, which names the quote first; null for what is no such name. */
export function assetsOf(symbol: string): { readonly base: string; readonly quote: string } | null {
  const dash = symbol.indexOf('-')
  if (dash < 1 || dash === symbol.length - 1) return null
  return { base: symbol.slice(dash + 1), quote: symbol.slice(0, dash) }
}

const NOTHING = { base: '', quote: '' }

/** Appends the instrument of one market of the list. */
export function readInstrument(fields: FieldReader, raw: string, stream: number, out: EventBatch): void {
  const symbol = fields.symbol('market', out.names)
  const assets = namedAssets(fields, symbol, out.names)
  const detail: InstrumentDetail = {
    ...assets,
    instrument: `${assets.base}-${assets.quote}`,
    settle: null,
    type: 'spot',
    status: null,
    tickSize: null,
    lotSize: null,
    contractSize: null,
    contractUnit: null,
    listedUs: Number.NaN,
    expiryUs: Number.NaN,
    raw,
  }
  appendInstrument(detail, symbol, stream, out)
}

function namedAssets(fields: FieldReader, symbol: number, names: StringTable): typeof NOTHING {
  const assets = fields.refusal === null ? assetsOf(names.text(symbol)) : NOTHING
  if (assets !== null) return assets
  fields.refuse('bad_symbol', 'market is not a quote, a dash and a base')
  return NOTHING
}
