import { IcebergError, type LoadedTable } from '@cryptoflow/iceberg'
import { type Chance, CryptoFlowError } from '@cryptoflow/runtime'

/** 63 random bits, positive, and not in the table already. */
export function drawSnapshotId(base: LoadedTable, chance: Chance): bigint {
  const used = new Set(base.metadata.snapshots.map((snapshot) => snapshot.snapshotId))
  for (;;) {
    const id = (BigInt(chance.below(2 ** 31)) << 32n) | BigInt(chance.below(2 ** 32))
    if (id > 0n && !used.has(id)) return id
  }
}

/** Whether an error may be gone next time; null for what is not an answer of the other side but a bug. */
export function isPassing(error: unknown): boolean | null {
  if (error instanceof CryptoFlowError) return error.reaction === 'retry' || error.reaction === 'resync'
  if (error instanceof IcebergError) return error.code === 'unavailable'
  // What the operating system or SQLite says; a catalog's or store's own words came above.
  const isSystemError = error instanceof Error && ('syscall' in error || 'errcode' in error)
  return isSystemError ? true : null
}
