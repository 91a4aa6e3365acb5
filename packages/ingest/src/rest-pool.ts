import type { Agent } from 'node:http'
import type { Dialer, SessionSpec } from '@cryptoflow/model'
import { type Breaker, backoffMs, type Chance, defaultBackoff, seededChance } from '@cryptoflow/runtime'
import { type BreakerParts, type Breakers, openBreakers } from './breakers.ts'
import { restBudget } from './rest-budget.ts'
import { type RestBounds, type RestOutcome, requestOnce } from './rest-request.ts'

/** Share of the exchange's weight per minute that we use. */
export const WEIGHT_SHARE = 0.8
const IN_FLIGHT_MAX = 4
/** Polls leave one place to the books. */
const POLLS_IN_FLIGHT_MAX = 3
/** After so many books a waiting poll has its turn: a storm of books may last for an hour. */
export const BOOKS_IN_A_ROW_MAX = 8
/** A 429 that does not say how long: the exchange's minute must pass. */
const TOO_MANY_MS = 60_000
/** A ban is at least two minutes long on the exchanges that ban. */
const BAN_MS = 120_000

/** A request that waits for its turn. */
export interface RestQuestion {
  /** Books go before polls, but for one poll in nine; both first come, first served. */
  readonly kind: 'book' | 'poll'
  readonly weight: number
  /** The address when its turn has come; null when nobody needs the answer any more. */
  url(): string | null
  readonly signal: AbortSignal
}

/** Requests that count against one budget of the exchange. */
export interface RestPool {
  /** Resolves with what became of it, `dropped` when its signal or its `url` said so. Never rejects. */
  ask(question: RestQuestion): Promise<RestOutcome | { readonly kind: 'dropped' }>
  /** Registers a lasting demand, weight per minute; the answer takes it back. */
  demand(weightPerMinute: number): () => void
  /** How much longer than asked for the periods of polls must be, 1 when the budget holds all registered demand. */
  readonly stretch: number
  /** Milliseconds during which nothing is asked, because the exchange said so. */
  readonly blockedMs: number
}

/** The REST budgets of a process, by the name of the pool. */
export interface RestPools {
  /** The pool of a market's session. Markets that share it share the smallest of their budgets. */
  of(session: SessionSpec, bounds: RestBounds): RestPool
  readonly breakers: Pick<Breakers, 'states'>
}

/** What requests need of the world. */
export interface RestDoor extends BreakerParts {
  readonly dialer: Dialer<Agent>
}

/** One per process and address: every ingest that gets the same one shares its budgets. */
export function createRestPools(door: RestDoor): RestPools {
  const pools = new Map<
    string,
    { pool: RestPool; limits: { perMinute: number; banMs: Map<number, number> } }
  >()
  const breakers = openBreakers(door)
  return {
    breakers,
    of(session, bounds) {
      const { restPool, restBan, restWeightPerMinute, usedWeightHeader, restUrl } = session
      // Known from the beginning, so that metrics show it while it is closed.
      breakerOf(breakers, restUrl)
      const perMinute = restWeightPerMinute.value * WEIGHT_SHARE
      const known = pools.get(restPool)
      if (known !== undefined) {
        known.limits.perMinute = Math.min(known.limits.perMinute, perMinute)
        addBan(known.limits.banMs, restBan)
        return known.pool
      }
      const limits = { perMinute, banMs: new Map<number, number>() }
      addBan(limits.banMs, restBan)
      const pool = openRestPool(usedWeightHeader, limits, bounds, door, breakers)
      pools.set(restPool, { pool, limits })
      return pool
    },
  }
}

/** What the exchange allows to everybody in a pool. */
export interface RestLimits {
  readonly perMinute: number
  /** By HTTP status, beside 418 and 429: for how long our address is shut out. */
  readonly banMs: ReadonlyMap<number, number>
}

/** Of markets that share a pool the longest ban counts. */
function addBan(banMs: Map<number, number>, ban: SessionSpec['restBan']): void {
  for (const status of ban?.statuses ?? []) {
    banMs.set(status, Math.max(banMs.get(status) ?? 0, ban?.ms.value ?? 0))
  }
}

interface Waiting {
  readonly question: RestQuestion
  settle(outcome: RestOutcome | { readonly kind: 'dropped' }): void
}

function breakerOf(breakers: Breakers, url: string): Breaker {
  return breakers.of(`rest ${new URL(url).host}`)
}

/** No answer that is the exchange's own, or one that says that it cannot. What it refuses, it refuses in good health. */
function isHostDown(outcome: RestOutcome): outcome is Extract<RestOutcome, { kind: 'failed' }> {
  return outcome.kind === 'failed' && (outcome.status === 0 || outcome.status >= 500)
}

