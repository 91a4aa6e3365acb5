import type { Agent } from 'node:http'
import { CLOCK_GRID_US, type Dialer, type ExchangeMarket, RecordKind } from '@cryptoflow/model'
import { type Backoff, type Chance, type Clock, defaultBackoff } from '@cryptoflow/runtime'
import { startAudits } from './audits.ts'
import { type ConnectPools, createConnectPools } from './connect-pool.ts'
import type { IngestCounters, IngestNotice, Intake, ReplaceCause } from './intake.ts'
import { defaultLimits, type IngestLimits } from './limits.ts'
import { planConnections, planPolls } from './plan.ts'
import { startPolls } from './polls.ts'
import { createRestPools, type RestPools } from './rest-pool.ts'
import { startSession } from './session.ts'
import { type SnapshotWanted, startSnapshots } from './snapshots.ts'

export interface IngestOptions {
  readonly market: ExchangeMarket
  readonly symbols: readonly string[]
  /** Names of the market's streams: subscribed or polled, for every symbol or once for the market. */
  readonly streams: readonly string[]
  readonly intake: Intake
  /** Opens every connection, by WebSocket and by REST. */
  readonly dialer: Dialer<Agent>
  readonly clock: Clock
  readonly chance: Chance
  readonly backoff?: Backoff
  /** REST budgets shared with the process's other ingests; without it this one has its own. */
  readonly restPools?: RestPools
  /** Connect budgets by host, shared in the same way. */
  readonly connectPools?: ConnectPools
  /** Distance of two questions by polled stream, where it is not the stream's own. */
  readonly pollEveryMs?: Readonly<Record<string, number>>
  /** Largest spread of polled book images that is believed, percent; absent: any. Noted beside every answer. */
  readonly spreadMaxPercent?: number
  /** Distance of two audits of one book, milliseconds; absent or null: none is audited. */
  readonly auditEveryMs?: number | null
  /** By stream: within how many milliseconds a subscription must be heard first; null: it may be silent for ever. */
  readonly expectWithinMs?: Readonly<Record<string, number | null>>
  readonly limits?: Partial<IngestLimits>
  /** Default true; of several ingests with one intake only one needs to write the clock's records. */
  readonly clockRecords?: boolean
  readonly notice: (notice: IngestNotice) => void
}

export interface Ingest {
  /**
   * Asks for a book: by REST, where the answer becomes a record, or by subscribing it again where it begins in its
   * stream. Not while the first snapshot of a connection is still to come, and never twice at a time for one book.
   */
  want(wanted: SnapshotWanted): void
  /**
   * Opens the replacement of this connection at once: the exchange said that it will end it (`closing`, the default),
   * or frames of it are missing (`sequence`). A connection that is gone or is being replaced already is left alone.
   */
  replace(connection: number, cause?: ReplaceCause): void
  /**
   * Of the next `frames` frames of this connection, `count` could not be read. A connection of which more than half
   * cannot be read is given up and comes back with backoff.
   */
  deadLetters(connection: number, count: number, frames: number): void
  readonly counters: Readonly<IngestCounters>
  /** Closes every connection; resolves when the last record is with the intake. */
  stop(): Promise<void>
}

const nothing = new Uint8Array(0)

/**
 * Hears one market: sessions for its streams, polls, snapshots on demand, clock records on the grid. Throws a
 * CryptoFlowError of kind `config` when a stream is asked for that the market does not have.
 */
export function startIngest(options: IngestOptions): Ingest {
  const { market, intake, dialer, clock, chance, symbols, streams } = options
  const counters = noCounters()
  const shared = {
    market,
    intake,
    dialer,
    clock,
    chance,
    counters,
    notice: options.notice,
    backoff: options.backoff ?? defaultBackoff,
    limits: { ...defaultLimits, ...options.limits },
  }
  const plans = planConnections(market, symbols, streams)
  const polls = planPolls(market, symbols, streams, options.pollEveryMs)
  const connectPools = options.connectPools ?? createConnectPools({ clock, backoff: shared.backoff })
  const restPools = options.restPools ?? createRestPools({ clock, dialer, backoff: shared.backoff })
  const expectWithinMs = options.expectWithinMs ?? {}
  const pool = restPools.of(market.session, shared.limits)

  const streamBooks = new Set(
    market.streams.filter(({ book }) => book?.origin === 'stream').map(({ name }) => name),
  )
  const sessions = plans.map((plan) => startSession({ ...shared, plan, connectPools, expectWithinMs }))
  const snapshots = startSnapshots({ ...shared, pool })
  const polling = startPolls({ ...shared, pool, polls, spreadMaxPercent: options.spreadMaxPercent })
  const everyMs = options.auditEveryMs ?? null
  const audits = startAudits({ ...shared, pool, connectPools, symbols, streams, everyMs })
  const cancelClock = options.clockRecords === false ? () => {} : startClockRecords(clock, intake)
  return {
    want(wanted) {
      if (!streamBooks.has(wanted.stream)) snapshots.want(wanted)
      else for (const session of sessions) session.want(wanted.symbol, wanted.stream)
    },
    replace(connection, cause = 'closing') {
      for (const session of sessions) session.replace(connection, cause)
    },
    deadLetters(connection, count, frames) {
      for (const session of sessions) session.deadLetters(connection, count, frames)
    },
    counters,
    async stop() {
      const asking = [snapshots.stop(), polling.stop(), audits.stop()]
      await Promise.all([...asking, ...sessions.map((session) => session.stop())])
      cancelClock()
    },
  }
}

function noCounters(): IngestCounters {
  return {
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
}

/** Appends a record whenever the clock has passed a multiple of the grid, however late the timer fires. */
function startClockRecords(clock: Clock, intake: Intake): () => void {
  let cell = Math.floor(clock.nowUs() / CLOCK_GRID_US)
  let cancel = (): void => {}
  const wait = (): void => {
    const nowUs = clock.nowUs()
    cancel = clock.after(Math.ceil(((cell + 1) * CLOCK_GRID_US - nowUs) / 1000), tick)
  }
  const tick = (): void => {
    const nowUs = clock.nowUs()
    const reached = Math.floor(nowUs / CLOCK_GRID_US)
    if (reached > cell) intake.append(RecordKind.clock, 0, nowUs, nothing)
    cell = Math.max(cell, reached)
    wait()
  }
  wait()
  return () => cancel()
}
