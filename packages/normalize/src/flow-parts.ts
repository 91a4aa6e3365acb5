import {
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type JournalRecord,
  RecordKind,
  type StringTable,
  type TableName,
} from '@cryptoflow/model'
import { bookLabel } from './book-transitions.ts'
import type { Connection } from './connection.ts'
import { revealGap, type SequencedMessage } from './gap-rows.ts'
import type { ImageGrid } from './image-grid.ts'
import type { KeyIndex, KeyState } from './key-state.ts'
import type { MessageCounts } from './minutes.ts'
import { isRemoved } from './operators/row-filter.ts'
import type { RowSink } from './row-sink.ts'
import type { BookLabel } from './row-types.ts'
import type { Standing, StreamState } from './stream.ts'
import { dueOf } from './waiting-hole.ts'

/** What the ways of events to rows share with each other and with the normalizer that they belong to. */
export interface FlowParts {
  /** Journal id. */
  readonly writer: string
  readonly names: StringTable
  readonly imports: boolean
  readonly sink: RowSink
  readonly index: KeyIndex
  readonly grid: ImageGrid
  /** Open connections by the numbers of the records that opened them. */
  readonly connections: ReadonlyMap<number, Connection>
  readonly letters: LetterWatch
  readonly legs: LegWatch
  owns(market: ExchangeMarket, symbol: string): boolean
}

/** The last frame of any connection that could not be read, 0 = none: nearly every message needs to look no further. */
export interface LetterWatch {
  last: number
}

/** When holes that wait are looked at next, microseconds: not after the first of them is due. */
export interface LegWatch {
  dueUs: number
}

/** An event of a record; `index` is its position among the record's events. */
export interface RecordedEvent {
  readonly record: JournalRecord
  readonly batch: EventBatch
  readonly event: number
  readonly index: number
}

/** Writes the hole that an event reveals before it, and remembers it. True: it waits, and is not written yet. */
export function reveal(
  { sink, writer, connections, legs }: FlowParts,
  state: KeyState,
  stream: StreamState,
  stands: Standing,
  { record, batch, event, index }: RecordedEvent,
): boolean {
  const ofConnection = connections.get(record.connection)?.deadLetter ?? 0
  const message: SequencedMessage = {
    record,
    index,
    firstSeq: batch.firstSeq[event] as number,
    lastSeq: batch.lastSeq[event] as number,
    prevSeq: batch.prevSeq[event] as number,
    isSnapshot: batch.kind[event] === EventKind.bookSnapshot,
    deadLetter: Math.max(ofConnection, stream.deadLetter),
  }
  const waiting = revealGap(sink, writer, state, stream, stands, message)
  if (waiting !== null) legs.dueUs = Math.min(legs.dueUs, dueOf(waiting))
  return waiting !== null
}

/**
 * What our book was: of an update the book of its stream, of an image the key's. `isInLine`: the book waits for what is
 * missing before the update.
 */
export function labelOf(
  state: KeyState,
  { name }: StreamState,
  kind: number,
  stands: Standing,
  isInLine = false,
): BookLabel {
  if (stands === 'late') return 'stale'
  if (isInLine) return 'resync'
  const { keeper } = state
  if (keeper === null) return 'waiting'
  return keeper.stream === name || kind === EventKind.bookImage ? bookLabel(keeper.state) : 'waiting'
}

/** What became of a message that could be read. */
export type Outcome = 'stored' | 'filtered' | 'duplicate'

/** Counts what became of a message. */
export function countOutcome(counts: MessageCounts, outcome: Outcome): void {
  if (outcome === 'stored') counts.stored += 1
  else if (outcome === 'filtered') counts.filtered += 1
  else counts.duplicates += 1
}

/** Whether a filter keeps an event from its table. */
export function isFiltered(
  { operators }: KeyState,
  table: TableName,
  batch: EventBatch,
  event: number,
): boolean {
  if (operators.filters === null) return false
  const filter = operators.filters.get(table)
  return filter !== undefined && isRemoved(filter, batch, event)
}

export function sourceOf(record: JournalRecord): 'ws' | 'rest' {
  return record.kind === RecordKind.answer ? 'rest' : 'ws'
}
