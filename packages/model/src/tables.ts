import {
  bars,
  bbo,
  funding,
  futuresDelta,
  futuresOb,
  instruments,
  liquidations,
  openInterest,
  spotDelta,
  spotOb,
  ticks,
} from './market-tables.ts'
import type { TableContract } from './table-contract.ts'
import { bookAudit, coverage, deadLetter, gaps, redrives } from './truth-tables.ts'

/**
 * The data contract: names, columns, field ids, layout. Spelled exactly as `docs/tables.md` says.
 *
 * Field ids are given once and never reused. A changed column is an ADR, a schema version and a test
 * that opens old data.
 */

/** Every table by its name, in the order that reports list them. */
export const tables = {
  ticks,
  spot_delta: spotDelta,
  spot_ob: spotOb,
  futures_delta: futuresDelta,
  futures_ob: futuresOb,
  bbo,
  liquidations,
  funding,
  open_interest: openInterest,
  bars,
  instruments,
  gaps,
  coverage,
  dead_letter: deadLetter,
  redrives,
  book_audit: bookAudit,
} as const satisfies Record<string, TableContract>

export type TableName = keyof typeof tables
