import { type ExchangeMarket, encodeAnswer, RecordKind } from '@cryptoflow/model'
import {
  type Backoff,
  backoffMs,
  type Chance,
  type Clock,
  CryptoFlowError,
  messageOf,
} from '@cryptoflow/runtime'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'

/** Share of the exchange's weight per minute that snapshots may use. */
const WEIGHT_SHARE = 0.8
const IN_FLIGHT_MAX = 4
const ANSWER_WITHIN_MS = 10_000
const BODY_BYTES_MAX = 32 * 1024 * 1024

/** A book that must be fetched. A later `resync` of the same key makes earlier ones worthless. */
export interface SnapshotWanted {
  readonly symbol: string
  readonly stream: string
  readonly resync: number
}

export interface SnapshotOptions {
  readonly market: ExchangeMarket
  readonly intake: Intake
  readonly clock: Clock
  readonly chance: Chance
  readonly backoff: Backoff
  readonly counters: IngestCounters
  readonly notice: (notice: IngestNotice) => void
}

export interface SnapshotFetcher {
  want(wanted: SnapshotWanted): void
  stop(): Promise<void>
}

interface Task {
  wanted: SnapshotWanted
  attempt: number
}

/**
 * Fetches book snapshots one after another within the exchange's weight per minute, retries with backoff,
 * obeys `Retry-After`, and journals each answer with what it answers.
 */
export function startSnapshots(options: SnapshotOptions): SnapshotFetcher {
  const { market, clock, chance, backoff, counters, notice } = options
  const tasks = new Map<string, Task>()
  const queue: string[] = []
  const budget = weightBudget(market.session.restWeightPerMinute.value * WEIGHT_SHARE)
  const abort = new AbortController()
  const running = new Set<Promise<void>>()
  const cancels = new Set<() => void>()
  let blockedUntilUs = 0

  const later = (delayMs: number, callback: () => void): void => {
    const cancel = clock.after(delayMs, () => {
      cancels.delete(cancel)
      callback()
    })
    cancels.add(cancel)
  }

  const pump = (): void => {
    while (!abort.signal.aborted && running.size < IN_FLIGHT_MAX && queue.length > 0) {
      const nowUs = clock.nowUs()
      const key = queue[0] as string
      const task = tasks.get(key)
      if (task === undefined) {
        queue.shift()
        continue
      }
      const { weight } = market.session.snapshotRequest(task.wanted.symbol)
      const waitUs = Math.max(blockedUntilUs - nowUs, budget.waitUs(weight, nowUs))
      if (waitUs > 0) {
        later(Math.ceil(waitUs / 1000), pump)
        return
      }
      budget.take(weight, nowUs)
      queue.shift()
      const run = fetchOne(key, task).finally(() => {
        running.delete(run)
        pump()
      })
      running.add(run)
    }
  }

  const fetchOne = async (key: string, task: Task): Promise<void> => {
    const { wanted } = task
    try {
      const { body, receivedUs } = await getSnapshot(options, wanted.symbol, abort.signal)
      const context = { exchange: market.exchange, market: market.market, ...wanted, status: 200 }
      options.intake.append(RecordKind.answer, 0, receivedUs, encodeAnswer(context, body))
      counters.snapshots += 1
      if (tasks.get(key) === task) tasks.delete(key)
    } catch (error) {
      if (abort.signal.aborted || tasks.get(key) !== task) return
      counters.snapshotFailures += 1
      task.attempt += 1
      const askedMs = error instanceof CryptoFlowError ? Number(error.context.retryAfterMs ?? 0) : 0
      const delayMs = Math.max(backoffMs(backoff, task.attempt, chance), askedMs)
      if (askedMs > 0) blockedUntilUs = clock.nowUs() + askedMs * 1000
      notice({ kind: 'snapshot-failed', symbol: wanted.symbol, reason: messageOf(error), delayMs })
      later(delayMs, () => {
        if (tasks.get(key) === task) queue.push(key)
        pump()
      })
    }
  }

  return {
    want(wanted) {
      const key = `${wanted.symbol}\0${wanted.stream}`
      const known = tasks.get(key)
      if (known !== undefined && known.wanted.resync >= wanted.resync) return
      tasks.set(key, { wanted, attempt: 0 })
      if (!queue.includes(key)) queue.push(key)
      pump()
    },
    async stop() {
      abort.abort()
      for (const cancel of cancels) cancel()
      await Promise.all(running)
    },
  }
}

async function getSnapshot(
  options: SnapshotOptions,
  symbol: string,
  stopped: AbortSignal,
): Promise<{ body: Uint8Array; receivedUs: number }> {
  const { market, clock } = options
  const { path } = market.session.snapshotRequest(symbol)
  const late = new AbortController()
  const cancel = clock.after(ANSWER_WITHIN_MS, () => late.abort(new Error('no answer within 10 s')))
  try {
    const signal = AbortSignal.any([stopped, late.signal])
    const answer = await fetch(market.session.restUrl + path, { signal, redirect: 'error' })
    if (answer.status !== 200) throw refusal(answer, await readBounded(answer))
    const body = await readBounded(answer)
    return { body, receivedUs: clock.nowUs() }
  } finally {
    cancel()
  }
}

function refusal(answer: Response, body: Uint8Array): CryptoFlowError {
  const seconds = Number(answer.headers.get('retry-after') ?? 0)
  const tooMany = answer.status === 429 || answer.status === 418
  // Without a Retry-After a ban is at least two minutes long on the exchanges that ban.
  const retryAfterMs = seconds > 0 ? seconds * 1000 : answer.status === 418 ? 120_000 : 0
  return new CryptoFlowError(
    `fetching a book snapshot: the exchange answered ${answer.status}, expected 200`,
    {
      kind: 'exchange',
      reaction: 'retry',
      context: { status: answer.status, body: printable(body), ...(tooMany ? { retryAfterMs } : {}) },
    },
  )
}

async function readBounded(answer: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > BODY_BYTES_MAX) throw new Error(`the answer is longer than ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The first bytes of a foreign text, safe for a log line. */
function printable(body: Uint8Array): string {
  return JSON.stringify(Buffer.from(body.subarray(0, 200)).toString('latin1'))
}

/** A minute's weight, refilled evenly; starts full. */
function weightBudget(perMinute: number): {
  waitUs(weight: number, nowUs: number): number
  take(weight: number, nowUs: number): void
} {
  const perUs = perMinute / 60_000_000
  let left = perMinute
  let asOfUs = 0
  const refill = (nowUs: number): void => {
    if (asOfUs > 0) left = Math.min(perMinute, left + (nowUs - asOfUs) * perUs)
    asOfUs = nowUs
  }
  return {
    waitUs(weight, nowUs) {
      refill(nowUs)
      return left >= weight ? 0 : (weight - left) / perUs
    },
    take(weight, nowUs) {
      refill(nowUs)
      left -= weight
    },
  }
}
