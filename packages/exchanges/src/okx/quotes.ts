import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { MISS } from '../bytes.ts'
import { readLevels } from '../levels.ts'
import { scanSides, scanTail } from './book.ts'
import { isEnd, isNext, scanData } from './envelope.ts'
import { type Element, type Place, textTime } from './fields.ts'

/**
 * The exchange's own best bid and ask, written as a book of one level; a side without orders is empty. `seqId` is the
 * book's: it skips and may fall. Recordings of 2022 have none.
 *
 * Source: okx.com/docs-v5, "WS / Order book channel", as of 2026-07-07, which calls the time the matching engine's.
 */

/** The exact path: appends the quote that an element is; nothing when both sides are empty. */
export function readQuote(element: Element, { stream, symbol }: Place, out: EventBatch): void {
  const { fields } = element
  out.reserveEvent()
  const event = out.count
  const first = out.entryCount
  out.engineUs[event] = textTime(element, 'ts')
  out.lastSeq[event] = fields.optionalInteger('seqId')
  readLevels(fields, 'asks', Side.ask, out)
  readLevels(fields, 'bids', Side.bid, out)
  if (!isQuote(first, out)) fields.refuse('malformed', 'a side of a quote has more than one level')
  else if (out.entryCount > first) endQuote(out, stream, symbol)
}

/** Whether the entries `first ...` are at most one ask, and behind it at most one bid. */
function isQuote(first: number, { entryCount, side }: EventBatch): boolean {
  const count = entryCount - first
  return count < 2 || (count === 2 && side[first] !== side[first + 1])
}

function endQuote(out: EventBatch, stream: number, symbol: number): void {
  const event = out.count
  out.kind[event] = EventKind.quote
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.endEvent()
}

/**
 * The fast path: appends the quotes of the frame when it is written as the exchange writes it,
 * `..."},"data":[{"asks":[["1","1","0","1"]],"bids":[["1","1","0","1"]],"ts":"1","seqId":1}]}`; false otherwise.
 */
export function scanQuote(
  symbolAt: number,
  symbolEnd: number,
  stream: number,
  symbol: number,
  out: EventBatch,
): boolean {
  let at = scanData(symbolEnd)
  for (;;) {
    out.reserveEvent()
    const first = out.entryCount
    at = scanTail(scanSides(at, out), symbolAt, symbolEnd - symbolAt, out)
    if (at === MISS || out.entryCount === first || !isQuote(first, out)) return false
    endQuote(out, stream, symbol)
    if (!isNext(at)) return isEnd(at)
    at += 1
  }
}
