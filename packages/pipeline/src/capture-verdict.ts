import type { FrameTally } from './tally.ts'

/** Rows by table, before anything is removed as a duplicate. */
export type RowCounts = Readonly<Record<string, number>>

/** What a line of a capture became. One that several markets read is one line; its rows are those of all of them. */
export type LineVerdict =
  | { readonly kind: 'decoded'; readonly rows: RowCounts }
  | { readonly kind: 'ignored' | 'refused' | 'dead_letter'; readonly reason: string }

/** Counts lines by their verdicts. */
export interface LineTally {
  add(verdict: LineVerdict): void
  read(): FrameTally
}

/** A tally of lines in which nothing is counted yet. */
export function openLineTally(): LineTally {
  const decoded = new Map<string, { messages: number; rows: number }>()
  const reasons = {
    ignored: new Map<string, number>(),
    refused: new Map<string, number>(),
    dead_letter: new Map<string, number>(),
  }
  let decodedMessages = 0
  const addRows = (rows: RowCounts): void => {
    decodedMessages += 1
    for (const [table, more] of Object.entries(rows)) {
      const count = decoded.get(table) ?? { messages: 0, rows: 0 }
      decoded.set(table, { messages: count.messages + 1, rows: count.rows + more })
    }
  }
  return {
    add(verdict) {
      if (verdict.kind === 'decoded') addRows(verdict.rows)
      else addTo(reasons[verdict.kind], verdict.reason, 1)
    },
    read: () => ({
      decodedMessages,
      decoded: Object.fromEntries(decoded),
      ignored: Object.fromEntries(reasons.ignored),
      refused: Object.fromEntries(reasons.refused),
      deadLetters: Object.fromEntries(reasons.dead_letter),
    }),
  }
}

/** One tally of what several count. */
export function sumOfTallies(tallies: readonly FrameTally[]): FrameTally {
  const decoded = new Map<string, { messages: number; rows: number }>()
  for (const tally of tallies) {
    for (const [table, more] of Object.entries(tally.decoded)) {
      const { messages, rows } = decoded.get(table) ?? { messages: 0, rows: 0 }
      decoded.set(table, { messages: messages + more.messages, rows: rows + more.rows })
    }
  }
  return {
    decodedMessages: tallies.reduce((sum, tally) => sum + tally.decodedMessages, 0),
    decoded: Object.fromEntries(decoded),
    ignored: sumOfCounts(tallies.map(({ ignored }) => ignored)),
    refused: sumOfCounts(tallies.map(({ refused }) => refused)),
    deadLetters: sumOfCounts(tallies.map(({ deadLetters }) => deadLetters)),
  }
}

/** Two verdicts' rows as one. */
export function sumOfCounts(counts: readonly RowCounts[]): RowCounts {
  const sums = new Map<string, number>()
  for (const one of counts) for (const [name, more] of Object.entries(one)) addTo(sums, name, more)
  return Object.fromEntries(sums)
}

function addTo(counts: Map<string, number>, name: string, more: number): void {
  counts.set(name, (counts.get(name) ?? 0) + more)
}
