// Entry of the publisher's worker thread.
import { parentPort, workerData } from 'node:worker_threads'
import { assert, type EpochRequest } from '@cryptoflow/model'
import { serveCalls } from './calls.ts'
import { buildPublisher, type PublisherConfig } from './publisher.ts'

assert(parentPort !== null, 'a publisher thread has a parent')
const publisher = buildPublisher(workerData as PublisherConfig)
// A failure to open is the answer to the first call, not an unhandled rejection.
publisher.catch(() => {})

serveCalls(parentPort, {
  resume: async (journalTo: number | null) => (await publisher).resume(journalTo),
  submit: async ({ request, image }: { request: EpochRequest; image: string }) =>
    (await publisher).submit(request, image),
  round: async () => (await publisher).round(),
  close: async () => (await publisher).close(),
})
