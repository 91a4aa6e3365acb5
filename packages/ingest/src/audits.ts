import type { Agent } from 'node:http'
import {
  type AnswerContext,
  type AuditNote,
  type Dialer,
  type ExchangeMarket,
  encodeAnswer,
  encodeNote,
  RecordKind,
  type StreamSpec,
} from '@cryptoflow/model'
import type { Chance, Clock } from '@cryptoflow/runtime'
import { subscribeForAudit } from './audit-subscription.ts'
import { CONNECT_SHARE, type ConnectPools } from './connect-pool.ts'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'
import type { IngestLimits } from './limits.ts'
import { type RestPool, WEIGHT_SHARE } from './rest-pool.ts'

const MINUTE_MS = 60_000

export interface AuditOptions {
  readonly market: ExchangeMarket
  readonly symbols: readonly string[]
  /** Names of the streams that are subscribed. */
  readonly streams: readonly string[]
  /** Distance of two audits of one book, milliseconds; null: none is audited. */
  readonly everyMs: number | null
  readonly pool: RestPool
  readonly connectPools: ConnectPools
  readonly dialer: Dialer<Agent>
  readonly limits: IngestLimits
  readonly intake: Intake
  readonly clock: Clock
  readonly chance: Chance
  readonly counters: IngestCounters
  readonly notice: (notice: IngestNotice) => void
}

/** Which books are audited, and how often. */
export interface AuditPlan {
  readonly stream: StreamSpec
  /** Distance of two audits of one book, milliseconds: what was asked for, or what the budget allows. */
  readonly everyMs: number
  /** By REST: what they cost. 0 where each takes a connection of its own. */
  readonly weightPerMinute: number
}

/** Share of what we use of a budget at most for audits: polls are worth more, and missing books go before both. */
const AUDIT_SHARE = 0.2

/** Null: nothing is audited, because nobody wants it or no snapshot has the numbers of one of these streams. */
export function planAudits(
  market: ExchangeMarket,
  symbols: readonly string[],
  streams: readonly string[],
  everyMs: number | null,
): AuditPlan | null {
  // A key has one book, that of its first book stream.
  const stream = streams
    .map((name) => market.streams.find((spec) => spec.name === name))
    .find((spec) => spec !== undefined && spec.book !== null)
  if (everyMs === null || stream === undefined) return null
  return stream.book?.origin === 'rest'
    ? planQuestions(market, symbols, stream, everyMs)
    : planSubscriptions(market, symbols, stream, everyMs)
}

function planQuestions(
  { session }: ExchangeMarket,
  symbols: readonly string[],
  stream: StreamSpec,
  everyMs: number,
): AuditPlan | null {
  const request = session.snapshotRequest
  if (request === null) return null
  const weight = symbols.reduce((sum, symbol) => sum + request(symbol).weight, 0)
  const wanted = (weight * MINUTE_MS) / everyMs
  const most = session.restWeightPerMinute.value * WEIGHT_SHARE * AUDIT_SHARE
  const stretch = Math.max(1, wanted / most)
  return { stream, everyMs: everyMs * stretch, weightPerMinute: wanted / stretch }
}

function planSubscriptions(
  { session }: ExchangeMarket,
  symbols: readonly string[],
  stream: StreamSpec,
  everyMs: number,
): AuditPlan | null {
  const { book, route } = stream
  if (book?.origin !== 'stream' || book.joins === undefined || route === null) return null
  const most = session.connectsPerFiveMinutesMax.value * CONNECT_SHARE * AUDIT_SHARE
  return { stream, everyMs: Math.max(everyMs, (symbols.length * 5 * MINUTE_MS) / most), weightPerMinute: 0 }
}

/**
 * Has each book again and again, so that it can be compared with ours at one update: by REST where books begin so, else
 * by a subscription of its own (`audit-subscription.ts`) where snapshots have the numbers of the stream. Each question is
 * a record before it is sent, since what is heard from then on is needed for the comparison; an answer is a record with
 * the question's number.
 *
 * Books take turns within the period, beginning somewhere in it. By REST they wait behind books that are missing and
 * stretch with the polls when the budget is short. A question that fails is not repeated: the next turn is another one,
 * which is left out while the question before it is still open.
 */
