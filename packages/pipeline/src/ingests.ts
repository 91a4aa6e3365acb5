import { directDialer } from '@cryptoflow/egress'
import {
  createConnectPools,
  createRestPools,
  type Ingest,
  type IngestCounters,
  type IngestOptions,
  type Intake,
  planConnections,
  startIngest,
} from '@cryptoflow/ingest'
import { type Journal, REFUSED } from '@cryptoflow/journal'
import {
  type DisconnectNote,
  decodeNote,
  type ExchangeMarket,
  encodeNote,
  type InterruptionCause,
  type Market,
  marketText,
  RecordKind,
  type TableName,
} from '@cryptoflow/model'
import type { SnapshotRequest } from '@cryptoflow/normalize'
import type { BreakerChange, BreakerState } from '@cryptoflow/runtime'
import type { Board } from './board.ts'
import type { Parts } from './collecting.ts'
import type { LaneProgress } from './lane.ts'

/** A market as it is heard, and the tables that its rows are stored in. */
export interface Hearing {
  readonly market: ExchangeMarket
  readonly tables: readonly TableName[]
  /** What ingest is told of it. */
  readonly options: Pick<
    IngestOptions,
    'symbols' | 'streams' | 'pollEveryMs' | 'expectWithinMs' | 'spreadMaxPercent'
  >
}

/** How one market is heard. */
export interface MarketProgress {
  readonly exchange: string
  readonly market: Market
  readonly counters: Readonly<IngestCounters>
  /** Connections that are open, and those that the plan has. */
  readonly connections: { readonly up: number; readonly total: number }
}

/** Whether a dependency is left alone after failures. */
export interface BreakerProgress {
  readonly dependency: string
  readonly state: BreakerState
}

/** The sockets and requests of all markets of a process. */
export interface Ingests {
  /** Asks for a book of whichever market it is, as its exchange gives it. */
  want(request: SnapshotRequest): void
  /** Connections whose end was announced or that lost frames are replaced; those that bring rubbish are given up. */
  heard(progress: LaneProgress): void
  /** Summed over the markets, and over all times of hearing. */
  counters(): Readonly<IngestCounters>
  markets(): readonly MarketProgress[]
  /** Of every host that is connected to or asked. */
  breakers(): readonly BreakerProgress[]
  /** Closes every connection until `resume`; what is missed meanwhile has this cause. */
  pause(cause: InterruptionCause): Promise<void>
  /** Hears again. Connections whose end the journal did not take are ended in it first. */
  resume(): void
  stop(): Promise<void>
}

/** Starts to hear; markets whose limits the exchange counts together share their budgets. */
export function startIngests(
  { options, journal, board, lane }: Parts,
  hearings: readonly Hearing[],
  fail: (error: unknown) => void,
): Ingests {
  const { clock, chance, notice, backoff, ingestLimits, auditEveryMs = null } = options
  const dialer = directDialer(options.localAddress)
  const onBreaker = (change: BreakerChange): void => notice({ kind: 'breaker', ...change })
  const restPools = createRestPools({ clock, dialer, backoff, onBreaker })
  const connectPools = createConnectPools({ clock, backoff, onBreaker })
  const open = new Set<number>()
  let cause: InterruptionCause | null = null
  const intake = intakeOf(journal, board, open, () => cause, fail)
  let started = new Map<string, Ingest>()
  const before = new Map<string, Readonly<IngestCounters>>()
  let isStopped = false

  const start = (): void => {
    for (const { market, options: own } of hearings) {
      // One clock is enough for a journal.
      const clockRecords = started.size === 0
      const doors = { intake, dialer, clock, chance, restPools, connectPools, notice }
      const shared = { ...doors, clockRecords, auditEveryMs }
      const bounds = {
        ...(backoff === undefined ? {} : { backoff }),
        ...(ingestLimits === undefined ? {} : { limits: ingestLimits }),
      }
      started.set(marketText(market), startIngest({ ...shared, ...bounds, ...own, market }))
    }
  }
  const markets = (): MarketProgress[] =>
    hearings.map(({ market, options: own }) => {
      const now = started.get(marketText(market))?.counters
      const all = [before.get(marketText(market)), now].filter((some) => some !== undefined)
      const counters = all.reduce(added, noCounts)
      const total = planConnections(market, own.symbols, own.streams).length
      const up = Math.max(0, counters.connects - counters.disconnects)
      return { exchange: market.exchange, market: market.market, counters, connections: { up, total } }
    })
  const end = async (): Promise<void> => {
    await Promise.all([...started.values()].map((ingest) => ingest.stop()))
  }
  const want = (request: SnapshotRequest): void => started.get(marketText(request))?.want(request)
  start()
  return {
    want,
    heard({ closing, broken, unreadable }) {
      for (const ingest of started.values()) {
        for (const connection of closing) ingest.replace(connection)
        for (const connection of broken) ingest.replace(connection, 'sequence')
        for (const { connection, deadLetters, frames } of unreadable) {
          ingest.deadLetters(connection, deadLetters, frames)
        }
      }
    },
    counters: () =>
      markets()
        .map(({ counters }) => counters)
        .reduce(added, noCounts),
    markets,
    breakers: () => [...connectPools.breakers.states(), ...restPools.breakers.states()],
    async pause(why) {
      cause = why
      await end()
    },
    resume() {
      if (isStopped) return
      const note = encodeNote({ code: 1006, reason: 'closed by us' })
      for (const connection of open) intake.append(RecordKind.disconnect, connection, clock.nowUs(), note)
      cause = null
      for (const { counters, ...market } of markets()) before.set(marketText(market), counters)
      started = new Map()
      start()
      // Books that were asked for when hearing ended are still missed.
      lane.outstanding().then((requests) => {
        for (const request of requests) want(request)
      }, fail)
    },
    async stop() {
      isStopped = true
      await end()
      dialer.close()
    },
  }
}

const noCounts: IngestCounters = {
  frames: 0,
  bytes: 0,
  connects: 0,
  disconnects: 0,
  snapshots: 0,
  snapshotFailures: 0,
  polls: 0,
  pollFailures: 0,
  mute: 0,
  replaced: 0,
  unreadable: 0,
  resubscribes: 0,
  pauses: 0,
  reconnects: 0,
  timeouts: 0,
  dropped: 0,
}

function added(a: Readonly<IngestCounters>, b: Readonly<IngestCounters>): IngestCounters {
  const names = Object.keys(b) as (keyof IngestCounters)[]
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as IngestCounters
}

/**
 * The journal as ingest sees it, with the connections that are open in it. A journal that failed takes nothing more:
 * the collector ends with its failure. One that is full refuses.
 */
function intakeOf(
  journal: Journal,
  board: Board,
  open: Set<number>,
  cause: () => InterruptionCause | null,
  fail: (error: unknown) => void,
): Intake {
  return {
    append(kind, connection, receivedUs, bytes) {
      try {
        const payload = kind === RecordKind.disconnect ? withCause(bytes, cause()) : bytes
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

/** A disconnect's note with the cause of the pause that it belongs to. */
function withCause(payload: Uint8Array, cause: InterruptionCause | null): Uint8Array {
  return cause === null ? payload : encodeNote({ ...decodeNote<DisconnectNote>(payload), cause })
}
