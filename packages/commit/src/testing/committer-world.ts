import type { TableMetadata } from '@cryptoflow/iceberg'
import { type TableName, tables } from '@cryptoflow/model'
import { seededChance } from '@cryptoflow/runtime'
import { type Committer, type CommitterOptions, createCommitter, type RoundReport } from '../committer.ts'
import { tableDefinition } from '../definition.ts'
import { readMap } from '../map.ts'
import { memoryCatalog } from '../memory-catalog.ts'
import { memoryLedger } from '../memory-ledger.ts'
import { requestOf, restingClock } from './requests.ts'

const namespace = 'market'
export const ticks = { namespace, name: 'ticks' }

/** Catalog and ledger in memory, and committers over them. */
export function world(options: Partial<CommitterOptions> = {}) {
  const catalog = memoryCatalog()
  const ledger = memoryLedger()
  let seed = 0
  const committer = (more: Partial<CommitterOptions> = {}): Committer =>
    createCommitter({
      catalog,
      ledger,
      append: catalog.append,
      exists: async () => true,
      tables: { ticks: tableDefinition(tables.ticks) },
      namespace,
      clock: restingClock,
      chance: seededChance(++seed),
      ...options,
      ...more,
    })
  const put = async (writer: string, epoch: number, ...named: TableName[]): Promise<void> => {
    await ledger.register(writer, writer)
    await ledger.put(requestOf(writer, epoch, ...named), `${writer}-${epoch}`)
  }
  const locations = (): string[] => (catalog.look(ticks)?.files ?? []).map(({ location }) => location).sort()
  const metadata = (): TableMetadata => catalog.look(ticks)!.metadata
  const decided = (): Map<string, number> => {
    const reading = readMap(metadata(), true)
    return reading.kind === 'map' ? new Map(reading.map.decided) : new Map()
  }
  return { catalog, ledger, committer, put, locations, metadata, decided }
}

type Outcome = RoundReport extends ReadonlyMap<TableName, infer O> ? O : never

/** What a round came to for one table. */
export async function round(committer: Committer, table: TableName = 'ticks'): Promise<Outcome> {
  return (await committer.runRound()).get(table) as Outcome
}

/** The file that `put` offers. */
export function file(writer: string, epoch: number): string {
  return `file:///${writer}-${epoch}-ticks.parquet`
}
