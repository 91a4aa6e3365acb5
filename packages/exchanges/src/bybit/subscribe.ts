import type { DecodeOutcome } from '@cryptoflow/model'
import { field, isObject, type JsonObject, printable, wholeNumber } from '../json.ts'
import { HEARTBEAT, ignored, OBSOLETE, OUT_OF_SCOPE } from '../outcomes.ts'
import { OPEN_INTEREST } from './streams.ts'

/**
 * Requests and their answers: one answer for each, which repeats its `req_id`.
 * Source: bybit-exchange/docs 2026-07-24, v5/ws/connect; the text of a refusal from live captures of 2026-07-25 and
 * 2026-10-02.
 */

/** Longest part of a refusal's text that is passed on. */
const DETAIL_CHARACTERS_MAX = 200
/** A topic: the longest channel and a symbol of 64 bytes. */
const TOPIC_CHARACTERS_MAX = 96

/** Topic of a stream: the channel, a point and the symbol; of what tickers bring too, that of tickers. */
export function streamName(stream: string, symbol: string): string {
  return `${stream === OPEN_INTEREST ? 'tickers' : stream}.${symbol}`
}

/** The text to send for a subscription; `id` comes back in the answer, as text. */
export function subscribeFrame(streamNames: readonly string[], id: number): string {
  return JSON.stringify({ req_id: String(id), op: 'subscribe', args: streamNames })
}

/** The text to send for the end of a subscription. */
export function unsubscribeFrame(streamNames: readonly string[], id: number): string {
  return JSON.stringify({ req_id: String(id), op: 'unsubscribe', args: streamNames })
}

/**
 * Reads a message without a topic; null when it is no answer that is known.
 *
 * `{"success":true,"ret_msg":"subscribe","conn_id":"...","req_id":"1","op":"subscribe"}` is an ack. A ping is answered
 * with `op` ping and `ret_msg` pong. Until v5 answers repeated the whole `request`, and REST wrote `ret_code`; answers
 * of the options' socket have a `type`.
 */
export function readReply(message: JsonObject): DecodeOutcome | null {
  if (isOfOldProtocol(message)) return OBSOLETE
  if (field(message, 'type') === 'COMMAND_RESP') return OUT_OF_SCOPE
  const op = field(message, 'op')
  const isDone = field(message, 'success')
  if (op === 'pong' || (op === 'ping' && field(message, 'ret_msg') === 'pong')) return HEARTBEAT
  if (op !== 'subscribe' && op !== 'unsubscribe') return null
  if (isDone === true) return ackOf(message)
  return isDone === false ? refused(message) : null
}

/** v2 derivatives and spot v1: `request`, `ret_code`, or a ping answered with nothing but a time. */
function isOfOldProtocol(message: JsonObject): boolean {
  if (isObject(field(message, 'request')) || field(message, 'ret_code') !== undefined) return true
  return wholeNumber(field(message, 'pong')) !== null || wholeNumber(field(message, 'ping')) !== null
}

/** An ack confirms a request of ours, or nothing that we know: recorders send other ids, or none. */
function ackOf(message: JsonObject): DecodeOutcome {
  const id = idIn(message)
  return id === null ? OTHERS_ACK : { kind: 'ack', id }
}

const OTHERS_ACK = ignored('ack')

/** Null where none was sent or it is not one of ours. */
function idIn(message: JsonObject): number | null {
  const id = field(message, 'req_id')
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : null
}

/** `error:handler not found,topic:orderbook.500.BTCUSDT`: one topic is wrong, and the whole request is void. */
function refused(message: JsonObject): DecodeOutcome {
  const json = field(message, 'ret_msg')
  const text = typeof json === 'string' && json !== '' ? json : 'no text'
  const topic = /\btopic:(\S+)$/.exec(text)?.[1]
  const isNamed = topic !== undefined && topic.length <= TOPIC_CHARACTERS_MAX && topic.isWellFormed()
  const detail = printable(text, DETAIL_CHARACTERS_MAX)
  return { kind: 'refused', id: idIn(message), detail, ...(isNamed ? { streams: [topic] } : {}) }
}
