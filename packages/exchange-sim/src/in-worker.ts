import { Worker } from 'node:worker_threads'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { type BinanceSimSettings, type SimUrls, simUrls } from './binance/settings.ts'
import type { SimCounters } from './counters.ts'
import type { HouseAddress, StageSettings } from './stage/settings.ts'

/** What a simulator's worker thread is started with: one cast or both, which share the log. */
export interface SimWorkerData {
  readonly settings?: BinanceSimSettings
  readonly stage?: StageSettings
  /** A new file for the emission log. */
  readonly logPath: string
}

export type SimWorkerRequest = 'stop' | 'close'

export type SimWorkerReply =
  | {
      readonly kind: 'started'
      readonly urls: Readonly<Partial<SimUrls>>
      readonly houses: readonly HouseAddress[]
    }
  | { readonly kind: 'stopped' | 'closed'; readonly counters: SimCounters }

/** A simulator that shares no thread, and so no stall, with whoever listens to it. */
export interface SimInWorker {
  readonly urls: SimUrls
  /** Where the stage's houses listen, in the order of its settings. */
  readonly houses: readonly HouseAddress[]
  /** Ends emission and flushes the log; connections stay, and books can still be asked for. */
  stopEmitting(): Promise<SimCounters>
  /** Closes every connection gracefully and the log, and ends the thread. */
  close(): Promise<SimCounters>
}

/** Starts a simulator in a worker thread, on the machine's clock. Rejects with what kept it from starting. */
export async function startSimInWorker(data: SimWorkerData): Promise<SimInWorker> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: data })
  const started = await replyOf(worker, 'started')
  const ask = async (request: SimWorkerRequest, kind: 'stopped' | 'closed'): Promise<SimCounters> => {
    const reply = replyOf(worker, kind)
    worker.postMessage(request)
    return (await reply).counters
  }
  return {
    urls: simUrls(started.urls),
    houses: started.houses,
    stopEmitting: () => ask('stop', 'stopped'),
    close: () => ask('close', 'closed'),
  }
}

type ReplyOf<K> = Extract<SimWorkerReply, { readonly kind: K }>

/** The worker's next reply of a kind; rejects when the worker fails or ends without it. */
function replyOf<K extends 'started' | 'stopped' | 'closed'>(worker: Worker, kind: K): Promise<ReplyOf<K>> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      outcome()
    }
    const onMessage = (reply: SimWorkerReply): void => {
      if (reply.kind === kind) settle(() => resolve(reply as ReplyOf<K>))
    }
    const onError = (error: unknown): void => settle(() => reject(error))
    const onExit = (code: number): void => {
      const message = 'waiting for the simulator: its thread ended, expected a reply'
      const context = { expected: kind, code }
      settle(() => reject(new CryptoFlowError(message, { kind: 'network', reaction: 'stop', context })))
    }
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
  })
}
