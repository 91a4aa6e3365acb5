import { type EpochRequest, type SealEntry, type TableName, tables } from '@cryptoflow/model'

/**
 * What becomes of items that the ledger has lost (I3, R4; ADR 0030).
 *
 * A writer puts a lost item again until every table that the item names has it. After that nobody would, and a table
 * that the item does not name, and that had not passed it, would wait at the empty slot for ever. So a request says of
 * each table which epoch before it named the table last:
 *
 *     slot      4          5          6          7
 *     item      ticks      (lost)     (lost)     gaps, last named: ticks 5, gaps 2
 *
 * A map of `gaps` at 4 goes on with 7: none of the lost epochs can have had a row of it. A map of `ticks` at 4 waits.
 */

/** Whether a table whose map stands at `decided` has nothing to expect from the epochs before this request. */
export function joins(table: TableName, decided: number, { epoch, lastNamed }: EpochRequest): boolean {
  if (epoch === decided + 1) return true
  return epoch > decided && lastNamed !== undefined && (lastNamed[table] ?? 0) <= decided
}

/** What the request after this seal says of the epochs before it; of requests that say nothing, the most careful. */
export function lastNamedAfter(before: SealEntry | null): NonNullable<EpochRequest['lastNamed']> {
  if (before === null) return {}
  const { epoch, request } = before
  const named = request.lastNamed === undefined ? Object.keys(tables) : Object.keys(request.tables)
  return { ...request.lastNamed, ...Object.fromEntries(named.map((table) => [table, epoch])) }
}
