import type { EpochItem, EpochRequest, Ledger, TableName } from '@cryptoflow/model'

/** The ledger port with what committers and undertakers need beside a writer's view of it. */
export interface CommitLedger extends Ledger {
  /** Epochs of a writer, at most `upTo`, that name the table and are not marked done in it; ascending. */
  unmarked(writer: string, table: TableName, upTo: number, limit: number): Promise<readonly number[]>
  /** Whether any epoch has ever been marked done in the table; outlives the items. */
  hasMarks(table: TableName): Promise<boolean>
  /** Puts the fence that ends a writer into a slot: whoever puts a request there later is told `taken`. */
  end(writer: string, epoch: number): Promise<'stored' | 'present' | 'taken'>
  /**
   * Enters a writer as retired with its last epoch, so that tables may drop it from their maps (R18).
   * `open`: no fence follows its items. `undecided`: an epoch lacks a mark, or its item.
   */
  retire(writer: string): Promise<'retired' | 'open' | 'undecided'>
}

/** A slot as both ledgers keep it. */
export type Slot =
  | {
      readonly kind: 'request'
      readonly hash: string
      readonly request: EpochRequest
      readonly done: ReadonlyMap<TableName, string>
    }
  | { readonly kind: 'end' }

export function itemOf(slot: Slot): EpochItem {
  if (slot.kind === 'end') return { kind: 'end' }
  return { ...slot, done: Object.fromEntries(slot.done) }
}

/** Tables that a request names and no mark speaks for. */
export function openTables(slot: Slot): TableName[] {
  if (slot.kind === 'end') return []
  return (Object.keys(slot.request.tables) as TableName[]).filter((table) => !slot.done.has(table))
}
