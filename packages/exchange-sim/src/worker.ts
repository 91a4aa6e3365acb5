import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { assert } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { startBinanceSim } from './binance/server.ts'
import { openEmissionLog } from './emission-log.ts'
import type { SimWorkerData, SimWorkerReply, SimWorkerRequest } from './in-worker.ts'

/**
 * A simulator in a worker thread of its own. It posts its addresses, then obeys: `stop` ends emission,
 * flushes the log and posts counters while books can still be asked for; `close` ends everything.
 */
async function run(port: MessagePort, { settings, logPath }: SimWorkerData): Promise<void> {
  const log = openEmissionLog(logPath)
  const sim = await startBinanceSim({ ...settings, clock: systemClock(), log })
  const post = (reply: SimWorkerReply): void => port.postMessage(reply)
  port.on('message', async (request: SimWorkerRequest) => {
    if (request === 'stop') {
      sim.stopEmitting()
      log.flush()
      post({ kind: 'stopped', counters: sim.counters })
    } else {
      await sim.stop()
      log.close()
      post({ kind: 'closed', counters: sim.counters })
      port.close()
    }
  })
  post({ kind: 'started', urls: { ...sim.urls } })
}

assert(parentPort !== null, 'this file is started as a worker thread')
await run(parentPort, workerData as SimWorkerData)
