import type { AnswerContext, DecodeOutcome, EventBatch, Market, RecognisedAnswer } from '@cryptoflow/model'
import { field, isArray, isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import { NAMES_FULL, NO_JSON, unknown } from '../outcomes.ts'
import { readFuturesInstruments } from './futures-instruments.ts'

/**
 * REST answers: the list of futures instruments, and nothing else. Spot's books by REST are not read: they have
 * neither sequence nor checksum and name the pair otherwise than the stream; its instruments come in a channel.
 * Source: docs.kraken.com as copied 2026-05-27, futures-api, "Get instruments".
 */

const STREAM = 'instruments'

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
  if (!isObject(json)) return NO_JSON
  if (field(json, 'result') === 'error') return unknown('an error instead of an answer')
  const stream = out.names.idOf(STREAM)
  return stream < 0 ? NAMES_FULL : readFuturesInstruments(market, json, body, stream, out)
}

/**
 * What the answer from `url` is about: of futures the list of instruments; without an address also the books by REST of
 * both, which no stream stores. Null when it is none of this market's. Never throws.
 */
export function recognise(market: Market, url: string | null, body: Uint8Array): RecognisedAnswer | null {
  const address = url === null ? null : URL.parse(url)
  const isPath = address !== null && address.pathname !== '' && address.pathname !== '/'
  if (isPath) return market !== 'spot' && LISTING_PATH.test(address.pathname) ? LISTING : null
  const json = parseJson(body)
  if (!isObject(json)) return null
  if (market === 'spot') return isSpotAnswer(json) ? UNREAD : null
  if (isListed(json)) return LISTING
  return isFuturesBook(json) ? UNREAD : null
}

const LISTING_PATH = /^\/derivatives\/api\/v3\/instruments$/
const LISTING: RecognisedAnswer = { stream: STREAM, symbol: '' }
const UNREAD: RecognisedAnswer = { stream: 'unread', symbol: null }

function isListed(json: JsonObject): boolean {
  return field(json, 'result') === 'success' && isArray(field(json, 'instruments'))
}

/** `{"error":[],"result":{"XXBTZUSD":{"asks":[],"bids":[]}}}`: one book under the pair's name. */
function isSpotAnswer(json: JsonObject): boolean {
  const result = field(json, 'result')
  if (!isArray(field(json, 'error')) || !isObject(result)) return false
  const books = Object.values(result)
  return books.length === 1 && books.every(isBook)
}

/** `{"result":"success","orderBook":{"bids":[],"asks":[]}}`. */
function isFuturesBook(json: JsonObject): boolean {
  return field(json, 'result') === 'success' && isBook(field(json, 'orderBook'))
}

function isBook(json: Json | undefined): boolean {
  return isObject(json) && isArray(field(json, 'asks')) && isArray(field(json, 'bids'))
}
