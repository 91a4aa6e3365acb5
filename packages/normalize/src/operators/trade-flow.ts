import { type EventBatch, EventKind, type JournalRecord, Side } from '@cryptoflow/model'
import type { KeyState } from '../key-state.ts'
import { minuteOf } from '../minutes.ts'
import type { Stamp } from '../stamps.ts'
import { isCarried, type StreamState } from '../stream.ts'
import { createBars, hear } from './bars.ts'
import { productOf, readExact, trimmed } from './exact-sum.ts'
import type { Print } from './pane.ts'

/** How a trade stands to the one before it, and whether it is in the table. */
export interface TradeStanding {
  readonly isStored: boolean
  /** Nothing is missing between the stream's last message and this one. */
  readonly isNext: boolean
  /** It was missing until now. */
  readonly isLate: boolean
}

/**
 * Hands a trade that is no duplicate to the bars of its key. Bars are of one stream: the first that brought a trade, and
 * another one when that is not subscribed any more. A lost connection is no reason: what the other stream brings
 * meanwhile may be the same trades. What a filter removed and what was agreed outside the book is
 * in no bar, and moves their time on.
 */
export function tradeHeard(
  state: KeyState,
  stream: StreamState,
  record: JournalRecord,
  stamp: Stamp,
  batch: EventBatch,
  event: number,
  { isStored, isNext, isLate }: TradeStanding,
): void {
  const plan = state.operators.bars
  const { name } = stream.spec
  if (plan === null || !isCarried(stream.spec)) return
  const isFirst = state.bars === null
  const us = stamp.eventUs
  state.bars ??= createBars(plan, name, Math.min(us, record.receivedUs))
  const { bars } = state
  const isOther = bars.stream !== name
  if (isOther && isSubscribed(state, bars.stream, record.receivedUs)) return
  bars.stream = name
  hear(
    bars,
    {
      print: isStored && batch.kind[event] !== EventKind.block ? printOf(stamp, batch, event) : null,
      us,
      receivedUs: record.receivedUs,
      isNext: isFirst || (isNext && !isOther),
      isLate,
    },
    state.counters,
  )
}

/** Or was in this or the last minute: a new process subscribes its streams one after another. */
function isSubscribed({ streams }: KeyState, name: string, us: number): boolean {
  return streams.some(({ spec, wantedUntil }) => spec.name === name && wantedUntil >= minuteOf(us) - 1)
}

function printOf({ eventUs, timeSource }: Stamp, batch: EventBatch, event: number): Print {
  const row = batch.entryStart[event] as number
  const price = readExact(batch.price, row)
  const trimmedPrice = trimmed(price)
  const quantity = trimmed(readExact(batch.quantity, row))
  const isAggregate = batch.kind[event] === EventKind.aggregate
  const count = isAggregate
    ? (batch.lastTradeId[event] as number) - (batch.firstTradeId[event] as number) + 1
    : 1
  return {
    us: eventUs,
    timeSource,
    seq: batch.lastSeq[event] as number,
    price,
    trimmedPrice,
    quantity,
    turnover: productOf(trimmedPrice, quantity),
    isBuy: batch.side[row] === Side.buy,
    trades: Number.isNaN(count) ? 1 : count,
  }
}
