import type { DecodeOutcome } from '@cryptoflow/model'
import { field, JsonNumber, type JsonObject, printable } from '../json.ts'

/**
 * Subscriptions and what refuses them. A request is the whole list of what the connection wants, and replaces the one
 * before; nothing acknowledges it, and nothing ends a part of it.
 * Source: docs.upbit.com/kr v1.6.4, WebSocket usage and errors, read 2026-10-07; that codes of one type replace those
 * before was seen on 2026-09-02.
 */

/** Longest part of a refusal's text that is passed on. */
const DETAIL_CHARACTERS_MAX = 200
/**
 * Levels a side that a book can be subscribed with; any other number silently gives the most.
 * Source: docs.upbit.com, change of 2025-07-02.
 */
const DEPTHS: readonly number[] = [1, 5, 15, 30]
const DEPTH_MAX = 30

/** Wire name of a stream: type and code, as no message writes them together. */
export function streamName(stream: string, symbol: string): string {
  return `${stream}:${symbol}`
}

/** What is put behind the code of a book: nothing for the most levels, which is what no number means. */
export function depthSuffix(bookDepth: number | undefined): string {
  const depth = DEPTHS.find((offered) => offered >= (bookDepth ?? DEPTH_MAX)) ?? DEPTH_MAX
  return depth === DEPTH_MAX ? '' : `.${depth}`
}

/**
 * The text to send for all streams of a connection at once.
 *
 * The ticket names the request among those of its connection, and no message gives it back: the number of the frame
 * tells them apart, and is the same whenever the same frame is made.
 */
export function subscribeFrame(streamNames: readonly string[], id: number, bookSuffix: string): string {
  const byType = Map.groupBy(streamNames, (name) => name.slice(0, name.indexOf(':')))
  const wanted = [...byType].map(([type, names]) => {
    const suffix = type === 'orderbook' ? bookSuffix : ''
    return { type, codes: names.map((name) => name.slice(type.length + 1) + suffix) }
  })
  return JSON.stringify([{ ticket: `cryptoflow-${id}` }, ...wanted, { format: 'DEFAULT' }])
}

/** Reads `{"name":"INVALID_PARAM","message":"..."}` of an error, which says of no request what it is about. */
export function readError(error: JsonObject): DecodeOutcome {
  const texts = [field(error, 'name'), field(error, 'message')].map((json) =>
    json instanceof JsonNumber ? json.text : json,
  )
  const detail = texts.filter((text) => typeof text === 'string' && text !== '').join(': ')
  return { kind: 'refused', id: null, detail: printable(detail, DETAIL_CHARACTERS_MAX) || 'no text' }
}
