import { type DecodeOutcome, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { field, isArray, isObject, type Json, type JsonObject, printable } from '../json.ts'
import { HEARTBEAT, ignored, UNKNOWN } from '../outcomes.ts'
import { requestOf, streamName } from './subscribe.ts'

/**
 * Answers to what we send, and what the exchange says of itself.
 * Sources: docs.kraken.com as copied 2026-05-27, websocket-v2/book, trade, ping, guides/spot-ws-intro;
 * futures-api/websocket, "Subscriptions" and "Errors".
 */

/** Longest part of a refusal's text that is passed on. */
const DETAIL_CHARACTERS_MAX = 200
/** Most products of one answer; there are some hundreds. */
const PRODUCTS_MAX = 10_000

/**
 * What a spot message with a `method` is, or one that is only an error.
 *
 * One answer per symbol: `{"method":"subscribe","result":{"channel":"book","symbol":"BTC/USD"},"success":true}`. A
 * refusal names the symbol alone; the channel stands in the `req_id`.
 */
export function readSpotReply(message: JsonObject): DecodeOutcome {
  const method = field(message, 'method')
  const error = textOf(field(message, 'error')) ?? textOf(field(message, 'Error'))
  if (method === 'pong') return HEARTBEAT
  const id = requestOf(field(message, 'req_id'))?.id ?? null
  // The end of a subscription confirms and refuses none, whether there was one or not.
  if (method === 'unsubscribe') return { kind: 'ack', id, streams: [] }
  if (error !== null) return spotRefusal(message, error)
  const result = field(message, 'result')
  const isDone = field(message, 'success') === true && isObject(result)
  const channel = isDone ? nameOf(field(result, 'channel')) : null
  if (method !== 'subscribe' || !isDone || channel === null) return UNKNOWN
  return { kind: 'ack', id, streams: [streamName(channel, nameOf(field(result, 'symbol')) ?? '')] }
}

function spotRefusal(message: JsonObject, error: string): DecodeOutcome {
  const request = requestOf(field(message, 'req_id'))
  const symbol = nameOf(field(message, 'symbol'))
  const refusal = { kind: 'refused', id: request?.id ?? null, detail: detailOf(error) } as const
  if (request === null || symbol === null) return refusal
  return { ...refusal, streams: [streamName(request.channel, symbol)] }
}

/** What a futures message with an `event` is; null when it is no event that is known. Requests have no ids. */
export function readFuturesReply(message: JsonObject): DecodeOutcome | null {
  switch (field(message, 'event')) {
    case 'info':
      return ignored('status')
    case 'subscribed':
      return { kind: 'ack', id: null, streams: productsOf(message) }
    case 'unsubscribed':
    case 'unsubscribed_failed':
      return { kind: 'ack', id: null, streams: [] }
    case 'subscribed_failed':
    case 'alert':
    case 'error':
      return futuresRefusal(message)
    default:
      return null
  }
}

/** An alert or an error says no more than its text; a failed subscription may name its products. */
function futuresRefusal(message: JsonObject): DecodeOutcome {
  const told = textOf(field(message, 'message')) ?? textOf(field(message, 'error')) ?? 'no text'
  const streams = productsOf(message)
  const refusal = { kind: 'refused', id: null, detail: detailOf(told) } as const
  return streams.length === 0 ? refusal : { ...refusal, streams }
}

function productsOf(message: JsonObject): string[] {
  const feed = nameOf(field(message, 'feed'))
  const products = field(message, 'product_ids')
  if (feed === null || !isArray(products) || products.length > PRODUCTS_MAX) return []
  return products
    .map(nameOf)
    .filter((product) => product !== null)
    .map((product) => streamName(feed, product))
}

/** A channel or a symbol: a text of bounded length that UTF-8 can write. */
function nameOf(json: Json | undefined): string | null {
  const isName =
    typeof json === 'string' && json !== '' && json.length <= SYMBOL_BYTES_MAX && json.isWellFormed()
  return isName ? json : null
}

function textOf(json: Json | undefined): string | null {
  return typeof json === 'string' ? json : null
}

function detailOf(text: string): string {
  return text === '' ? 'no text' : printable(text, DETAIL_CHARACTERS_MAX)
}
