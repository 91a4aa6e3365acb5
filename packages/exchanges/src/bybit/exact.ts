import type { DecodeOutcome, EventBatch } from '@cryptoflow/model'
import { FieldReader, field, isObject, type JsonObject, parseJson } from '../json.ts'
import { NAMES_FULL, NO_JSON, UNKNOWN } from '../outcomes.ts'
import { channelOf, type Wire } from './channels.ts'
import { outsideOf, skipped } from './outside.ts'
import { readReply } from './subscribe.ts'

/** Reads a frame in any spelling that JSON allows; what it refuses leaves the batch as it was. */
export function decodeExact(wire: Wire, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const json = parseJson(bytes)
  if (!isObject(json)) return NO_JSON
  const outside = outsideOf(json)
  if (outside !== null) return outside
  const topic = field(json, 'topic')
  return typeof topic === 'string' ? readMessage(wire, topic, json, out) : (readReply(json) ?? UNKNOWN)
}

/** Appends all events of the message, or none when one is refused. */
function readMessage(wire: Wire, topic: string, json: JsonObject, out: EventBatch): DecodeOutcome {
  const channel = channelOf(wire, topic)
  if (channel === undefined) return skipped(wire.market, topic)
  const { count } = out
  const stream = out.names.idOf(channel.name)
  if (stream < 0) return NAMES_FULL
  const message = {
    fields: new FieldReader(json),
    data: field(json, 'data'),
    symbol: topic.slice(channel.prefix.length),
    stream,
  }
  const outcome = channel.read(message, out)
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
}
