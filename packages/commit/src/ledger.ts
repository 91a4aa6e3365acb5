import type { EpochItem, EpochRequest, Ledger, TableName } from '@cryptoflow/model'

/** The ledger port with what committers and undertakers need beside a writer's view of it. */
export interface CommitLedger extends Ledger {
  /** Items from an epoch on up to the first end, at most `limit`, ascending; empty slots are left out. */
  following(writer: string, from: number, limit: number): Promise<readonly EpochItem[]>
  /** Epochs of a writer, at most `upTo`, that name the table and are not marked done in it; ascending. */
  unmarked(writer: string, table: TableName, upTo: number, limit: number): Promise<readonly number[]>
  /** Notes that a table has passed over an epoch without its rows; from then on nobody appends its files there (R16). */
  markVoid(writer: string, epoch: number, table: TableName): Promise<void>
  /** Whether any epoch has ever been marked done in the table; outlives the items. */
  hasMarks(table: TableName): Promise<boolean>
  /**
   * Puts the fence that ends a writer into a slot: whoever puts a request there or behind it later is told `taken`. So is
   * this call where the slot is filled, or one behind it is: a slot whose item was lost is not the writer's next.
   */
  end(writer: string, epoch: number): Promise<'stored' | 'present' | 'taken'>
  /**
   * Enters a writer as retired with its last epoch, so that tables may drop it from their maps (R18).
   * `open`: no fence follows its items. `undecided`: an epoch lacks a mark, or its item.
   */
  retire(writer: string): Promise<'retired' | 'open' | 'undecided'>
  /** Writers with requests that a table lacks, oldest request first. */
  backlogs(): Promise<readonly WriterBacklog[]>
  /** Notes that a committer is at work; a hint for people, no rule depends on it (R13). */
  attend(committer: CommitterEntry): Promise<void>
  /** The same committer will not come again. */
  leave(id: string): Promise<void>
  /** Committers that have not left, those that died without a word included. */
  committers(): Promise<readonly CommitterEntry[]>
}

/** What waits of one writer. */
export interface WriterBacklog {
  readonly writer: string
  /** Label of the writer. */
  readonly name: string
  readonly epochs: number
  /** The oldest of them, when it was sealed, and the tables that lack it. */
  readonly oldest: number
  readonly sealedAtMs: number
  readonly tables: readonly TableName[]
  /** The item before the oldest is missing: nobody goes on before the writer has put it again (R4, R20). */
  readonly isHole: boolean
}

/** Somebody who commits, as it last told. */
export interface CommitterEntry {
  readonly id: string
  /** Label for people. */
  readonly name: string
  readonly seenMs: number
  /** Milliseconds between two of its rounds. */
  readonly everyMs: number
}

/** A slot as both ledgers keep it. */
export type Slot =
  | {
      readonly kind: 'request'
      readonly hash: string
      readonly request: EpochRequest
      readonly done: ReadonlyMap<TableName, string>
      readonly voids: ReadonlySet<TableName>
    }
  | { readonly kind: 'end' }

export function itemOf(slot: Slot): EpochItem {
  if (slot.kind === 'end') return { kind: 'end' }
  return { ...slot, done: Object.fromEntries(slot.done), voids: [...slot.voids] }
}

/** Tables that a request names and no mark speaks for. */
export function openTables(slot: Slot): TableName[] {
  if (slot.kind === 'end') return []
  return (Object.keys(slot.request.tables) as TableName[]).filter((table) => !slot.done.has(table))
}
