import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { assert } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { startBinanceSim } from './binance/server.ts'
import { createCounters, type SimCounters, sumOf } from './counters.ts'
import { openEmissionLog } from './emission-log.ts'
import type { SimWorkerData, SimWorkerReply, SimWorkerRequest } from './in-worker.ts'
import { startStage } from './stage/stage.ts'

/**
 * A simulator in a worker thread of its own. It posts its addresses, then obeys: `stop` ends emission,
 * flushes the log and posts counters while books can still be asked for; `close` ends everything.
 */
async function run(port: MessagePort, { settings, stage, logPath }: SimWorkerData): Promise<void> {
  const log = openEmissionLog(logPath)
  const clock = systemClock()
  const sim = settings === undefined ? null : await startBinanceSim({ ...settings, clock, log })
  const houses = stage === undefined ? null : await startStage({ ...stage, clock, log })
  const running = [sim, houses].filter((one) => one !== null)
  const counters = (): SimCounters => running.reduce((sum, one) => sumOf(sum, one.counters), createCounters())
  const post = (reply: SimWorkerReply): void => port.postMessage(reply)
  port.on('message', async (request: SimWorkerRequest) => {
    if (request === 'stop') {
      for (const one of running) one.stopEmitting()
      log.flush()
      post({ kind: 'stopped', counters: counters() })
    } else {
      await Promise.all(running.map((one) => one.stop()))
      log.close()
      post({ kind: 'closed', counters: counters() })
      port.close()
    }
  })
  post({ kind: 'started', urls: { ...sim?.urls }, houses: houses?.addresses ?? [] })
}

assert(parentPort !== null, 'this file is started as a worker thread')
await run(parentPort, workerData as SimWorkerData)
