import { existsSync } from 'node:fs'
import {
  createCommitter,
  createSqliteLedger,
  haltOf,
  type RepairMode,
  type RepairOptions,
  type RepairOutcome,
  repairTable,
} from '@cryptoflow/commit'
import { prepareAppend } from '@cryptoflow/iceberg'
import { type TableName, tables } from '@cryptoflow/model'
import { type Clock, CryptoFlowError, randomSeed, seededChance, uuid } from '@cryptoflow/runtime'
import { filePath } from '@cryptoflow/stores'
import { tableDefinitions } from './publisher.ts'
import { assertWarehouse, NAMESPACE, openCatalog, type Warehouse } from './warehouse.ts'

/** A table that no committer goes on with, and why. */
export interface HaltedTable {
  readonly table: TableName
  readonly why: string
}

/** The tables of a warehouse that need a person. Changes nothing; throws `usage` where there is no warehouse. */
export async function haltedTables(warehouse: Warehouse, clock: Clock): Promise<readonly HaltedTable[]> {
  assertWarehouse(warehouse)
  // Without a ledger nobody has committed anything here.
  if (!existsSync(warehouse.ledgerFile)) return []
  return withParts(warehouse, clock, async (partsOf) => {
    const halted: HaltedTable[] = []
    for (const table of Object.keys(tables) as TableName[]) {
      const why = await haltOf(partsOf(table))
      if (why !== null) halted.push({ table, why })
    }
    return halted
  })
}

/** Rounds that commit what waits: each takes a batch. */
const ROUNDS_MAX = 1_000

/**
 * Takes a halted table up again, and commits what waits for it in the ledger. Throws when a table that was repaired
 * does not go on. Throws `usage` where there is no warehouse.
 */
export async function repairWarehouse(
  warehouse: Warehouse,
  table: TableName,
  mode: RepairMode,
  clock: Clock,
): Promise<RepairOutcome> {
  assertWarehouse(warehouse)
  return withParts(warehouse, clock, async (partsOf) => {
    const parts = partsOf(table)
    const outcome = await repairTable(parts, mode)
    if (outcome.kind === 'repaired' && outcome.waiting > 0) await commitAll(parts)
    return outcome
  })
}

async function commitAll(parts: RepairOptions): Promise<void> {
  const committer = createCommitter({
    ...parts,
    tables: { [parts.table]: parts.definition },
    // A person wants them in, and they have waited for that.
    voidAfterMs: Number.POSITIVE_INFINITY,
  })
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const outcome = (await committer.runRound()).get(parts.table)
    if (outcome?.kind === 'idle' || (outcome?.kind === 'committed' && !outcome.more)) return
    if (outcome?.kind === 'halted' || outcome?.kind === 'failed') {
      throw new CryptoFlowError(`repairing ${parts.table}: the map is set, committing says: ${outcome.why}`, {
        kind: 'catalog',
        reaction: 'stop',
      })
    }
  }
}

async function withParts<T>(
  warehouse: Warehouse,
  clock: Clock,
  work: (partsOf: (table: TableName) => RepairOptions) => Promise<T>,
): Promise<T> {
  const { catalog, io, nowMs } = openCatalog(warehouse, clock)
  try {
    const ledger = createSqliteLedger({ path: warehouse.ledgerFile })
    try {
      const definitions = tableDefinitions()
      return await work((table) => ({
        catalog,
        ledger,
        append: (base, files, options) => prepareAppend({ io, nowMs, uuid }, base, files, options),
        exists: async (location) => existsSync(filePath(location)),
        definition: definitions[table],
        namespace: NAMESPACE,
        table,
        clock,
        chance: seededChance(randomSeed()),
      }))
    } finally {
      ledger.close()
    }
  } finally {
    catalog.close()
  }
}
