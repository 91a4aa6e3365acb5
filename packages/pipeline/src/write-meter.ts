import type { CommitLedger } from '@cryptoflow/commit'
import type { Catalog } from '@cryptoflow/iceberg'
import { type Clock, CryptoFlowError } from '@cryptoflow/runtime'
import type { RoundMeasures } from './measure.ts'

type Writes = Pick<RoundMeasures, 'commits' | 'writes'>

/** Times what is written to ledger and catalog. */
export interface WriteMeter {
  /** The same ledger; its puts and marks are timed. */
  ledger(ledger: CommitLedger): CommitLedger
  /** The same catalog; its commits are timed. */
  catalog(catalog: Catalog): Catalog
  /** What was written since the last call; of more than a thousand writes the last. */
  take(): Writes
}

const WRITES_MAX = 1000

export function openWriteMeter(clock: Clock): WriteMeter {
  let writes: Writes['writes'][number][] = []
  let commits: Writes['commits'][number][] = []
  const timed = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const beganUs = clock.nowUs()
    let error: string | null = null
    try {
      return await work()
    } catch (cause) {
      error = cause instanceof CryptoFlowError ? cause.kind : 'bug'
      throw cause
    } finally {
      writes.push({ operation, seconds: (clock.nowUs() - beganUs) / 1e6, error })
      if (writes.length > WRITES_MAX) writes.shift()
    }
  }
  return {
    ledger: (ledger) => ({
      ...ledger,
      put: (request, hash) => timed('put', () => ledger.put(request, hash)),
      mark: (writer, epoch, table, snapshot) =>
        timed('mark', () => ledger.mark(writer, epoch, table, snapshot)),
    }),
    catalog: (catalog) => ({
      load: (name) => catalog.load(name),
      create: (name, definition) => catalog.create(name, definition),
      async commit(base, requirements, updates) {
        const beganUs = clock.nowUs()
        const ended = (outcome: string): void => {
          commits.push({ table: base.name.name, outcome, seconds: (clock.nowUs() - beganUs) / 1e6 })
          if (commits.length > WRITES_MAX) commits.shift()
        }
        try {
          const outcome = await timed('commit', () => catalog.commit(base, requirements, updates))
          ended(outcome.outcome === 'applied' ? 'committed' : outcome.outcome)
          return outcome
        } catch (error) {
          ended('failed')
          throw error
        }
      },
    }),
    take() {
      const taken = { writes, commits }
      writes = []
      commits = []
      return taken
    },
  }
}
