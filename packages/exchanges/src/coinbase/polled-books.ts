import { type DecodeOutcome, type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { FieldReader, field, isObject, type JsonObject, malformed } from '../json.ts'
import { readLevels, readNamedLevels } from '../levels.ts'
import { EVENTS, ignored } from '../outcomes.ts'
import { readRfcTime } from '../rfc-time.ts'
import { endBook } from './level2.ts'

/**
 * Books that are asked for by REST, as images. The Exchange answers
 * `{"bids":[["1.5","2",3]],"asks":[],"sequence":7,"auction_mode":false,"time":"..."}`, in which nothing names the
 * product; Advanced Trade `{"pricebook":{"product_id":"A","bids":[{"price":"1.5","size":"2"}],"asks":[],"time":"..."}}`,
 * which has no sequence. Source: docs.cdp.coinbase.com, Exchange REST, "Get product book", and Advanced Trade REST, "Get
 * public product book", read 2026-09-27; an answer of 2026-04-07 kept by nautilus-coinbase 0.56.0.
 */

/** In an auction the book shows what it might become, not orders. */
const AUCTION = ignored('auction')
const NO_BOOK = malformed('malformed', 'pricebook is not an object')
const OTHER_SYMBOL = malformed('bad_symbol', 'product_id is not the product that was asked for')

/** Of what was asked: the stream's id and the product. */
export interface AskedBook {
  readonly stream: number
  readonly symbol: string
}

/** Appends the book of an answer of the Exchange. */
export function readExchangeImage(json: JsonObject, asked: AskedBook, out: EventBatch): DecodeOutcome {
  if (field(json, 'auction_mode') === true) return AUCTION
  const fields = new FieldReader(json)
  out.reserveEvent()
  readLevels(fields, 'bids', Side.bid, out)
  readLevels(fields, 'asks', Side.ask, out)
  return endImage(fields, json, fields.integer('sequence'), asked, out)
}

/** The same of Advanced Trade. */
export function readAdvancedImage(json: JsonObject, asked: AskedBook, out: EventBatch): DecodeOutcome {
  const book = field(json, 'pricebook')
  if (!isObject(book)) return NO_BOOK
  if (field(book, 'product_id') !== asked.symbol) return OTHER_SYMBOL
  const fields = new FieldReader(book)
  out.reserveEvent()
  readNamedLevels(fields, 'bids', Side.bid, 'size', out)
  readNamedLevels(fields, 'asks', Side.ask, 'size', out)
  return endImage(fields, book, Number.NaN, asked, out)
}

function endImage(
  fields: FieldReader,
  book: JsonObject,
  lastSeq: number,
  { stream, symbol: product }: AskedBook,
  out: EventBatch,
): DecodeOutcome {
  const event = out.count
  const engineUs = readRfcTime(fields, field(book, 'time'), 'time')
  const symbol = fields.nameOf(product, 'symbol', out.names)
  endBook(out, { kind: EventKind.bookImage, engineUs, sentUs: Number.NaN, stream, symbol })
  out.lastSeq[event] = lastSeq
  return fields.refusal ?? EVENTS
}
