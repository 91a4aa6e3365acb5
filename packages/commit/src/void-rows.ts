import type { EpochRequest, SealEntry, TableName } from '@cryptoflow/model'

/** Rows of an epoch that a table has passed over: they must come again under a later epoch (R16). */
export interface VoidRows {
  readonly table: TableName
  readonly epoch: number
  /** First and last record of the epoch. */
  readonly from: number
  readonly to: number
}

/** A sealed epoch of a writer, and the tables that have passed over it, as the ledger told. */
export interface SentEpoch {
  readonly seal: SealEntry
  readonly voids: readonly TableName[]
}

/** What a request says of rows that it brings again. */
export function replacesOf(voids: readonly VoidRows[]): NonNullable<EpochRequest['replaces']> {
  const byTable = Map.groupBy(voids, ({ table }) => table)
  return Object.fromEntries([...byTable].map(([table, own]) => [table, own.map(({ epoch }) => epoch)]))
}

/** What is void in a table and in no later epoch's files, or in those of a later one that is void itself. */
export function openVoids(lines: readonly SentEpoch[]): readonly VoidRows[] {
  return lines.flatMap(({ seal, voids }) => {
    const { epoch, from, to } = seal
    const isReplaced = (table: TableName): boolean =>
      lines.some(
        (later) =>
          later.seal.request.replaces?.[table]?.includes(epoch) === true && !later.voids.includes(table),
      )
    return voids.filter((table) => !isReplaced(table)).map((table) => ({ table, epoch, from, to }))
  })
}