export function startAudits(options: AuditOptions): { stop(): Promise<void> } {
  const { market, symbols, streams, pool, clock, chance } = options
  const plan = planAudits(market, symbols, streams, options.everyMs)
  if (plan === null) return { async stop() {} }
  const { stream, everyMs } = plan
  const abort = new AbortController()
  const running = new Map<string, Promise<void>>()
  const cancels = new Set<() => void>()
  const release = pool.demand(plan.weightPerMinute)
  const after = (delayMs: number, symbol: string): void => {
    const cancel = clock.after(delayMs, () => {
      cancels.delete(cancel)
      after(everyMs * pool.stretch, symbol)
      if (running.has(symbol)) return
      const run = audit(options, stream, symbol, abort.signal).finally(() => running.delete(symbol))
      running.set(symbol, run)
    })
    cancels.add(cancel)
  }
  const first = chance.next()
  for (const [index, symbol] of symbols.entries()) {
    after(everyMs * pool.stretch * ((first + index / symbols.length) % 1), symbol)
  }
  return {
    async stop() {
      abort.abort()
      for (const cancel of cancels) cancel()
      release()
      await Promise.all(running.values())
    },
  }
}

async function audit(
  options: AuditOptions,
  { name: stream, book, route }: StreamSpec,
  symbol: string,
  signal: AbortSignal,
): Promise<void> {
  const { market, intake, clock, counters, notice } = options
  const place = { exchange: market.exchange, market: market.market, symbol, stream }
  const note = (state: AuditNote['state']): number =>
    intake.append(RecordKind.audit, 0, clock.nowUs(), encodeNote({ ...place, state }))
  /** 0: not asked, or the journal has no room. */
  let number = 0
  const question: Question = {
    begin() {
      number = note('asked')
      return number !== 0
    },
    answered(body, receivedUs, about) {
      const context = { ...place, resync: 0, status: 200, audit: number, ...about }
      intake.append(RecordKind.answer, 0, receivedUs, encodeAnswer(context, body))
      counters.snapshots += 1
    },
  }
  const outcome =
    book?.origin === 'rest' || route === null
      ? await askByRest(options, symbol, question, signal)
      : await subscribe(options, { stream, symbol, route }, question, signal)
  if (outcome === 'answered') return
  if (number !== 0) note('failed')
  if (outcome === 'dropped') return
  counters.snapshotFailures += 1
  notice({ kind: 'snapshot-failed', symbol, reason: `audit: ${outcome.reason}`, delayMs: 0 })
}

interface Question {
  /** It is about to be sent; false: it cannot be recorded. */
  begin(): boolean
  answered(body: Uint8Array, receivedUs: number, about: Pick<AnswerContext, 'isFrame'>): void
}

type QuestionEnd = 'answered' | 'dropped' | { readonly reason: string }

async function askByRest(
  { market: { session }, pool }: AuditOptions,
  symbol: string,
  { begin, answered }: Question,
  signal: AbortSignal,
): Promise<QuestionEnd> {
  const request = session.snapshotRequest?.(symbol)
  if (request === undefined) return 'dropped'
  const url = (): string | null => (begin() ? session.restUrl + request.path : null)
  const outcome = await pool.ask({ kind: 'poll', weight: request.weight, url, signal })
  if (outcome.kind !== 'answered') return outcome.kind === 'dropped' ? 'dropped' : outcome
  answered(outcome.body, outcome.receivedUs, {})
  return 'answered'
}

async function subscribe(
  options: AuditOptions,
  about: { readonly stream: string; readonly symbol: string; readonly route: string },
  { begin, answered }: Question,
  signal: AbortSignal,
): Promise<QuestionEnd> {
  const { market, connectPools, limits } = options
  const url = market.session.routes[about.route] as string
  const most = market.session.connectsPerFiveMinutesMax.value
  const end = await subscribeForAudit({
    ...options,
    ...about,
    pool: connectPools.of(url, most, limits.connectEveryMs),
    begin,
    heard: (frame, receivedUs) => answered(frame, receivedUs, { isFrame: true }),
    signal,
  })
  if (end.kind === 'failed') return end
  return end.kind === 'heard' ? 'answered' : 'dropped'
}
