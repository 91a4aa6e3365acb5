import type { DecodeOutcome, EventBatch, Market } from '@cryptoflow/model'
import { FieldReader, field, isArray, isObject, type Json, type JsonObject, malformed } from '../json.ts'
import { elementRanges } from '../json-slices.ts'
import { EMPTY, EVENTS, NAMES_FULL, OTHER_MARKET, OUT_OF_SCOPE } from '../outcomes.ts'
import type { Element, Place } from './fields.ts'
import { isKept, readInstrument } from './instruments.ts'
import { readLiquidations } from './liquidations.ts'
import { marketStreams } from './streams.ts'
import { kindOf } from './symbols.ts'

/**
 * Lists about all symbols of a type of instrument, in the stream and by REST: linear and inverse contracts stand in
 * one list, and each market takes its own. Each element names its symbol.
 */

/** Most elements that one list may have; the longest known, of spot, has about a thousand. */
const ELEMENTS_MAX = 100_000

/** Appends the events of an element of this market; `raw` is its text. */
type WideReader = (element: Element, place: Place, raw: string, out: EventBatch) => void

const channels: ReadonlyMap<string, WideReader> = new Map<string, WideReader>([
  ['instruments', readInstrument],
  ['liquidation-orders', (element, place, _raw, out) => readLiquidations(element, place, out)],
])

/** Whether messages of the channel are about all symbols of a type. */
export function isWideChannel(channel: string): boolean {
  return channels.has(channel)
}

/** A parsed message of such a channel; `type` is that of `arg`. */
export interface WideMessage {
  readonly market: Market
  readonly channel: string
  readonly type: string
  readonly message: JsonObject
  readonly bytes: Uint8Array
}

/** Reads a message of a channel that `isWideChannel` knows. */
export function readWide(wide: WideMessage, out: EventBatch): DecodeOutcome {
  const { market, channel, type, message, bytes } = wide
  const name = `${channel}/${type}`
  const isOurs = marketStreams[market].some((stream) => stream.name === name)
  if (!isOurs) return isOfAnyMarket(name) ? OTHER_MARKET : OUT_OF_SCOPE
  const read = channels.get(channel) as WideReader
  const list = { market, rows: field(message, 'data'), bytes }
  return readList(list, out.names.idOf(name), channel === 'instruments', read, out)
}

function isOfAnyMarket(name: string): boolean {
  return Object.values(marketStreams).some((streams) => streams.some((stream) => stream.name === name))
}

/** The member `data` of a message or an answer, whose text is `bytes`. */
export interface DataList {
  readonly market: Market
  readonly rows: Json | undefined
  readonly bytes: Uint8Array
}

const NO_DATA = malformed('malformed', `data is not a list of at most ${ELEMENTS_MAX} elements`)
const NOT_APART = malformed('malformed', 'elements of data cannot be told apart')
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Appends the events of the list's elements of this market, or refuses the first that cannot be read: the caller
 * rolls back. A list without one says whether another market has them, or nobody.
 */
export function readList(
  { market, rows, bytes }: DataList,
  stream: number,
  needsRaw: boolean,
  read: WideReader,
  out: EventBatch,
): DecodeOutcome {
  if (stream < 0) return NAMES_FULL
  if (!isArray(rows) || rows.length > ELEMENTS_MAX) return NO_DATA
  const ranges = needsRaw ? elementRanges(bytes, 'data') : []
  // Parser and scanner agree on every text, so tests promise; if not, no symbol may get another's JSON.
  if (needsRaw && ranges?.length !== rows.length) return NOT_APART
  const { count } = out
  let isOfOthers = false
  for (const [index, row] of rows.entries()) {
    if (!isObject(row)) return malformed('malformed', `element ${index} is not an object`)
    const fields = new FieldReader(row)
    const owner = ownerOf(row, fields)
    if (owner === market || fields.refusal !== null) {
      const range = ranges?.[index]
      const raw = range === undefined ? '' : decoder.decode(bytes.subarray(range.start, range.end))
      read({ row, fields }, { stream, symbol: fields.symbol('instId', out.names) }, raw, out)
    } else isOfOthers ||= owner !== null
    const { refusal } = fields
    if (refusal?.kind === 'malformed') return malformed(refusal.reason, `element ${index}: ${refusal.detail}`)
  }
  if (out.count > count) return EVENTS
  if (isOfOthers) return OTHER_MARKET
  return rows.some((row) => isObject(row) && ownerOf(row, new FieldReader(row)) === null)
    ? OUT_OF_SCOPE
    : EMPTY
}

/** The market that an element is of; null where nobody keeps it, or its symbol is refused on the fields. */
function ownerOf(row: JsonObject, fields: FieldReader): Market | null {
  const kind = kindOf(fields.text('instId'))
  const type = field(row, 'instType')
  if (kind === 'option' || (type !== undefined && !isKept(row))) return null
  if (kind === null) fields.refuse('bad_symbol', 'instId has not the form of any market')
  return kind
}
