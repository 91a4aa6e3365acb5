import type { Breaker, Clock } from '@cryptoflow/runtime'
import { type BreakerParts, type Breakers, openBreakers } from './breakers.ts'

/** Share of the exchange's connects per five minutes that one process uses: others may be on the same address. */
export const CONNECT_SHARE = 0.5
const WINDOW_US = 5 * 60_000_000

/** Connects to one host: who wants one waits for its turn. */
export interface ConnectPool {
  /** Calls back when a connect is allowed, at once when it is; the answer cancels. */
  request(connect: () => void): () => void
  /** The host asked for silence: no connect for this long. */
  block(delayMs: number): void
  /**
   * How the connect that was allowed ended, once for each: subscribed; given up before; or ended by us.
   * A host on which connects fail again and again is left alone.
   */
  succeeded(): void
  failed(reason: string): void
  abandoned(): void
}

/** The connect budgets of a process, by host. */
export interface ConnectPools {
  /** `perFiveMinutes` is what the exchange allows, `everyMs` the least distance of two connects. */
  of(url: string, perFiveMinutes: number, everyMs: number): ConnectPool
  readonly breakers: Pick<Breakers, 'states'>
}

export function createConnectPools(parts: BreakerParts): ConnectPools {
  const { clock } = parts
  const breakers = openBreakers(parts)
  const pools = new Map<string, ConnectPool>()
  return {
    of(url, perFiveMinutes, everyMs) {
      const { host } = new URL(url)
      const known = pools.get(host)
      if (known !== undefined) return known
      const pool = openPool(clock, breakers.of(`connect ${host}`), mostOf(perFiveMinutes), everyMs)
      pools.set(host, pool)
      return pool
    },
    breakers,
  }
}

/**
 * Milliseconds from the first of so many connects to one host until the last, when the pool is untouched; the options
 * are those of a pool.
 */
export function connectSpanMs(connects: number, perFiveMinutes: number, everyMs: number): number {
  const most = mostOf(perFiveMinutes)
  const atMs: number[] = []
  for (let i = 0; i < connects; i++) {
    const afterLast = i === 0 ? 0 : (atMs[i - 1] as number) + everyMs
    const afterOldest = i < most ? 0 : (atMs[i - most] as number) + WINDOW_US / 1000
    atMs.push(Math.max(afterLast, afterOldest))
  }
  return atMs.at(-1) ?? 0
}

function mostOf(perFiveMinutes: number): number {
  return Math.max(1, Math.floor(perFiveMinutes * CONNECT_SHARE))
}

/** First come, first served; never more than `most` within five minutes, wherever the exchange's window begins. */
function openPool(clock: Clock, breaker: Breaker, most: number, everyMs: number): ConnectPool {
  const waiting = new Set<() => void>()
  /** Times of the connects of the last five minutes, oldest first. */
  const made: number[] = []
  let blockedUntilUs = 0
  let cancelTimer: (() => void) | null = null

  const waitUs = (nowUs: number): number => {
    while (made.length > 0 && nowUs - (made[0] as number) >= WINDOW_US) made.shift()
    const afterLast = made.length === 0 ? 0 : (made.at(-1) as number) + everyMs * 1000
    const afterOldest = made.length < most ? 0 : (made[made.length - most] as number) + WINDOW_US
    return Math.max(afterLast - nowUs, afterOldest - nowUs, blockedUntilUs - nowUs, breaker.waitMs * 1000)
  }
  const pump = (): void => {
    cancelTimer?.()
    cancelTimer = null
    for (const connect of waiting) {
      const nowUs = clock.nowUs()
      const wait = waitUs(nowUs)
      // Then the end of the one try that is under way goes on.
      if (wait === Number.POSITIVE_INFINITY) return
      if (wait > 0) {
        cancelTimer = clock.after(Math.ceil(wait / 1000), pump)
        return
      }
      waiting.delete(connect)
      made.push(nowUs)
      breaker.begin()
      connect()
    }
  }
  return {
    request(connect) {
      // A function of its own: the same one may ask twice.
      const turn = (): void => connect()
      waiting.add(turn)
      if (cancelTimer === null) pump()
      return () => {
        waiting.delete(turn)
        if (waiting.size > 0) return
        cancelTimer?.()
        cancelTimer = null
      }
    },
    block(delayMs) {
      blockedUntilUs = Math.max(blockedUntilUs, clock.nowUs() + delayMs * 1000)
      if (cancelTimer !== null) pump()
    },
    succeeded() {
      breaker.succeeded()
      pump()
    },
    failed(reason) {
      breaker.failed(reason)
      pump()
    },
    abandoned() {
      breaker.abandoned()
      pump()
    },
  }
}
