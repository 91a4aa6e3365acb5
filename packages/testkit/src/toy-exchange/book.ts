import { type Continuity, type EventBatch, EventKind, Side, type StreamBookRule } from '@cryptoflow/model'
import type { MessageReader } from './wire.ts'

/** Most levels that one message may have; Pond's whole book has some thousand. */
const LEVELS_MAX = 100_000

/**
 * Messages of a book count by one. The first is whole, and so is any that Pond sends when it begins to count anew;
 * Pond removes levels itself and proves nothing by a checksum.
 */
export const bookRule: StreamBookRule = {
  origin: 'stream',
  follows: followsOne,
  depths: null,
  checksum: null,
}

function followsOne(lastSeq: number, _firstSeq: number, nextLastSeq: number): Continuity {
  if (nextLastSeq <= lastSeq) return 'stale'
  return nextLastSeq === lastSeq + 1 ? 'next' : 'gap'
}

/**
 * Appends one message of a book, all of it (`full`) or what changed:
 * `{"on":"book","of":"FROG/LILY","at":1700000000123,"full":true,"n":41,"bids":[["1.49","10"]],"asks":[]}`.
 *
 * Quantities are absolute; 0 removes a level. `at`: the engine's time, milliseconds.
 */
export function readBook(message: MessageReader, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  const number = message.integer('n')
  out.kind[event] = message.flag('full') ? EventKind.bookSnapshot : EventKind.bookDelta
  out.symbol[event] = message.symbol('of', out.names)
  out.stream[event] = message.known('book', out.names)
  out.engineUs[event] = message.timeMs('at')
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = number
  out.lastSeq[event] = number
  out.prevSeq[event] = Number.NaN
  appendLevels(message, 'bids', Side.bid, out)
  appendLevels(message, 'asks', Side.ask, out)
  out.endEvent()
}

function appendLevels(message: MessageReader, key: string, side: number, out: EventBatch): void {
  const levels = message.list(key)
  const before = out.entryCount - (out.entryStart[out.count] as number)
  if (before + levels.length > LEVELS_MAX) message.refuse('too_many_levels', `more than ${LEVELS_MAX} levels`)
  if (message.refusal !== null) return
  out.reserveEntries(levels.length)
  for (const level of levels) {
    const [price, quantity] = Array.isArray(level) ? level : []
    message.decimalOf(price, `a price of ${key}`, out.price, out.entryCount)
    message.decimalOf(quantity, `a quantity of ${key}`, out.quantity, out.entryCount)
    out.side[out.entryCount] = side
    out.entryCount += 1
  }
}
