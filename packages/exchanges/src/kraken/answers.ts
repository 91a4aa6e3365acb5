import type { AnswerContext, DecodeOutcome, EventBatch, Market, RecognisedAnswer } from '@cryptoflow/model'
import { field, isArray, isObject, type JsonObject, parseJson } from '../json.ts'
import { NAMES_FULL, NO_JSON, unknown } from '../outcomes.ts'
import { readFuturesInstruments } from './futures-instruments.ts'
import { isBook, readFuturesImage, readSpotImage } from './polled-books.ts'
import { FUTURES_POLLED_BOOK, SPOT_POLLED_BOOK } from './streams.ts'

/**
 * REST answers: books that were asked for, and the list of futures instruments; spot's instruments come in a channel.
 * Books begin no book of ours: they have neither sequence nor checksum. In recordings they are not read, since they name
 * no symbol as the streams do.
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
  const { stream: name, symbol } = context
  const images = market === 'spot' ? SPOT_POLLED_BOOK : FUTURES_POLLED_BOOK
  const isList = market !== 'spot' && name === STREAM
  if (name !== images && !isList) return unknown('no request that this market answers')
  const json = parseJson(body)
  if (!isObject(json)) return NO_JSON
  if (market === 'spot') return readSpotImage(json, { stream: out.names.idOf(name), symbol }, out)
  if (!isList) return readFuturesImage(json, { stream: out.names.idOf(name), symbol }, out)
  if (field(json, 'result') === 'error') return unknown('an error instead of an answer')
  const stream = out.names.idOf(STREAM)
  return stream < 0 ? NAMES_FULL : readFuturesInstruments(market, json, body, stream, out)
}

/**
 * What the answer from `url` is about: of futures the list of instruments; without an address also the books by REST of
 * both, which are not read. Null when it is none of this market's. Never throws.
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
