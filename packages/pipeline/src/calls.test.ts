import { MessageChannel, Worker } from 'node:worker_threads'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { callThread, serveCalls } from './calls.ts'

/** Both ends in one thread: a port behaves like a worker as far as calls are concerned. */
function callable(handlers: Parameters<typeof serveCalls>[1]): ReturnType<typeof callThread> {
  const { port1, port2 } = new MessageChannel()
  serveCalls(port1, handlers)
  return callThread(port2 as unknown as Worker)
}

describe('calls between threads', () => {
  it('are answered one at a time in the order they were made', async () => {
    const log: string[] = []
    let release: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const thread = callable({
      slow: async () => {
        await gate
        log.push('slow')
      },
      quick: () => log.push('quick'),
    })
    const calls = [thread.call('slow'), thread.call('quick')]
    release()
    await Promise.all(calls)
    expect(log).toEqual(['slow', 'quick'])
  })

  it('carry an error with its kind, reaction and context', async () => {
    const thread = callable({
      fail: () => {
        throw new CryptoFlowError('doing it', { kind: 'disk', reaction: 'retry', context: { path: 'p' } })
      },
    })
    await expect(thread.call('fail')).rejects.toMatchObject({
      name: 'CryptoFlowError',
      message: 'doing it',
      kind: 'disk',
      reaction: 'retry',
      context: { path: 'p' },
    })
  })

  it('fail, now and later, when the thread dies', async () => {
    const thread = callThread(new Worker('throw new Error("broken at birth")', { eval: true }))
    await expect(thread.call('anything')).rejects.toThrow('broken at birth')
    await expect(thread.call('anything')).rejects.toThrow('broken at birth')
  })
})
