import type { DecodeOutcome } from '@cryptoflow/model'
import { field, printable, type WireObject, wholeNumber } from './wire.ts'

/** Wire name of a stream: `trade:FROG/LILY`. */
export function streamName(stream: string, symbol: string): string {
  return `${stream}:${symbol}`
}

/** The text to send for a subscription; `id` comes back in the answer. */
export function subscribeFrame(streamNames: readonly string[], id: number): string {
  return JSON.stringify({ do: 'watch', what: streamNames, id })
}

/** The text to send for the end of a subscription. */
export function unsubscribeFrame(streamNames: readonly string[], id: number): string {
  return JSON.stringify({ do: 'leave', what: streamNames, id })
}

/** Longest part of a refusal's text that is passed on. */
const DETAIL_CHARACTERS_MAX = 200

/**
 * Reads the answer to a frame of ours; null when the message is none.
 *
 * `{"done":1}` confirms the frame of that id. `{"sorry":"no such creature","id":1}` refuses it; what cannot be read at
 * all is refused without an id.
 */
export function readReply(message: WireObject): DecodeOutcome | null {
  const done = wholeNumber(field(message, 'done'))
  if (done !== null) return { kind: 'ack', id: done }
  const sorry = field(message, 'sorry')
  if (typeof sorry !== 'string') return null
  const detail = printable(sorry, DETAIL_CHARACTERS_MAX) || 'no reason given'
  return { kind: 'refused', id: wholeNumber(field(message, 'id')), detail }
}
