import type { DecodeOutcome, EventBatch, ExchangeMarket } from '@cryptoflow/model'
import { type LineVerdict, type RowCounts, sumOfCounts } from './capture-verdict.ts'
import { rowsOf, tableNamed } from './tally.ts'

/** A market that a line gives events to, and the rows in them. */
export interface Taker {
  readonly market: ExchangeMarket
  readonly rows: RowCounts
}

/** What the markets that were asked say of one line, taken together. */
export interface Opinions {
  /** One market's outcome; its events are all those of the batch, whose symbols may still be untold. */
  add(market: ExchangeMarket, outcome: DecodeOutcome, batch: EventBatch, areTold?: boolean): void
  /** Whether all that were asked leave it to other markets; true also while nobody was asked. */
  areOthers(): boolean
  /** Null when no market was asked. */
  conclusion(): Conclusion | null
}

export interface Conclusion {
  readonly verdict: LineVerdict
  readonly takers: readonly Taker[]
  /** Where nobody takes it: the market that knows what it is, or came nearest; null where all say it is none of ours. */
  readonly knower: ExchangeMarket | null
}

/** Opinions of which none is heard yet. */
export function openOpinions(): Opinions {
  const takers: Taker[] = []
  const symbols = new Set<string>()
  let isDouble = false
  let best: { readonly market: ExchangeMarket; readonly outcome: DecodeOutcome } | null = null
  return {
    add(market, outcome, batch, areTold = true) {
      if (outcome.kind === 'events') {
        takers.push({ market, rows: rowsByTable(market, batch) })
        const own = areTold ? symbolsIn(batch) : new Set<string>()
        isDouble ||= [...own].some((symbol) => symbols.has(symbol))
        for (const symbol of own) symbols.add(symbol)
      } else if (best === null || rankOf(outcome) > rankOf(best.outcome)) best = { market, outcome }
    },
    areOthers: () => takers.length === 0 && (best === null || isOthers(best.outcome)),
    conclusion() {
      if (isDouble) return { verdict: AMBIGUOUS, takers: [], knower: null }
      if (takers.length > 0) return { verdict: takenVerdict(takers), takers, knower: null }
      if (best === null) return null
      const isOurs = best.outcome.kind !== 'outside'
      return { verdict: verdictOf(best.outcome), takers, knower: isOurs ? best.market : null }
    },
  }
}

/** Two markets take the same symbol, so nobody can say whose it is; to store it twice would be worse than not at all. */
export const AMBIGUOUS: LineVerdict = { kind: 'refused', reason: 'ambiguous_market' }

/** Whether an outcome leaves the line to other markets of the exchange. */
export function isOthers(outcome: DecodeOutcome | LineVerdict): boolean {
  const isRefusal = outcome.kind === 'outside' || outcome.kind === 'refused'
  return isRefusal && 'reason' in outcome && outcome.reason === 'other_market'
}

/** Who knows more about a line is asked for its verdict; of two that know as much, the one asked first. */
function rankOf(outcome: DecodeOutcome): number {
  if (isOthers(outcome)) return 0
  if (outcome.kind === 'unknown') return 1
  return outcome.kind === 'malformed' ? 2 : 3
}

function takenVerdict(takers: readonly Taker[]): LineVerdict {
  const rows = sumOfCounts(takers.map((taker) => taker.rows))
  return Object.keys(rows).length > 0 ? { kind: 'decoded', rows } : { kind: 'ignored', reason: 'not_stored' }
}

function verdictOf(outcome: DecodeOutcome): LineVerdict {
  switch (outcome.kind) {
    case 'outside':
      return { kind: 'refused', reason: outcome.reason }
    case 'unknown':
    case 'malformed':
      return { kind: 'dead_letter', reason: outcome.reason }
    case 'ignored':
      return { kind: 'ignored', reason: outcome.reason }
    default:
      return { kind: 'ignored', reason: outcome.kind }
  }
}

function rowsByTable(market: ExchangeMarket, batch: EventBatch): RowCounts {
  const rows = new Map<string, number>()
  for (let event = 0; event < batch.count; event++) {
    const table = tableNamed(market, batch.names.text(batch.stream[event] as number))
    if (table !== null) rows.set(table, (rows.get(table) ?? 0) + rowsOf(batch, event))
  }
  return Object.fromEntries(rows)
}

function symbolsIn(batch: EventBatch): Set<string> {
  const symbols = new Set<string>()
  for (let event = 0; event < batch.count; event++) {
    symbols.add(batch.names.text(batch.symbol[event] as number))
  }
  return symbols
}
