import type { StreamSpec, TableName } from '@cryptoflow/model'
import type { GapCause } from './truth-rows.ts'

/** Width of a row of `coverage`, microseconds of received time. */
export const MINUTE_US = 60_000_000

/** Holes of a minute that are kept apart; a further one counts together with the time between it and its neighbour. */
export const MINUTE_HOLES_MAX = 256

/** What became of messages. */
interface Outcomes {
  received: number
  stored: number
  duplicates: number
  filtered: number
  deadLetters: number
}

/** Of one stream of a key, since they were last put aside. `spec` null: of messages that are of no stream. */
export interface MessageCounts extends Outcomes {
  readonly spec: StreamSpec | null
}

/** A minute that is not written yet. Holes and causes are those found so far. */
export interface OpenMinute extends Outcomes {
  /** Since 1970. */
  readonly minute: number
  /** Disjoint and ascending: from, to, from, to, ... microseconds within the minute. */
  readonly holes: number[]
  readonly causes: Set<GapCause>
}

/** The minutes of a key and table that are not written yet, oldest first. Part of the state image. */
export interface Ledger {
  readonly table: TableName
  readonly minutes: OpenMinute[]
}

export function minuteOf(us: number): number {
  return Math.floor(us / MINUTE_US)
}

/** A key's counts of a stream, made when new: a handful, found by walking. */
export function countsOfStream(counts: MessageCounts[], spec: StreamSpec | null): MessageCounts {
  const known = counts.find((each) => each.spec === spec)
  if (known !== undefined) return known
  const made = { spec, received: 0, stored: 0, duplicates: 0, filtered: 0, deadLetters: 0 }
  counts.push(made)
  return made
}

/** A key's ledger of a table, made when new. They are in the order of their names, whichever was needed first. */
export function ledgerOf(ledgers: Ledger[], table: TableName): Ledger {
  const known = ledgers.find((each) => each.table === table)
  if (known !== undefined) return known
  const made = { table, minutes: [] }
  const at = ledgers.findIndex((each) => each.table > table)
  ledgers.splice(at < 0 ? ledgers.length : at, 0, made)
  return made
}

/** The ledger's last minute, made when the last one is another. */
export function openMinute({ minutes }: Ledger, minute: number): OpenMinute {
  const last = minutes.at(-1)
  if (last?.minute === minute) return last
  const none = { received: 0, stored: 0, duplicates: 0, filtered: 0, deadLetters: 0 }
  const made: OpenMinute = { minute, ...none, holes: [], causes: new Set() }
  minutes.push(made)
  return made
}

/**
 * Marks what lies in a minute of the hole `fromUs ... toUs` (exclusive); the infinities: a border that nobody knows. A
 * hole between two messages of the same microsecond has no length, and a cause.
 */
export function addHoleTo(open: OpenMinute, fromUs: number, toUs: number, cause: GapCause): void {
  const startUs = open.minute * MINUTE_US
  const from = Math.max(fromUs, startUs)
  const to = Math.min(toUs, startUs + MINUTE_US)
  const isMoment = fromUs === toUs && minuteOf(fromUs) === open.minute
  if (from < to || isMoment) open.causes.add(cause)
  if (from < to) unite(open.holes, from, to)
}

/** How much of a minute lies in holes, microseconds. */
export function holeUs({ holes }: Pick<OpenMinute, 'holes'>): number {
  let us = 0
  for (let i = 0; i < holes.length; i += 2) us += (holes[i + 1] as number) - (holes[i] as number)
  return us
}

/** Adds a stretch to disjoint, ascending ones; those that it touches become one with it. */
function unite(holes: number[], from: number, to: number): void {
  let begin = 0
  while (begin < holes.length && (holes[begin + 1] as number) < from) begin += 2
  let end = begin
  while (end < holes.length && (holes[end] as number) <= to) end += 2
  const isTouching = end > begin
  const joined = isTouching
    ? [Math.min(from, holes[begin] as number), Math.max(to, holes[end - 1] as number)]
    : [from, to]
  holes.splice(begin, end - begin, ...joined)
  if (holes.length > 2 * MINUTE_HOLES_MAX) holes.splice(Math.max(1, begin - 1), 2)
}
