import type { Market, RecognisedAnswer } from '@cryptoflow/model'
import { field, isArray, isObject, type JsonObject, parseJson } from '../json.ts'
import { kindOfProduct } from './products.ts'
import { FUTURE_PRODUCTS_PATH, SPOT_PRODUCTS_PATH } from './streams.ts'

/** What messages are about that somebody else recorded. */

/** Lists of products by their address; the Exchange's is the same on the host that it had until 2022. */
const paths: Readonly<Record<Market, string>> = {
  spot: SPOT_PRODUCTS_PATH,
  linear: FUTURE_PRODUCTS_PATH,
  inverse: '',
}

const PRODUCTS: RecognisedAnswer = { stream: 'products', symbol: '' }

/**
 * What the answer from `url` is about; null when it is none that this market reads. Without an address, or with one
 * that is only a host, the body's fields decide. A list that tells funding too counts as a list of instruments.
 */
export function recognise(market: Market, url: string | null, body: Uint8Array): RecognisedAnswer | null {
  const address = url === null ? null : URL.parse(url)
  const isPath = address !== null && address.pathname !== '' && address.pathname !== '/'
  if (isPath) return address.pathname === paths[market] ? PRODUCTS : null
  const json = parseJson(body)
  if (market === 'spot') {
    const isSpot =
      isArray(json) && isObject(json[0]) && hasAll(json[0], ['id', 'base_currency', 'quote_currency'])
    return isSpot ? PRODUCTS : null
  }
  const products = isObject(json) ? field(json, 'products') : undefined
  const first = isArray(products) ? products[0] : undefined
  const isFutures = isObject(first) && field(first, 'product_type') === 'FUTURE'
  return isFutures && hasAll(first, ['product_id', 'future_product_details']) ? PRODUCTS : null
}

function hasAll(object: JsonObject, fields: readonly string[]): boolean {
  return fields.every((name) => field(object, name) !== undefined)
}

/** Hosts of the Exchange's sockets, the first of them until 2022. */
const EXCHANGE_HOST = /^ws-(?:feed|direct)(?:-public)?(?:\.[a-z-]+)*\.coinbase\.com$/
/** The first product that a message names stands near its beginning. */
const LOOKED_AT_BYTES_MAX = 2048
const PRODUCT_ID = /"product_id"\s*:\s*"([^"\\]{1,64})"/

/**
 * Whether a frame is of this market: by its address, where that has spot alone, else by the first product that it
 * names. Null: neither tells. Never throws.
 */
export function hears(market: Market, url: string | null, frame: Uint8Array): boolean | null {
  const address = url === null ? null : URL.parse(url)
  if (address !== null && EXCHANGE_HOST.test(address.hostname)) return market === 'spot'
  const start = String.fromCharCode(...frame.subarray(0, LOOKED_AT_BYTES_MAX))
  const kind = kindOfProduct(PRODUCT_ID.exec(start)?.[1] ?? '')
  return kind === null ? null : kind === market
}
