import { CLOCK_GRID_US, type ExchangeMarket, RecordKind } from '@cryptoflow/model'
import { type Backoff, type Chance, type Clock, defaultBackoff } from '@cryptoflow/runtime'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'
import { planConnections } from './plan.ts'
import { startSession } from './session.ts'
import { type SnapshotWanted, startSnapshots } from './snapshots.ts'

export interface IngestOptions {
  readonly market: ExchangeMarket
  readonly symbols: readonly string[]
  /** Names of the market's streams to subscribe for every symbol. */
  readonly streams: readonly string[]
  readonly intake: Intake
  readonly clock: Clock
  readonly chance: Chance
  readonly backoff?: Backoff
  readonly notice: (notice: IngestNotice) => void
}

export interface Ingest {
  /** Asks for a book; the answer becomes a record. */
  want(wanted: SnapshotWanted): void
  readonly counters: Readonly<IngestCounters>
  /** Closes every connection; resolves when the last record is with the intake. */
  stop(): Promise<void>
}

const nothing = new Uint8Array(0)

/** Hears one market: sessions for its streams, snapshots on demand, clock records on the grid. */
export function startIngest(options: IngestOptions): Ingest {
  const { market, intake, clock } = options
  const counters: IngestCounters = {
    frames: 0,
    bytes: 0,
    connects: 0,
    disconnects: 0,
    snapshots: 0,
    snapshotFailures: 0,
    pauses: 0,
  }
  const shared = { ...options, backoff: options.backoff ?? defaultBackoff, counters }
  const plans = planConnections(market, options.symbols, options.streams)
  const sessions = plans.map((plan) => startSession({ ...shared, plan }))
  const snapshots = startSnapshots(shared)
  const cancelClock = startClockRecords(clock, intake)
  return {
    want: snapshots.want,
    counters,
    async stop() {
      await Promise.all([snapshots.stop(), ...sessions.map((session) => session.stop())])
      cancelClock()
    },
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
