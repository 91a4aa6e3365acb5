import {
  createConnectPools,
  createRestPools,
  type Ingest,
  type IngestCounters,
  type Intake,
  startIngest,
} from '@cryptoflow/ingest'
import type { Journal } from '@cryptoflow/journal'
import { type ExchangeMarket, marketText, type TableName } from '@cryptoflow/model'
import type { SnapshotRequest } from '@cryptoflow/normalize'
import type { Board } from './board.ts'
import type { Parts } from './collecting.ts'
import type { LaneProgress } from './lane.ts'

/** A market as it is heard, and the tables that its rows are stored in. */
export interface Hearing {
  readonly market: ExchangeMarket
  readonly symbols: readonly string[]
  readonly streams: readonly string[]
  readonly tables: readonly TableName[]
}

/** The sockets and requests of all markets of a process. */
export interface Ingests {
  /** Asks for a book of whichever market it is. */
  want(request: SnapshotRequest): void
  /** Connections whose end was announced are replaced; those that bring rubbish are given up. */
  heard(progress: LaneProgress): void
  /** Summed over the markets. */
  counters(): Readonly<IngestCounters>
  stop(): Promise<void>
}

/** Starts to hear; markets whose limits the exchange counts together share their budgets. */
export function startIngests(
  { options, journal, board }: Parts,
  hearings: readonly Hearing[],
  fail: (error: unknown) => void,
): Ingests {
  const { clock, chance, notice } = options
  const restPools = createRestPools({ clock })
  const connectPools = createConnectPools({ clock })
  const backoff = options.backoff === undefined ? {} : { backoff: options.backoff }
  const intake = intakeOf(journal, board, fail)
  const started = new Map<string, Ingest>()
  for (const { market, symbols, streams } of hearings) {
    // One clock is enough for a journal.
    const clockRecords = started.size === 0
    const shared = { intake, clock, chance, restPools, connectPools, notice, clockRecords, ...backoff }
    started.set(marketText(market), startIngest({ ...shared, market, symbols, streams }))
  }
  const all = [...started.values()]
  return {
    want: (request) => started.get(marketText(request))?.want(request),
    heard({ closing, unreadable }) {
      for (const ingest of all) {
        for (const connection of closing) ingest.replace(connection)
        for (const { connection, deadLetters, frames } of unreadable) {
          ingest.deadLetters(connection, deadLetters, frames)
        }
      }
    },
    counters: () => all.map(({ counters }) => counters).reduce(added),
    async stop() {
      await Promise.all(all.map((ingest) => ingest.stop()))
    },
  }
}

function added(a: Readonly<IngestCounters>, b: Readonly<IngestCounters>): IngestCounters {
  const names = Object.keys(a) as (keyof IngestCounters)[]
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as IngestCounters
}

/** The journal as ingest sees it. A journal that failed takes nothing more: the collector ends with its failure. */
function intakeOf(journal: Journal, board: Board, fail: (error: unknown) => void): Intake {
  return {
    append(kind, connection, receivedUs, payload) {
      try {
        const number = journal.append(kind, connection, receivedUs, payload)
        board.set('appended', number)
        return number
      } catch (error) {
        fail(error)
        return journal.lastRecord
      }
    },
    get isCongested() {
      return journal.isCongested
    },
  }
}
