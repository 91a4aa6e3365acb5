// Entry of a lane's worker thread.
import { parentPort, workerData } from 'node:worker_threads'
import { assert, type JournalBlock } from '@cryptoflow/model'
import { serveCalls } from './calls.ts'
import { buildLane, type LaneConfig } from './lane-host.ts'

assert(parentPort !== null, 'a lane thread has a parent')
const lane = buildLane(workerData as LaneConfig)
// A failure to open is the answer to `open`, not an unhandled rejection.
lane.catch(() => {})

serveCalls(parentPort, {
  open: async () => {
    await lane
  },
  accept: async (block: JournalBlock) => (await lane).accept(block),
  outstanding: async () => (await lane).outstanding(),
  cut: async (epoch: number) => (await lane).cut(epoch),
  tally: async () => (await lane).tally(),
  books: async () => (await lane).books(),
})
