// Entry of the thread of one round of maintenance.
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { serveCalls } from './calls.ts'
import { maintainWarehouse } from './maintenance.ts'
import { isFlagSet, type RoundConfig } from './maintenance-host.ts'

assert(parentPort !== null, 'a maintenance thread has a parent')
const { stop, ...config } = workerData as RoundConfig

serveCalls(parentPort, {
  round: () =>
    maintainWarehouse({
      ...config,
      isDryRun: false,
      clock: systemClock(),
      onProgress: () => {},
      isStopped: () => isFlagSet(stop),
    }),
})
