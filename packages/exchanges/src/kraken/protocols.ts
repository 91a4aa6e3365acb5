import { field, isArray, isObject, type Json, type JsonObject } from '../json.ts'
import { type FuturesMarket, marketOf } from './symbols.ts'

/**
 * Which of the exchange's protocols a message speaks: spot's version 2, futures, or spot's version 1, which is kept
 * for old clients and read by nobody here.
 * Sources: docs.kraken.com as copied 2026-05-27, guides/spot-ws-intro, futures-api/websocket; version 1 by its own
 * pages, retired since.
 */

export type Protocol = 'spot' | 'futures' | 'version1'

/** What version 1 says of itself, errors apart, which futures has too; its data come as lists. */
const version1Events: ReadonlySet<string> = new Set([
  'systemStatus',
  'subscriptionStatus',
  'heartbeat',
  'ping',
  'pong',
])
/** Answers of futures, errors apart. */
const futuresEvents: ReadonlySet<string> = new Set([
  'info',
  'alert',
  'subscribed',
  'unsubscribed',
  'subscribed_failed',
  'unsubscribed_failed',
])

/** The protocol of a parsed frame; null when it is none of them. */
export function protocolOf(json: Json | undefined): Protocol | null {
  if (isArray(json)) return isVersion1List(json) ? 'version1' : null
  if (!isObject(json)) return null
  if (isText(json, 'channel') || isText(json, 'method')) return 'spot'
  if (isText(json, 'feed')) return 'futures'
  const event = field(json, 'event')
  if (typeof event !== 'string') return isText(json, 'error') || isText(json, 'Error') ? 'spot' : null
  if (futuresEvents.has(event)) return 'futures'
  if (event === 'error') return isText(json, 'errorMessage') ? 'version1' : 'futures'
  return version1Events.has(event) ? 'version1' : null
}

function isText(message: JsonObject, key: string): boolean {
  return typeof field(message, key) === 'string'
}

/** `[321, ..., "trade", "XBT/USD"]`: the channel's number first, its name and the pair last. */
function isVersion1List(message: readonly Json[]): boolean {
  return message.length >= 4 && typeof message.at(-1) === 'string' && typeof message.at(-2) === 'string'
}

/** The market of the product that a futures message is about, of the first where it lists several; null: not told. */
export function productMarket(message: JsonObject): FuturesMarket | null {
  const listed = field(message, 'product_ids')
  return marketOf(isArray(listed) ? listed[0] : field(message, 'product_id'))
}
