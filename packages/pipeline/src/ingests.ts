import {
  createConnectPools,
  createRestPools,
  type Ingest,
  type IngestCounters,
  type IngestOptions,
  type Intake,
  startIngest,
} from '@cryptoflow/ingest'
import { type Journal, REFUSED } from '@cryptoflow/journal'
import { type ExchangeMarket, encodeNote, marketText, RecordKind, type TableName } from '@cryptoflow/model'
import type { SnapshotRequest } from '@cryptoflow/normalize'
import type { Board } from './board.ts'
import type { Parts } from './collecting.ts'
import type { LaneProgress } from './lane.ts'

/** A market as it is heard, and the tables that its rows are stored in. */
export interface Hearing {
  readonly market: ExchangeMarket
  readonly tables: readonly TableName[]
  /** What ingest is told of it. */
  readonly options: Pick<IngestOptions, 'symbols' | 'streams' | 'pollEveryMs' | 'expectWithinMs'>
}

/** The sockets and requests of all markets of a process. */
export interface Ingests {
  /** Asks for a book of whichever market it is. */
  want(request: SnapshotRequest): void
  /** Connections whose end was announced are replaced; those that bring rubbish are given up. */
  heard(progress: LaneProgress): void
  /** Summed over the markets, and over all times of hearing. */
  counters(): Readonly<IngestCounters>
  /** Closes every connection until `resume`. */
  pause(): Promise<void>
  /** Hears again. Connections that the journal could not be told the end of are ended in it first, with this reason. */
  resume(reason: string): void
  stop(): Promise<void>
}

/** Starts to hear; markets whose limits the exchange counts together share their budgets. */
export function startIngests(
  { options, journal, board }: Parts,
  hearings: readonly Hearing[],
  fail: (error: unknown) => void,
): Ingests {
  const { clock, chance, notice, backoff, ingestLimits } = options
  const restPools = createRestPools({ clock })
  const connectPools = createConnectPools({ clock })
  const open = new Set<number>()
  const intake = intakeOf(journal, board, open, fail)
  let started = new Map<string, Ingest>()
  let before: Readonly<IngestCounters> | null = null
  let isStopped = false

  const start = (): void => {
    for (const { market, options: own } of hearings) {
      // One clock is enough for a journal.
      const clockRecords = started.size === 0
      const shared = { intake, clock, chance, restPools, connectPools, notice, clockRecords }
      const bounds = {
        ...(backoff === undefined ? {} : { backoff }),
        ...(ingestLimits === undefined ? {} : { limits: ingestLimits }),
      }
      started.set(marketText(market), startIngest({ ...shared, ...bounds, ...own, market }))
    }
  }
  const counters = (): Readonly<IngestCounters> => {
    const all = [...started.values()].map((ingest) => ingest.counters)
    return (before === null ? all : [before, ...all]).reduce(added)
  }
  const end = async (): Promise<void> => {
    await Promise.all([...started.values()].map((ingest) => ingest.stop()))
  }
  start()
  return {
    want: (request) => started.get(marketText(request))?.want(request),
    heard({ closing, unreadable }) {
      for (const ingest of started.values()) {
        for (const connection of closing) ingest.replace(connection)
        for (const { connection, deadLetters, frames } of unreadable) {
          ingest.deadLetters(connection, deadLetters, frames)
        }
      }
    },
    counters,
    pause: end,
    resume(reason) {
      if (isStopped) return
      for (const connection of open) {
        intake.append(RecordKind.disconnect, connection, clock.nowUs(), encodeNote({ code: 1006, reason }))
      }
      before = counters()
      started = new Map()
      start()
    },
    async stop() {
      isStopped = true
      await end()
    },
  }
}

function added(a: Readonly<IngestCounters>, b: Readonly<IngestCounters>): IngestCounters {
  const names = Object.keys(a) as (keyof IngestCounters)[]
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as IngestCounters
}

/**
 * The journal as ingest sees it, with the connections that are open in it. A journal that failed takes nothing more:
 * the collector ends with its failure. One that is full refuses.
 */
function intakeOf(journal: Journal, board: Board, open: Set<number>, fail: (error: unknown) => void): Intake {
  return {
    append(kind, connection, receivedUs, payload) {
      try {
        const number = journal.append(kind, connection, receivedUs, payload)
        if (number === REFUSED) return number
        if (kind === RecordKind.connect) open.add(number)
        else if (kind === RecordKind.disconnect) open.delete(connection)
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
