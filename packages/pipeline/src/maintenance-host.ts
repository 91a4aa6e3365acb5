import { Worker } from 'node:worker_threads'
import type { TableReport } from '@cryptoflow/commit'
import { type Clock, messageOf } from '@cryptoflow/runtime'
import { type Caller, callThread } from './calls.ts'
import type { CollectOptions } from './collect-options.ts'
import { type MaintainOptions, maintainWarehouse, maintenanceTotals } from './maintenance.ts'
import { warehouseAt } from './warehouse.ts'
import { isMaintained } from './warehouse-lock.ts'

/** Looks after the tables from time to time, as long as the process collects. */
export interface Maintainer {
  /** Leaves what is not begun to another time; resolves when nothing is under way. */
  stop(): Promise<void>
}

/** Everything that one round needs, as plain data that crosses threads. */
export interface RoundConfig
  extends Pick<MaintainOptions, 'warehouseDirectory' | 'settings' | 'compression' | 'fileBounds'> {
  /** One word: not 0 when the round is to end. */
  readonly stop: SharedArrayBuffer
}

/** The first round of a process, as a share of the time between two: one that is started anew all day has rounds too. */
const FIRST_SHARE = 0.1
/** A round that is told to end and does not is cut, as by a kill: a stop has better things to wait for. */
const STOP_WITHIN_MS = 5_000

/** What a process that looks after the tables is told. */
export type MaintenanceHostOptions = Pick<
  CollectOptions,
  | 'warehouseDirectory'
  | 'compression'
  | 'fileBounds'
  | 'maintenance'
  | 'threads'
  | 'clock'
  | 'notice'
  | 'measure'
>

/**
 * Rounds on their own clock, never two at once, each in a thread that ends with it: the encoder gives its memory back
 * with the thread. A round that fails is told and the next one comes; collecting does not depend on it.
 */
export function startMaintenance(options: MaintenanceHostOptions): Maintainer {
  const { clock, maintenance, notice, measure } = options
  if (maintenance === undefined) return { stop: async () => {} }
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const { warehouseDirectory, compression, fileBounds, threads } = options
  const config: RoundConfig = { warehouseDirectory, settings: maintenance, compression, fileBounds, stop }
  let round: Promise<void> | null = null
  let thread: Caller | null = null

  const run = async (): Promise<void> => {
    const beganUs = clock.nowUs()
    // Of several processes on one warehouse each would do it; one is enough.
    if (isMaintained(warehouseAt(warehouseDirectory))) return
    try {
      const reports = threads === 0 ? await roundHere(config, clock) : await roundInThread()
      const seconds = (clock.nowUs() - beganUs) / 1e6
      const totals = maintenanceTotals(reports)
      const { joined, snapshots, deleted, refused } = totals
      if (joined + snapshots + deleted + refused.length > 0)
        notice({ kind: 'maintained', seconds, ...totals })
      measure?.({ kind: 'maintenance', seconds, reports })
    } catch (error) {
      notice({ kind: 'maintenance-failed', reason: messageOf(error) })
    }
  }
  const roundInThread = async (): Promise<readonly TableReport[]> => {
    thread = callThread(
      new Worker(new URL('./maintenance-thread.ts', import.meta.url), { workerData: config }),
    )
    try {
      return await thread.call('round')
    } finally {
      await thread.close()
      thread = null
    }
  }
  const begin = (): void => {
    round ??= run().finally(() => {
      round = null
    })
  }
  const cancelFirst = clock.after(maintenance.everyMs * FIRST_SHARE, begin)
  const cancelOthers = clock.every(maintenance.everyMs, begin)
  return {
    async stop() {
      cancelFirst()
      cancelOthers()
      Atomics.store(new Int32Array(stop), 0, 1)
      const cancelCut = clock.after(STOP_WITHIN_MS, () => void thread?.close())
      await round
      cancelCut()
    },
  }
}

export function isFlagSet(flag: SharedArrayBuffer): boolean {
  return Atomics.load(new Int32Array(flag), 0) !== 0
}

function roundHere({ stop, ...config }: RoundConfig, clock: Clock): Promise<readonly TableReport[]> {
  return maintainWarehouse({
    ...config,
    isDryRun: false,
    clock,
    onProgress: () => {},
    isStopped: () => isFlagSet(stop),
  })
}
