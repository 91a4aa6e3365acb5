import { type ExchangeMarket, encodeAnswer, RecordKind } from '@cryptoflow/model'
import { type Backoff, backoffMs, type Chance, type Clock } from '@cryptoflow/runtime'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'
import type { Poll } from './plan.ts'
import type { RestPool } from './rest-pool.ts'

/** Share of a symbol's place in the period by which its turn may move: processes must not ask in step. */
const JITTER = 0.5

/** Share of the period up to which a question that fails for ever waits. */
const FAILED_SHARE = 0.25

export interface PollOptions {
  readonly market: ExchangeMarket
  readonly polls: readonly Poll[]
  readonly pool: RestPool
  readonly intake: Intake
  readonly clock: Clock
  readonly chance: Chance
  readonly backoff: Backoff
  readonly counters: IngestCounters
  readonly notice: (notice: IngestNotice) => void
}

/**
 * Asks for every polled stream, at once as far as the pool's budget allows, then at the symbol's turn: the symbols
 * of a stream are spread evenly over its period, which begins on multiples of itself. After a failure the next
 * question waits by backoff instead. A question is never asked twice at the same time.
 */
export function startPolls(options: PollOptions): { stop(): Promise<void> } {
  const { market, polls, pool, intake, clock, chance, backoff, counters, notice } = options
  const abort = new AbortController()
  const running = new Set<Promise<void>>()
  const cancels = new Set<() => void>()
  const releases = polls.map(({ poll, symbol, everyMs }) =>
    pool.demand((poll.request(symbol).weight * 60_000) / everyMs),
  )
  const turns = turnsOf(polls, chance)

  const ask = async (polled: Poll, attempt: number): Promise<void> => {
    const { spec, poll, symbol } = polled
    const { path, weight } = poll.request(symbol)
    const url = (): string => market.session.restUrl + path
    const outcome = await pool.ask({ kind: 'poll', weight, url, signal: abort.signal })
    if (outcome.kind === 'dropped') return
    if (outcome.kind === 'answered') {
      const key = { exchange: market.exchange, market: market.market, symbol, stream: spec.name }
      const payload = encodeAnswer({ ...key, resync: 0, status: 200 }, outcome.body)
      intake.append(RecordKind.answer, 0, outcome.receivedUs, payload)
      counters.polls += 1
      later(polled, 0, untilTurnMs(polled, turns.get(polled) as number))
      return
    }
    counters.pollFailures += 1
    const patient = { ...backoff, maxMs: Math.max(backoff.maxMs, polled.everyMs * FAILED_SHARE) }
    const delayMs = Math.max(backoffMs(patient, attempt + 1, chance), pool.blockedMs)
    notice({ kind: 'poll-failed', symbol, stream: spec.name, reason: outcome.reason, delayMs })
    later(polled, attempt + 1, delayMs)
  }
  const later = (polled: Poll, attempt: number, delayMs: number): void => {
    const cancel = clock.after(delayMs, () => {
      cancels.delete(cancel)
      start(polled, attempt)
    })
    cancels.add(cancel)
  }
  const start = (polled: Poll, attempt: number): void => {
    const run = ask(polled, attempt).finally(() => running.delete(run))
    running.add(run)
  }
  /** Until the symbol's next turn that is at least half a period away. */
  const untilTurnMs = ({ everyMs }: Poll, turn: number): number => {
    const periodMs = everyMs * pool.stretch
    const earliestMs = clock.nowUs() / 1000 + periodMs / 2
    const period = Math.ceil(earliestMs / periodMs - turn)
    return (period + turn) * periodMs - clock.nowUs() / 1000
  }

  noticeSlowed(polls, pool, notice)
  for (const polled of polls) start(polled, 0)
  return {
    async stop() {
      abort.abort()
      for (const cancel of cancels) cancel()
      for (const release of releases) release()
      await Promise.all(running)
    },
  }
}

/** Each symbol's place in the period of its stream, 0 <= x < 1. */
function turnsOf(polls: readonly Poll[], chance: Chance): Map<Poll, number> {
  const turns = new Map<Poll, number>()
  for (const group of Map.groupBy(polls, ({ spec }) => spec.name).values()) {
    for (const [index, poll] of group.entries()) {
      turns.set(poll, (index + JITTER * chance.next()) / group.length)
    }
  }
  return turns
}

function noticeSlowed(polls: readonly Poll[], pool: RestPool, notice: PollOptions['notice']): void {
  if (pool.stretch === 1) return
  for (const [stream, [first]] of Map.groupBy(polls, ({ spec }) => spec.name)) {
    const { everyMs } = first as Poll
    notice({ kind: 'poll-slowed', stream, everyMs, possibleMs: Math.ceil(everyMs * pool.stretch) })
  }
}
