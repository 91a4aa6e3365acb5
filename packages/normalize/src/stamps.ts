import type { EventBatch, JournalRecord } from '@cryptoflow/model'

/** Whose clock `eventUs` is. */
export type TimeSource = 'engine' | 'sent' | 'received'

/**
 * When something happened and which frame says so. Times in microseconds; `sentUs` NaN = absent.
 *
 * Whoever is given one reads it at once or keeps a copy: the same object is filled again for the next event.
 */
export interface Stamp {
  eventUs: number
  timeSource: TimeSource
  sentUs: number
  receivedUs: number
  frame: number
}

/** 2009-01-03: before the first block no exchange had a market, so an earlier time means "none". */
const EARLIEST_US = Date.UTC(2009, 0, 3) * 1000
/** An event this far ahead of its arrival is nobody's clock error. */
const AHEAD_US_MAX = 24 * 3_600_000_000

/** A stamp to be filled. NaN, so that its fields are floats from the beginning. */
export function blankStamp(): Stamp {
  const none = Number.NaN
  return { eventUs: none, timeSource: 'received', sentUs: none, receivedUs: none, frame: 0 }
}

/** Fills in the times of an event: the matching engine's where there is one, else the exchange's, else ours. */
export function readStamp(into: Stamp, record: JournalRecord, batch: EventBatch, event: number): void {
  const engineUs = batch.engineUs[event] as number
  const sentUs = batch.sentUs[event] as number
  into.frame = record.number
  into.receivedUs = record.receivedUs
  into.sentUs = sentUs >= EARLIEST_US ? sentUs : Number.NaN
  if (engineUs >= EARLIEST_US) {
    into.eventUs = engineUs
    into.timeSource = 'engine'
  } else if (sentUs >= EARLIEST_US) {
    into.eventUs = sentUs
    into.timeSource = 'sent'
  } else {
    into.eventUs = record.receivedUs
    into.timeSource = 'received'
  }
}

/** The same as a value of its own. */
export function stampOf(record: JournalRecord, batch: EventBatch, event: number): Stamp {
  const stamp = blankStamp()
  readStamp(stamp, record, batch, event)
  return stamp
}

/** Of something that only we saw. */
export function receivedStamp(receivedUs: number, frame: number): Stamp {
  return { eventUs: receivedUs, timeSource: 'received', sentUs: Number.NaN, receivedUs, frame }
}

export function copyStamp(into: Stamp, from: Stamp): Stamp {
  into.eventUs = from.eventUs
  into.timeSource = from.timeSource
  into.sentUs = from.sentUs
  into.receivedUs = from.receivedUs
  into.frame = from.frame
  return into
}

/** Whether the event claims to come from the future. */
export function isAbsurd(stamp: Stamp): boolean {
  return stamp.eventUs - stamp.receivedUs > AHEAD_US_MAX
}
