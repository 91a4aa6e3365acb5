import { microTime } from './numbers.ts'

/**
 * What spot's clients ask for, and the answers: one per symbol. Source: docs.kraken.com as copied 2026-05-27,
 * websocket-v2/book, trade, instrument, ping. Of the texts of errors only that about the pair is documented.
 */

/** What a client's text asks for. */
export interface SpotRequest {
  readonly method: string
  readonly channel: string
  /** Empty where none is named. */
  readonly symbols: readonly string[]
  /** Null where it is not said. */
  readonly depth: number | null
  readonly snapshot: boolean | null
  /** The client's number of the request. */
  readonly id: number | undefined
}

/** Null where the text is no JSON object with a `method`. */
export function readSpotRequest(text: string): SpotRequest | null {
  const message = objectOf(text)
  if (message === null || typeof message.method !== 'string') return null
  const params = isObject(message.params) ? message.params : {}
  const { channel, symbol, depth, snapshot } = params
  return {
    method: message.method,
    channel: typeof channel === 'string' ? channel : '',
    symbols: Array.isArray(symbol) ? symbol.filter((one) => typeof one === 'string') : [],
    depth: typeof depth === 'number' ? depth : null,
    snapshot: typeof snapshot === 'boolean' ? snapshot : null,
    id: typeof message.req_id === 'number' ? message.req_id : undefined,
  }
}

type Json = Readonly<Record<string, unknown>>

/** The JSON object that a text is; null where it is none. */
export function objectOf(text: string): Json | null {
  try {
    const message: unknown = JSON.parse(text)
    return isObject(message) ? message : null
  } catch {
    return null
  }
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** The answer that a subscription stands or has ended; `result` says which. */
export function doneText({ method, id }: SpotRequest, result: Json, nowMs: number): string {
  return JSON.stringify({ method, result, success: true, ...timesAt(nowMs), req_id: id })
}

/** The answer that it cannot be. */
export function errorText(
  { method, id }: SpotRequest,
  error: string,
  symbol: string | null,
  nowMs: number,
): string {
  return JSON.stringify({
    method,
    success: false,
    error,
    ...(symbol === null ? {} : { symbol }),
    ...timesAt(nowMs),
    req_id: id,
  })
}

export function pongText({ id }: SpotRequest, nowMs: number): string {
  return JSON.stringify({ method: 'pong', req_id: id, ...timesAt(nowMs) })
}

function timesAt(nowMs: number): { readonly time_in: string; readonly time_out: string } {
  return { time_in: microTime(nowMs), time_out: microTime(nowMs) }
}
