import type { AnswerContext, DecodeOutcome, EventBatch } from '@cryptoflow/model'
import { readBook } from './book.ts'
import { readInstrument } from './instruments.ts'
import { readReply } from './subscribe.ts'
import { readTrades } from './trades.ts'
import { elementTexts, field, isObject, MessageReader, parseWire } from './wire.ts'

const NO_JSON: DecodeOutcome = { kind: 'malformed', reason: 'malformed', detail: 'no JSON' }
const UNKNOWN: DecodeOutcome = {
  kind: 'unknown',
  reason: 'unknown_message',
  detail: 'no message of the documents',
}

/** Reads one frame: what it is stands in `on`, or it answers a frame of ours. */
export function decodeFrame(bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const message = parseWire(bytes)
  if (message === undefined) return NO_JSON
  if (!isObject(message)) return UNKNOWN
  switch (field(message, 'on')) {
    case 'trade':
      return appended(new MessageReader(message), out, readTrades)
    case 'book':
      return appended(new MessageReader(message), out, readBook)
    case 'ripple':
      return { kind: 'heartbeat' }
    case 'frost':
      return { kind: 'closing' }
    case 'weather':
      return { kind: 'ignored', reason: 'ticker' }
    default:
      return readReply(message) ?? UNKNOWN
  }
}

/** Reads the only answer there is, the list of all instruments. */
export function decodeAnswer(context: AnswerContext, body: Uint8Array, out: EventBatch): DecodeOutcome {
  const list = parseWire(body)
  if (list === undefined) return NO_JSON
  if (context.stream !== 'creatures' || !Array.isArray(list)) return UNKNOWN
  const texts = elementTexts(body)
  return appended(new MessageReader({}), out, (whole) => {
    for (const [i, creature] of list.entries()) {
      if (whole.refusal !== null) return
      if (!isObject(creature)) whole.refuse('malformed', 'a creature is no object')
      else readInstrument(whole.within(creature), texts[i] as string, out)
    }
  })
}

/** All of the message, or nothing of it and why. */
function appended(
  message: MessageReader,
  out: EventBatch,
  append: (message: MessageReader, out: EventBatch) => void,
): DecodeOutcome {
  const { count } = out
  append(message, out)
  if (message.refusal === null) return { kind: 'events' }
  out.rollback(count)
  return message.refusal
}
