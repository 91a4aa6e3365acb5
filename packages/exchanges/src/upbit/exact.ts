import type { DecodeOutcome, EventBatch } from '@cryptoflow/model'
import { FieldReader, field, isArray, isObject, type JsonObject, parseJson } from '../json.ts'
import { EVENTS, GENERATED, HEARTBEAT, ignored, NAMES_FULL, NO_JSON, UNKNOWN } from '../outcomes.ts'
import { defaultNames, type FieldNames, simpleNames } from './fields.ts'
import { readImage } from './orderbook.ts'
import { readError } from './subscribe.ts'
import { readTrade } from './trades.ts'

/** Appends the event of one message; answers what else it is, or null. What is wrong with it is in `fields`. */
type Read = (
  fields: FieldReader,
  message: JsonObject,
  names: FieldNames,
  stream: number,
  out: EventBatch,
) => DecodeOutcome | null

/** Stored messages by their type, which is the stream's name too. */
const stored = new Map<string, Read>([
  ['trade', readTrade],
  ['orderbook', readImage],
])

const TICKER = ignored('ticker')
const CANDLE = ignored('kline')
/** `candle.1s`, `candle.240m`. */
const CANDLE_TYPE = /^candle\.\w+$/

/** Reads a frame in any spelling that JSON allows; what it refuses leaves the batch as it was. */
export function decodeExact(bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const json = parseJson(bytes)
  if (!isObject(json)) return isArray(json) ? UNKNOWN : NO_JSON
  if (field(json, 'generated') === true) return GENERATED
  const names = field(json, 'type') === undefined ? simpleNames : defaultNames
  const type = field(json, names.type)
  if (typeof type !== 'string') return readReply(json)
  const read = stored.get(type)
  if (read !== undefined) return readStored(type, read, json, names, out)
  if (type === 'ticker') return TICKER
  return CANDLE_TYPE.test(type) ? CANDLE : UNKNOWN
}

/** What answers our `PING`, and what says that a request is refused; nothing else is without a type. */
function readReply(json: JsonObject): DecodeOutcome {
  if (field(json, 'status') === 'UP') return HEARTBEAT
  const error = field(json, 'error')
  return isObject(error) ? readError(error) : UNKNOWN
}

function readStored(
  type: string,
  read: Read,
  message: JsonObject,
  names: FieldNames,
  out: EventBatch,
): DecodeOutcome {
  const { count } = out
  const stream = out.names.idOf(type)
  if (stream < 0) return NAMES_FULL
  const fields = new FieldReader(message, true)
  const outcome = read(fields, message, names, stream, out) ?? fields.refusal ?? EVENTS
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
}
