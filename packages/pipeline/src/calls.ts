import type { MessagePort, Transferable, Worker } from 'node:worker_threads'
import { CryptoFlowError, type ErrorKind, messageOf, type Reaction } from '@cryptoflow/runtime'

/** Calls between threads, answered one at a time in the order they were made. */
type Handlers = Record<string, (argument: never) => unknown>

interface Call {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: PlainError }

interface PlainError {
  readonly message: string
  readonly kind: ErrorKind | null
  readonly reaction: Reaction
  readonly context: Readonly<Record<string, unknown>>
}

/** Answers calls arriving at the port with these handlers, strictly one after another. */
export function serveCalls(port: MessagePort, handlers: Handlers): void {
  let turn: Promise<unknown> = Promise.resolve()
  port.on('message', ({ id, name, argument }: Call) => {
    turn = turn.then(async () => {
      try {
        const handler = handlers[name] as (argument: unknown) => unknown
        port.postMessage({ id, value: await handler(argument) } satisfies Answer)
      } catch (error) {
        port.postMessage({ id, error: plain(error) } satisfies Answer)
      }
    })
  })
}

export interface Caller {
  call<T>(name: string, argument?: unknown, transfer?: readonly Transferable[]): Promise<T>
  /** Ends the thread. */
  close(): Promise<void>
}

/** Calls the handlers of a worker thread. A thread that dies fails every call, now and later. */
export function callThread(worker: Worker): Caller {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  let next = 1
  let dead: unknown = null
  const die = (error: unknown): void => {
    dead ??= error
    for (const { reject } of waiting.values()) reject(dead)
    waiting.clear()
  }
  worker.on('message', (answer: Answer) => {
    const call = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) call?.reject(revived(answer.error))
    else call?.resolve(answer.value)
  })
  worker.on('error', die)
  worker.on('exit', () => die(new Error('the worker thread has ended')))
  return {
    call<T>(name: string, argument?: unknown, transfer: readonly Transferable[] = []) {
      return new Promise<T>((resolve, reject) => {
        if (dead !== null) {
          reject(dead)
          return
        }
        const id = next++
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
        worker.postMessage({ id, name, argument } satisfies Call, transfer as Transferable[])
      })
    },
    async close() {
      await worker.terminate()
    },
  }
}

function plain(error: unknown): PlainError {
  if (error instanceof CryptoFlowError) {
    const { message, kind, reaction, context } = error
    return { message, kind, reaction, context }
  }
  const stack = error instanceof Error ? error.stack : undefined
  return { message: messageOf(error), kind: null, reaction: 'stop', context: { stack } }
}

function revived({ message, kind, reaction, context }: PlainError): Error {
  if (kind !== null) return new CryptoFlowError(message, { kind, reaction, context })
  const error = new Error(message)
  if (typeof context.stack === 'string') error.stack = context.stack
  return error
}
