import {
  type AnswerContext,
  type ExchangeMarket,
  encodeAnswer,
  RecordKind,
  type RestRequest,
} from '@cryptoflow/model'
import { type Backoff, backoffMs, type Chance, type Clock } from '@cryptoflow/runtime'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'
import type { Poll, PolledStream } from './plan.ts'
import type { RestPool } from './rest-pool.ts'

/** Share of a symbol's place in the period by which its turn may move: processes must not ask in step. */
const JITTER = 0.5

/** Share of the period up to which a question that fails for ever waits. */
const FAILED_SHARE = 0.25

/** Pages of one answer. The longest lists that are known have two; more than this is a circle. */
const PAGES_MAX = 100

export interface PollOptions {
  readonly market: ExchangeMarket
  readonly polls: readonly Poll[]
  readonly pool: RestPool
  readonly spreadMaxPercent?: number | undefined
  readonly intake: Intake
  readonly clock: Clock
  readonly chance: Chance
  readonly backoff: Backoff
  readonly counters: IngestCounters
  readonly notice: (notice: IngestNotice) => void
}

/** How asking for all pages ended. `failed`: those before the one that failed are recorded. */
type Ending =
  | { readonly kind: 'answered' }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Asks for every polled stream, at once as far as the pool's budget allows, then at the symbol's turn: the symbols
 * of a stream are spread evenly over its period, which begins on multiples of itself. After a failure the next
 * question waits by backoff instead, and begins with the first page again. A question is never asked twice at the same
 * time. Each page is a record, once for every stream that is due.
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

  /** When each stream was last answered whole, microseconds. */
  const answeredUs = new Map<PolledStream, number>()
  /** A stream that wants fewer answers than another takes the one that comes nearest to its own distance. */
  const isDue = (stream: PolledStream, { everyMs }: Poll): boolean => {
    const sinceMs = (clock.nowUs() - (answeredUs.get(stream) ?? Number.NEGATIVE_INFINITY)) / 1000
    return stream.everyMs === everyMs || sinceMs >= (stream.everyMs - everyMs / 2) * pool.stretch
  }

  const askPages = async ({ poll, symbol }: Poll, due: readonly PolledStream[]): Promise<Ending> => {
    let page: RestRequest | null = poll.request(symbol)
    for (let count = 1; page !== null; count++) {
      const { path, weight }: RestRequest = page
      const url = (): string => market.session.restUrl + path
      const outcome = await pool.ask({ kind: 'poll', weight, url, signal: abort.signal })
      if (outcome.kind === 'dropped') return outcome
      const where = count === 1 ? '' : `page ${count}: `
      if (outcome.kind === 'failed') return { kind: 'failed', reason: where + outcome.reason }
      for (const { name: stream } of due) {
        const payload = encodeAnswer(contextOf(options, symbol, stream), outcome.body)
        intake.append(RecordKind.answer, 0, outcome.receivedUs, payload)
        counters.polls += 1
      }
      page = poll.nextPage?.(symbol, outcome.body) ?? null
      if (page?.path === path) return { kind: 'failed', reason: `${where}names itself as the next page` }
      if (page !== null && count === PAGES_MAX)
        return { kind: 'failed', reason: `more than ${PAGES_MAX} pages` }
    }
    return { kind: 'answered' }
  }
  const ask = async (polled: Poll, attempt: number): Promise<void> => {
    const { symbol } = polled
    const due = polled.streams.filter((stream) => isDue(stream, polled))
    const ending = await askPages(polled, due)
    if (ending.kind === 'dropped') return
    if (ending.kind === 'answered') {
      for (const stream of due) answeredUs.set(stream, clock.nowUs())
      later(polled, 0, untilTurnMs(polled, turns.get(polled) as number))
      return
    }
    counters.pollFailures += 1
    const patient = { ...backoff, maxMs: Math.max(backoff.maxMs, polled.everyMs * FAILED_SHARE) }
    const delayMs = Math.max(backoffMs(patient, attempt + 1, chance), pool.blockedMs)
    const { reason } = ending
    for (const { name: stream } of due) notice({ kind: 'poll-failed', symbol, stream, reason, delayMs })
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

/** The streams that share a question have their turns with the first of them. */
function nameOf({ streams }: Poll): string {
  return (streams[0] as PolledStream).name
}

function contextOf({ market, spreadMaxPercent }: PollOptions, symbol: string, stream: string): AnswerContext {
  const key = { exchange: market.exchange, market: market.market, symbol, stream }
  const table = market.streams.find(({ name }) => name === stream)?.table
  const isImage = table === 'spot_ob' || table === 'futures_ob'
  const checked = isImage && spreadMaxPercent !== undefined ? { spreadMaxPercent } : {}
  return { ...key, resync: 0, status: 200, ...checked }
}

/** Each symbol's place in the period of its stream, 0 <= x < 1. */
function turnsOf(polls: readonly Poll[], chance: Chance): Map<Poll, number> {
  const turns = new Map<Poll, number>()
  for (const group of Map.groupBy(polls, nameOf).values()) {
    for (const [index, poll] of group.entries()) {
      turns.set(poll, (index + JITTER * chance.next()) / group.length)
    }
  }
  return turns
}

function noticeSlowed(polls: readonly Poll[], pool: RestPool, notice: PollOptions['notice']): void {
  if (pool.stretch === 1) return
  for (const [first] of Map.groupBy(polls, nameOf).values()) {
    for (const { name: stream, everyMs } of first?.streams ?? [])
      notice({ kind: 'poll-slowed', stream, everyMs, possibleMs: Math.ceil(everyMs * pool.stretch) })
  }
}
