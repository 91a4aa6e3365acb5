import type { Market, RecognisedAnswer } from '@cryptoflow/model'
import { field, isArray, isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import { marketStreams } from './streams.ts'
import { kindOf, type SymbolKind } from './symbols.ts'

/**
 * What a recorded REST answer is about, told by its address, else by the fields of its body; and whose a recorded
 * frame is, told by the symbols in it: the address is the same for all markets.
 *
 * Answers about options and margin are recognised by every market that reads such answers, and are then outside of
 * what it keeps.
 */

const API =
  /^\/api\/v5\/(market\/(?:books|trades|history-trades)|public\/(?:instruments|open-interest|funding-rate-history))$/

/**
 * What the answer from `url` is about; null when it is none that this market reads. Without an address, or with one
 * that is only a host, the body's fields decide. Never throws.
 */
export function recognise(market: Market, url: string | null, body: Uint8Array): RecognisedAnswer | null {
  const address = url === null ? null : URL.parse(url)
  const isPath = address !== null && address.pathname !== '' && address.pathname !== '/'
  return isPath ? byPath(market, address, body) : byBody(market, body)
}

function byPath(market: Market, { pathname, searchParams }: URL, body: Uint8Array): RecognisedAnswer | null {
  const endpoint = API.exec(pathname)?.[1]
  if (endpoint === undefined) return null
  const symbol = searchParams.get('instId')
  const type = searchParams.get('instType')
  if (type !== null) return ofType(market, endpoint, type)
  if (symbol === null) return byBody(market, body)
  return isRead(market, kindOf(symbol)) ? ofSymbol(market, endpoint, symbol) : null
}

/** Whether the market answers for a symbol of that kind: its own, or one that nobody keeps. */
function isRead(market: Market, kind: SymbolKind): boolean {
  return kind === market || kind === 'option'
}

function ofSymbol(market: Market, endpoint: string, symbol: string | null): RecognisedAnswer | null {
  if (endpoint === 'market/books') return { stream: 'book', symbol }
  return offers(market, endpoint) ? { stream: endpoint, symbol } : null
}

/** An answer about a type that nobody keeps is taken for one about the first type that the market asks for. */
function ofType(market: Market, endpoint: string, type: string): RecognisedAnswer | null {
  const name = `${endpoint}/${type}`
  if (offers(market, name)) return { stream: name, symbol: '' }
  if (type !== 'OPTION' && type !== 'MARGIN') return null
  const first = marketStreams[market].find((stream) => stream.name.startsWith(`${endpoint}/`))
  return first === undefined ? null : { stream: first.name, symbol: '' }
}

/** Whether the market has a stream of this name that is asked for by REST. */
function offers(market: Market, name: string): boolean {
  return marketStreams[market].some((stream) => stream.name === name && stream.route === null)
}

/** Fields that only the elements of this endpoint's answers have together. */
const marks: readonly (readonly [endpoint: string, fields: readonly string[]])[] = [
  ['public/open-interest', ['oi', 'instType']],
  ['public/funding-rate-history', ['realizedRate', 'fundingTime']],
  ['public/instruments', ['tickSz', 'lotSz', 'instType']],
  ['market/trades', ['tradeId', 'px', 'sz', 'side']],
]

function byBody(market: Market, body: Uint8Array): RecognisedAnswer | null {
  const json = parseJson(body)
  const data = isObject(json) && typeof field(json, 'code') === 'string' ? field(json, 'data') : undefined
  const first = isArray(data) ? data[0] : undefined
  if (!isObject(first) || !isArray(data)) return null
  if (hasAll(first, ['asks', 'bids', 'ts'])) return { stream: 'book', symbol: null }
  const [endpoint] = marks.find(([, fields]) => hasAll(first, fields)) ?? []
  const kinds = data.map((row) => kindOf(textIn(row, 'instId')))
  const isOurs = kinds.includes(market) || kinds.every((kind) => kind === 'option')
  if (endpoint === undefined || !isOurs) return null
  const isByType = endpoint === 'public/open-interest' || endpoint === 'public/instruments'
  if (isByType) return ofType(market, endpoint, textIn(first, 'instType'))
  const symbols = new Set(data.map((row) => textIn(row, 'instId')))
  return ofSymbol(market, endpoint, symbols.size === 1 ? textIn(first, 'instId') : null)
}

function hasAll(object: JsonObject, fields: readonly string[]): boolean {
  return fields.every((name) => field(object, name) !== undefined)
}

function textIn(json: Json | undefined, key: string): string {
  const text = isObject(json) ? field(json, key) : undefined
  return typeof text === 'string' ? text : ''
}

/**
 * Whether a recorded frame is this market's, by the symbol that it is about, else by those in its elements. Null where
 * none is named, or only such as nobody keeps. Never throws.
 */
export function hears(market: Market, frame: Uint8Array): boolean | null {
  const json = parseJson(frame)
  const arg = isObject(json) ? field(json, 'arg') : undefined
  if (!isObject(json) || !isObject(arg) || /^index-/.test(textIn(arg, 'channel'))) return null
  const own = textIn(arg, 'instId')
  const data = field(json, 'data')
  const rows = isArray(data) ? data : []
  const symbols = own === '' ? rows.map((row) => textIn(row, 'instId')) : [own]
  const kinds = symbols.map(kindOf)
  if (kinds.includes(market)) return true
  return kinds.some((kind) => kind !== null && kind !== 'option') ? false : null
}
