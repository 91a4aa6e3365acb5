import { type DecodeOutcome, type EventBatch, EventKind, type ExchangeMarket } from '@cryptoflow/model'

/** Messages by what they became, for reports on a replay. */
export interface FrameTally {
  readonly decodedMessages: number
  /** Messages and the rows in them by table, before anything is removed as a duplicate. */
  readonly decoded: Readonly<Record<string, { readonly messages: number; readonly rows: number }>>
  readonly ignored: Readonly<Record<string, number>>
  /** Messages that are none of ours, by reason. */
  readonly refused: Readonly<Record<string, number>>
  readonly deadLetters: Readonly<Record<string, number>>
}

export interface Tally {
  /** Events `from ...` of the batch are the message's. */
  count(market: ExchangeMarket, outcome: DecodeOutcome, batch: EventBatch, from: number): void
  read(): FrameTally
}

interface TableCount {
  messages: number
  rows: number
  /** Message that was counted last: one that feeds a table twice counts once. */
  last: number
}

export function openTally(): Tally {
  const tables = new Map<string, TableCount>()
  const tableOf = new Map<ExchangeMarket, Map<number, TableCount | null>>()
  const ignored = new Map<string, number>()
  const refused = new Map<string, number>()
  const deadLetters = new Map<string, number>()
  let messages = 0
  let decodedMessages = 0
  const find = (market: ExchangeMarket, batch: EventBatch, stream: number): TableCount | null => {
    const table = tableNamed(market, batch.names.text(stream))
    if (table === null) return null
    const count = tables.get(table) ?? { messages: 0, rows: 0, last: 0 }
    tables.set(table, count)
    return count
  }
  const countEvents = (market: ExchangeMarket, batch: EventBatch, from: number): void => {
    const known = tableOf.get(market) ?? new Map<number, TableCount | null>()
    tableOf.set(market, known)
    let isStored = false
    for (let event = from; event < batch.count; event++) {
      const stream = batch.stream[event] as number
      let count = known.get(stream)
      if (count === undefined) {
        count = find(market, batch, stream)
        known.set(stream, count)
      }
      if (count === null) continue
      isStored = true
      count.rows += rowsOf(batch, event)
      if (count.last !== messages) count.messages += 1
      count.last = messages
    }
    if (isStored) decodedMessages += 1
    else addOne(ignored, 'not_stored')
  }
  return {
    count(market, outcome, batch, from) {
      messages += 1
      if (outcome.kind === 'unknown' || outcome.kind === 'malformed') addOne(deadLetters, outcome.reason)
      else if (outcome.kind === 'outside') addOne(refused, outcome.reason)
      else if (outcome.kind === 'ignored') addOne(ignored, outcome.reason)
      else if (outcome.kind !== 'events') addOne(ignored, outcome.kind)
      else countEvents(market, batch, from)
    },
    read: () => ({
      decodedMessages,
      decoded: Object.fromEntries(
        [...tables]
          .filter(([, count]) => count.messages > 0)
          .map(([table, count]) => [table, { messages: count.messages, rows: count.rows }]),
      ),
      ignored: Object.fromEntries(ignored),
      refused: Object.fromEntries(refused),
      deadLetters: Object.fromEntries(deadLetters),
    }),
  }
}

/** The table that a market's stream of this name fills; null for a stream that the market does not have. */
export function tableNamed(market: ExchangeMarket, stream: string): string | null {
  return market.streams.find(({ name }) => name === stream)?.table ?? null
}

/** Rows that an event is in its table: a row per level of a book, one of anything else. */
export function rowsOf(batch: EventBatch, event: number): number {
  switch (batch.kind[event]) {
    case EventKind.bookDelta:
    case EventKind.bookSnapshot:
    case EventKind.bookImage:
      return (batch.entryStart[event + 1] as number) - (batch.entryStart[event] as number)
    default:
      return 1
  }
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
