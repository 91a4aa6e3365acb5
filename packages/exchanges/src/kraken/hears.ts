import type { Market } from '@cryptoflow/model'
import { isObject, parseJson } from '../json.ts'
import { productMarket, protocolOf } from './protocols.ts'

/**
 * Whose frame it is that somebody recorded: spot has addresses of its own, both futures markets share one and are told
 * apart by the product. Source of the hosts: docs.kraken.com as copied 2026-05-27, guides/spot-ws-intro and
 * futures-api/websocket.
 */

/** Spot's hosts, its beta and keyed ones included; versions 1 and 2 differ by their path. */
const SPOT_HOST = /^((beta-)?ws(-auth|-l3)?)\.kraken\.com$/
const FUTURES_HOST = /^(demo-)?futures\.kraken\.com$/

/** Whether a frame is of this market; null where nothing tells. Never throws. */
export function hears(market: Market, url: string | null, frame: Uint8Array): boolean | null {
  const host = (url === null ? undefined : URL.parse(url)?.hostname) ?? ''
  if (SPOT_HOST.test(host)) return market === 'spot'
  const isFutures = FUTURES_HOST.test(host)
  const json = parseJson(frame)
  const protocol = protocolOf(json)
  if (protocol === null && !isFutures) return null
  if (protocol !== null && protocol !== 'futures' && !isFutures) return market === 'spot'
  if (market === 'spot') return false
  const told = isObject(json) ? productMarket(json) : null
  return told === null ? null : told === market
}