/** Asks one after another within the budget; what the exchange says about it is obeyed by everybody in the pool. */
export function openRestPool(
  usedWeightHeader: string | null,
  limits: RestLimits,
  bounds: RestBounds,
  door: RestDoor,
  breakers = openBreakers(door),
): RestPool {
  const { clock } = door
  const queues = { book: [] as Waiting[], poll: [] as Waiting[] }
  const inFlight = { book: 0, poll: 0, weight: 0 }
  const budget = restBudget(() => limits.perMinute)
  // Spreads retries of one process only, so a fixed seed does.
  const chance: Chance = seededChance(1)
  let demanded = 0
  let blockedUntilUs = 0
  let forbidden = 0
  let booksInARow = 0
  let cancelTimer: (() => void) | null = null

  const pump = (): void => {
    cancelTimer?.()
    cancelTimer = null
    for (let next = take(); next !== null; next = take()) {
      const { question } = next
      const nowUs = clock.nowUs()
      const waitUs = Math.max(blockedUntilUs - nowUs, budget.waitUs(question.weight, nowUs))
      if (waitUs > 0) {
        pumpAfter(waitUs)
        return
      }
      booksInARow = question.kind === 'book' && queues.poll.length > 0 ? booksInARow + 1 : 0
      const queue = queues[question.kind]
      queue.splice(queue.indexOf(next), 1)
      const url = question.url()
      if (url === null) next.settle({ kind: 'dropped' })
      else void send(next, url, nowUs)
    }
    const waitMs = breakerWaitMs()
    if (Number.isFinite(waitMs)) pumpAfter(waitMs * 1000)
  }
  /** Until one of the hosts that are left alone may be tried; Infinity where none is waited for. */
  const breakerWaitMs = (): number => {
    if (breakers.states().every(({ state }) => state === 'closed')) return Number.POSITIVE_INFINITY
    const waits = [...queues.book, ...queues.poll].map(hostWaitMs).filter((ms) => ms > 0)
    return Math.min(Number.POSITIVE_INFINITY, ...waits)
  }
  const hostWaitMs = ({ question }: Waiting): number => {
    const url = question.url()
    return url === null ? 0 : breakerOf(breakers, url).waitMs
  }
  const pumpAfter = (waitUs: number): void => {
    cancelTimer?.()
    cancelTimer = clock.after(Math.ceil(waitUs / 1000), pump)
  }
  const dropStopped = (): void => {
    for (const kind of ['book', 'poll'] as const) {
      const all = queues[kind]
      queues[kind] = all.filter(({ question }) => !question.signal.aborted)
      for (const { question, settle } of all) if (question.signal.aborted) settle({ kind: 'dropped' })
    }
    pump()
  }
  /** The first in line that may go: whose host is not left alone. */
  const take = (): Waiting | null => {
    if (inFlight.book + inFlight.poll >= IN_FLIGHT_MAX) return null
    const isAsked = (waiting: Waiting): boolean => hostWaitMs(waiting) === 0
    const book = queues.book.find(isAsked)
    const poll = inFlight.poll < POLLS_IN_FLIGHT_MAX ? queues.poll.find(isAsked) : undefined
    const isPollsTurn = poll !== undefined && booksInARow >= BOOKS_IN_A_ROW_MAX
    return (isPollsTurn ? poll : (book ?? poll)) ?? null
  }
  const send = async ({ question, settle }: Waiting, url: string, sentUs: number): Promise<void> => {
    budget.take(question.weight, sentUs)
    inFlight[question.kind] += 1
    inFlight.weight += question.weight
    const breaker = breakerOf(breakers, url)
    breaker.begin()
    const outcome = await requestOnce(url, usedWeightHeader, bounds, door, question.signal)
    inFlight[question.kind] -= 1
    inFlight.weight -= question.weight
    if (outcome.usedWeight >= 0) budget.told(outcome.usedWeight, inFlight.weight, sentUs, clock.nowUs())
    if (question.signal.aborted) breaker.abandoned()
    else if (isHostDown(outcome)) breaker.failed(outcome.reason)
    else breaker.succeeded()
    obey(outcome)
    settle(question.signal.aborted ? { kind: 'dropped' } : outcome)
    pump()
  }
  const obey = (outcome: RestOutcome): void => {
    if (outcome.kind === 'answered') {
      forbidden = 0
      return
    }
    const waitMs = blockMs(outcome.status, outcome.retryAfterMs)
    if (waitMs > 0) blockedUntilUs = Math.max(blockedUntilUs, clock.nowUs() + waitMs * 1000)
  }
  /** How long nobody asks, milliseconds. A failure that speaks of one request only blocks nobody else. */
  const blockMs = (status: number, askedMs: number | null): number => {
    if (status === 418) return askedMs ?? BAN_MS
    if (status === 429) return askedMs ?? TOO_MANY_MS
    const banMs = limits.banMs.get(status)
    if (banMs !== undefined) return Math.max(banMs, askedMs ?? 0)
    if (status !== 403) return askedMs ?? 0
    forbidden += 1
    return Math.max(backoffMs(defaultBackoff, forbidden, chance), askedMs ?? 0)
  }
  return {
    ask(question) {
      if (question.signal.aborted) return Promise.resolve({ kind: 'dropped' })
      return new Promise((settle) => {
        queues[question.kind].push({ question, settle })
        // The same function on the same signal is one listener, however often it is added.
        question.signal.addEventListener('abort', dropStopped)
        pump()
      })
    },
    demand(weightPerMinute) {
      demanded += weightPerMinute
      return () => {
        demanded -= weightPerMinute
      }
    },
    get stretch() {
      return Math.max(1, demanded / limits.perMinute)
    },
    get blockedMs() {
      return Math.max(0, Math.ceil((blockedUntilUs - clock.nowUs()) / 1000))
    },
  }
}
