import type { EventBatch, JournalRecord } from '@cryptoflow/model'
import type { Stamp } from './row-types.ts'

/** 2009-01-03: before the first block no exchange had a market, so an earlier time means "none". */
const EARLIEST_US = Date.UTC(2009, 0, 3) * 1000
/** An event this far ahead of its arrival is nobody's clock error. */
const AHEAD_US_MAX = 24 * 3_600_000_000

/** Times of an event: the matching engine's where there is one, else the exchange's, else ours. */
export function stampOf(record: JournalRecord, batch: EventBatch, event: number): Stamp {
  const engineUs = presentOrNaN(batch.engineUs[event] as number)
  const sentUs = presentOrNaN(batch.sentUs[event] as number)
  const { receivedUs, number: frame } = record
  if (!Number.isNaN(engineUs)) return { eventUs: engineUs, timeSource: 'engine', sentUs, receivedUs, frame }
  if (!Number.isNaN(sentUs)) return { eventUs: sentUs, timeSource: 'sent', sentUs, receivedUs, frame }
  return { eventUs: receivedUs, timeSource: 'received', sentUs, receivedUs, frame }
}

/** Whether the event claims to come from the future. */
export function isAbsurd(stamp: Stamp): boolean {
  return stamp.eventUs - stamp.receivedUs > AHEAD_US_MAX
}

function presentOrNaN(us: number): number {
  return us >= EARLIEST_US ? us : Number.NaN
}
