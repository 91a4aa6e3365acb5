import type { DecodeOutcome } from '@cryptoflow/model'
import { field, isObject, JsonNumber, type JsonObject, printable, wholeNumber } from '../json.ts'

/** Longest part of a refusal's text that is passed on. */
const DETAIL_CHARACTERS_MAX = 200

/** Wire name of a stream: the symbol in lower case, payloads have it in upper case; of the whole market without. */
export function streamName(stream: string, symbol: string): string {
  return symbol === '' ? stream : `${symbol.toLowerCase()}@${stream}`
}

/** The text to send for a subscription; `id` comes back in the answer. Futures take unsigned integers only. */
export function subscribeFrame(streamNames: readonly string[], id: number): string {
  return JSON.stringify({ method: 'SUBSCRIBE', params: streamNames, id })
}

/** The text to send for the end of a subscription. */
export function unsubscribeFrame(streamNames: readonly string[], id: number): string {
  return JSON.stringify({ method: 'UNSUBSCRIBE', params: streamNames, id })
}

/**
 * Reads the answer to a control frame; null when the message is none.
 *
 * `{"result":null,"id":1}` is an ack and proves no data: unknown symbols are acked too. Refusals come as
 * documented, `{"code":2,"msg":"...","id":1}`, and as observed, `{"error":{"code":2,"msg":"..."},"id":1}`;
 * the one for unreadable JSON has no id.
 */
export function readReply(message: JsonObject): DecodeOutcome | null {
  const id = wholeNumber(field(message, 'id'))
  const error = field(message, 'error')
  if (isObject(error)) return refused(id, error)
  if (field(message, 'code') !== undefined && typeof field(message, 'msg') === 'string') {
    return refused(id, message)
  }
  return id !== null && field(message, 'result') !== undefined ? { kind: 'ack', id } : null
}

function refused(id: number | null, error: JsonObject): DecodeOutcome {
  const code = field(error, 'code')
  const text = field(error, 'msg')
  const detail = `${code instanceof JsonNumber ? code.text : 'no code'}: ${typeof text === 'string' ? text : 'no text'}`
  return { kind: 'refused', id, detail: printable(detail, DETAIL_CHARACTERS_MAX) }
}
