import type { AnswerContext, DecodeOutcome, EventBatch, Market, RecognisedAnswer } from '@cryptoflow/model'
import { field, isArray, isObject, type JsonObject, malformed, parseJson } from '../json.ts'
import { readFuturesInstruments } from './futures-instruments.ts'
import { NAMES_FULL, unknown } from './outcomes.ts'

/**
 * REST answers: the list of futures instruments, and nothing else. Spot's books by REST are not read: they have
 * neither sequence nor checksum and name the pair otherwise than the stream; its instruments come in a channel.
 * Source: docs.kraken.com as copied 2026-05-27, futures-api, "Get instruments".
 */

const STREAM = 'instruments'
const NO_OBJECT = malformed('malformed', 'not a JSON object in UTF-8 of bounded depth')

/**
 * Appends the events of the body that answers the request for `context.stream`. Never throws; on anything but
 * `events` the batch is as before.
 */
export function decodeAnswer(
  market: Market,
  context: AnswerContext,
  body: Uint8Array,
  out: EventBatch,
): DecodeOutcome {
  if (market === 'spot' || context.stream !== STREAM) return unknown('no request that this market answers')
  const json = parseJson(body)
  if (!isObject(json)) return NO_OBJECT
  if (field(json, 'result') === 'error') return unknown('an error instead of an answer')
  const stream = out.names.idOf(STREAM)
  return stream < 0 ? NAMES_FULL : readFuturesInstruments(market, json, body, stream, out)
}

/** What the answer from `url` is about; null when it is none that this market reads. Never throws. */
export function recognise(market: Market, url: string | null, body: Uint8Array): RecognisedAnswer | null {
  if (market === 'spot') return null
  const address = url === null ? null : URL.parse(url)
  const isPath = address !== null && address.pathname !== '' && address.pathname !== '/'
  const isListing = isPath ? LISTING_PATH.test(address.pathname) : isListed(parseJson(body))
  return isListing ? { stream: STREAM, symbol: '' } : null
}

const LISTING_PATH = /^\/derivatives\/api\/v3\/instruments$/

function isListed(json: ReturnType<typeof parseJson>): json is JsonObject {
  return isObject(json) && field(json, 'result') === 'success' && isArray(field(json, 'instruments'))
}
