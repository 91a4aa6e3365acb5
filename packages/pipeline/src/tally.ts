import type { DecodeOutcome, EventBatch, ExchangeMarket } from '@cryptoflow/model'

/** Frames by what they became, for reports on a replay. */
export interface FrameTally {
  readonly decodedMessages: number
  /** Messages and the rows in them by table, before anything is removed as a duplicate. */
  readonly decoded: Record<string, { messages: number; rows: number }>
  readonly ignored: Record<string, number>
  readonly deadLetters: Record<string, number>
}

export interface Tally {
  count(market: ExchangeMarket, outcome: DecodeOutcome, batch: EventBatch): void
  read(): FrameTally
}

export function openTally(): Tally {
  const tables = new Map<string, { messages: number; rows: number }>()
  const ignored = new Map<string, number>()
  const deadLetters = new Map<string, number>()
  let decodedMessages = 0
  const more = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const stored = (table: string, rows: number): void => {
    const count = tables.get(table) ?? { messages: 0, rows: 0 }
    tables.set(table, { messages: count.messages + 1, rows: count.rows + rows })
  }
  return {
    count(market, outcome, batch) {
      if (outcome.kind === 'unknown' || outcome.kind === 'malformed') more(deadLetters, outcome.reason)
      else if (outcome.kind === 'ignored') more(ignored, outcome.reason)
      else if (outcome.kind !== 'events') more(ignored, outcome.kind)
      else {
        const name = batch.names.text(batch.stream[0] as number)
        const table = market.streams.find((stream) => stream.name === name)?.table ?? null
        if (table === null) more(ignored, 'not_stored')
        else {
          decodedMessages += 1
          stored(table, batch.entryCount)
        }
      }
    },
    read: () => ({
      decodedMessages,
      decoded: Object.fromEntries(tables),
      ignored: Object.fromEntries(ignored),
      deadLetters: Object.fromEntries(deadLetters),
    }),
  }
}
