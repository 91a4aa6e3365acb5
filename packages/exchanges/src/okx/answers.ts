import {
  type AnswerContext,
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  type Market,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import {
  FieldReader,
  field,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  malformed,
  parseJson,
} from '../json.ts'
import { EMPTY, EVENTS, NAMES_FULL, NO_JSON, OTHER_MARKET, OUT_OF_SCOPE, unknown } from '../outcomes.ts'
import { readBook } from './book.ts'
import type { Element, Place } from './fields.ts'
import { readOpenInterest, readSettlement } from './funding.ts'
import { readInstrument } from './instruments.ts'
import { readList } from './market-wide.ts'
import { marketStreams, POLLED_BOOK } from './streams.ts'
import { kindOf } from './symbols.ts'
import { readTrade } from './trades.ts'

/**
 * REST answers `{"code":"0","msg":"","data":[...]}` by what they answer. Source: okx.com/docs-v5, "REST API", as of
 * 2026-02-23.
 */

/** Most elements of an answer about one symbol; the longest known has 500. */
const ELEMENTS_MAX = 100_000

const NO_DATA = malformed('malformed', `data is not a list of at most ${ELEMENTS_MAX} elements`)
const NOT_ASKED = unknown('no request that this market answers')
const BAD_SYMBOL = malformed(
  'bad_symbol',
  `the request's symbol is not 1 to ${SYMBOL_BYTES_MAX} bytes of this market`,
)
const OTHER_SYMBOL = malformed('bad_symbol', 'instId of an element is not the one that was asked for')

type ElementReader = (element: Element, place: Place, out: EventBatch) => void

/** Answers about one symbol, books that begin anew apart. */
const bySymbol: ReadonlyMap<string, ElementReader> = new Map<string, ElementReader>([
  ['market/trades', readTrade],
  ['market/history-trades', readTrade],
  ['public/funding-rate-history', readSettlement],
  [POLLED_BOOK, (element, place, out) => readBook(element, place, EventKind.bookImage, out)],
])

/**
 * Appends the events of the body that answers the request for `context.stream`. Never throws; on anything but
 * `events` the batch is as before.
 */
export function decodeAnswer(
  market: Market,
  { stream, symbol }: AnswerContext,
  body: Uint8Array,
  out: EventBatch,
): DecodeOutcome {
  const spec = marketStreams[market].find(({ name }) => name === stream)
  const isAsked = spec === undefined ? stream === POLLED_BOOK : spec.book !== null || spec.route === null
  if (!isAsked) return NOT_ASKED
  const json = parseJson(body)
  if (!isObject(json)) return NO_JSON
  const code = field(json, 'code')
  if (code !== '0') return unknown(`an error instead of an answer, code ${codeText(code)}`)
  const { count } = out
  const id = out.names.idOf(stream)
  const outcome =
    spec?.scope === 'market'
      ? readMarket(market, stream, id, json, body, out)
      : readSymbol(
          market,
          (spec?.book ?? null) === null ? bySymbol.get(stream) : readSnapshot,
          { stream: id, symbol },
          json,
          out,
        )
  if (outcome.kind !== 'events') out.rollback(count)
  return outcome
}

/** A code is a number in a text; anything else is not repeated. */
function codeText(code: Json | undefined): string {
  return typeof code === 'string' && /^\d{1,6}$/.test(code) ? code : 'unknown'
}

function readMarket(
  market: Market,
  name: string,
  stream: number,
  json: JsonObject,
  bytes: Uint8Array,
  out: EventBatch,
): DecodeOutcome {
  const list = { market, rows: field(json, 'data'), bytes }
  return name.startsWith('public/instruments/')
    ? readList(list, stream, true, readInstrument, out)
    : readList(
        list,
        stream,
        false,
        (element, place, _raw, into) => readOpenInterest(element, place, into),
        out,
      )
}

/** A book that begins anew, whatever the update before it was. */
function readSnapshot(element: Element, place: Place, out: EventBatch): void {
  readBook(element, place, EventKind.bookSnapshot, out)
}

function readSymbol(
  market: Market,
  read: ElementReader | undefined,
  { stream, symbol }: { readonly stream: number; readonly symbol: string },
  json: JsonObject,
  out: EventBatch,
): DecodeOutcome {
  if (read === undefined) return NOT_ASKED
  const kind = kindOf(symbol)
  if (kind === 'option') return OUT_OF_SCOPE
  if (kind !== null && kind !== market) return OTHER_MARKET
  const asked = new FieldReader({ instId: symbol })
  const id = asked.symbol('instId', out.names)
  if (kind === null || asked.refusal !== null) return BAD_SYMBOL
  if (stream < 0) return NAMES_FULL
  const data = field(json, 'data')
  if (!isArray(data) || data.length > ELEMENTS_MAX) return NO_DATA
  const { count } = out
  for (const [index, row] of data.entries()) {
    if (!isObject(row)) return malformed('malformed', `element ${index} is not an object`)
    const own = field(row, 'instId')
    if (own !== undefined && own !== symbol) return OTHER_SYMBOL
    const fields = new FieldReader(row)
    read({ row, fields }, { stream, symbol: id }, out)
    const { refusal } = fields
    if (refusal?.kind === 'malformed') return malformed(refusal.reason, `element ${index}: ${refusal.detail}`)
  }
  return out.count > count ? EVENTS : EMPTY
}
