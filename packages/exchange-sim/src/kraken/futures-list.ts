import type { EmissionContent } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'
import { toldContent } from '../stage/contents.ts'
import { shortest } from './numbers.ts'
import { type Listed, listed } from './symbols.ts'

/**
 * The list of instruments, asked for by REST: linear and inverse ones in one. Source: docs.kraken.com as copied
 * 2026-05-27, futures-api, "Get instruments"; nautilus_trader 2026-07-02 for negative precisions.
 */

/** Every so often it may be said that a product can be traded or not; each has a moment of its own. */
const STATUS_MS = 6_000
/** In one turn of so many it cannot, so says the list; trading goes on. */
const STATUS_TURNS = 5

/** What the list says of a product at a moment. */
export interface Product {
  readonly listed: Listed
  readonly tickSize: string
  /** Ten to the power of minus the precision of quantities, which the list has. */
  readonly lotSize: string
  /** Its JSON object. */
  readonly raw: string
}

export function productOf(listed: Listed, nowMs: number): Product {
  const { market, instrument, lotZeros, expiryMs, openedMs } = listed
  const { symbol, base, quote, priceDigits, quantityDigits } = instrument
  const turn = Math.floor((nowMs + (hashOf(symbol) % STATUS_MS)) / STATUS_MS)
  const isTradeable = turn % STATUS_TURNS !== 0
  const tickSize = shortest(fixedText(1, priceDigits, priceDigits))
  const lotSize = fixedText(10 ** lotZeros, quantityDigits, quantityDigits)
  const term =
    expiryMs === null
      ? '"fundingRateCoefficient":24,"maxRelativeFundingRate":0.0025,'
      : `"lastTradingTime":"${new Date(expiryMs).toISOString()}",`
  const raw =
    `{"symbol":"${symbol}","type":"${market === 'inverse' ? 'futures_inverse' : 'flexible_futures'}",${term}` +
    `"tickSize":${tickSize},"contractSize":1,"tradeable":${isTradeable},"openingDate":"${openingOf(openedMs)}",` +
    `"contractValueTradePrecision":${quantityDigits - lotZeros},"postOnly":${turn % 2 === 1},` +
    `"base":"${base}","quote":"${quote}","pair":"${base}:${quote}"}`
  return { listed, tickSize, lotSize, raw }
}

function openingOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

/** The whole answer: between the products an index and a product of the other market, which nobody here asked for. */
export function listText(products: readonly Product[], nowMs: number): string {
  const isInverse = products[0]?.listed.market === 'inverse'
  const stranger = isInverse ? listed('linear', 'PF_XBTUSD') : listed('inverse', 'PI_XBTUSD')
  const index = '{"symbol":"in_xbtusd","type":"spot index","tradeable":false}'
  const rows = [index, ...products.map(({ raw }) => raw), productOf(stranger, nowMs).raw]
  return `{"result":"success","instruments":[${rows.join(',')}],"serverTime":"${new Date(nowMs).toISOString()}"}`
}

/** The row of a product. */
export function productContent({ listed, tickSize, lotSize, raw }: Product, atMs: number): EmissionContent {
  const { market, instrument, expiryMs, openedMs } = listed
  const { symbol, base, quote } = instrument
  return toldContent(
    { exchange: 'kraken', market, symbol, stream: 'instruments', table: 'instruments', atMs },
    {},
    {
      base,
      quote,
      settle: null,
      type: expiryMs === null ? 'perpetual' : 'future',
      status: null,
      tick_size: tickSize,
      lot_size: lotSize,
      contract_size: '1',
      contract_unit: market === 'inverse' ? quote : base,
      listed_ts: `${openedMs}000`,
      expiry_ts: expiryMs === null ? null : `${expiryMs}000`,
      raw,
    },
  )
}
