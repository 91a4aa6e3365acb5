import type { RecognisedAnswer } from '@cryptoflow/model'
import { field, isArray, isObject, parseJson } from '../json.ts'
import { MARKETS_PATH, MARKETS_STREAM } from './streams.ts'

/** What messages are about that somebody else recorded. */

const MARKETS: RecognisedAnswer = { stream: MARKETS_STREAM, symbol: '' }
/** The exchange in Korea; `sg-api`, `id-api` and `th-api` are others. */
const HOST = 'api.upbit.com'
const OTHER_HOST = /^(?:sg|id|th)-api\.upbit\.com$/

/**
 * What the answer from `url` is about; null when it is none that this market reads. Without an address, or with one
 * that is only a host, the body's fields decide. Never throws.
 */
export function recognise(url: string | null, body: Uint8Array): RecognisedAnswer | null {
  const address = url === null ? null : URL.parse(url)
  if (address !== null && OTHER_HOST.test(address.hostname)) return null
  const isPath = address !== null && address.pathname !== '' && address.pathname !== '/'
  const isListing = isPath ? address.pathname === MARKETS_PATH : isListed(body)
  return isListing ? MARKETS : null
}

/** Only lists of markets name them in Korean. */
function isListed(body: Uint8Array): boolean {
  const json = parseJson(body)
  const first = isArray(json) ? json[0] : undefined
  if (!isObject(first)) return false
  return ['market', 'korean_name', 'english_name'].every((name) => field(first, name) !== undefined)
}

/** Whether a frame is of this market: there is only one, but the exchange has namesakes. Null: the address is no help. */
export function hears(url: string | null): boolean | null {
  const host = (url === null ? null : URL.parse(url))?.hostname
  if (host === HOST) return true
  return host !== undefined && OTHER_HOST.test(host) ? false : null
}
