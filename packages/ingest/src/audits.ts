import {
  type AuditNote,
  type ExchangeMarket,
  encodeAnswer,
  encodeNote,
  RecordKind,
  type StreamSpec,
} from '@cryptoflow/model'
import type { Chance, Clock } from '@cryptoflow/runtime'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'
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
  readonly weightPerMinute: number
}

/** Share of the weight that we use at most for audits: polls are worth more, and missing books go before both. */
const AUDIT_SHARE = 0.2

/** Null: nothing is audited, because nobody wants it or no book of these streams begins by REST. */
export function planAudits(
  { session, streams: offered }: ExchangeMarket,
  symbols: readonly string[],
  streams: readonly string[],
  everyMs: number | null,
): AuditPlan | null {
  const request = session.snapshotRequest
  // A key has one book, that of its first book stream.
  const stream = streams
    .map((name) => offered.find((spec) => spec.name === name))
    .find((spec) => spec?.book?.origin === 'rest')
  if (everyMs === null || request === null || stream === undefined) return null
  const weight = symbols.reduce((sum, symbol) => sum + request(symbol).weight, 0)
  const wanted = (weight * MINUTE_MS) / everyMs
  const most = session.restWeightPerMinute.value * WEIGHT_SHARE * AUDIT_SHARE
  const stretch = Math.max(1, wanted / most)
  return { stream, everyMs: everyMs * stretch, weightPerMinute: wanted / stretch }
}

/**
 * Asks for each book again and again, so that it can be compared with ours at one update: where books begin by REST, which
 * is where a snapshot has the numbers of the stream. Each question is a record before it is sent, since what is heard
 * from then on is needed for the comparison; an answer is a record with the question's number.
 *
 * Books take turns within the period, beginning somewhere in it. They wait behind books that are missing and stretch with
 * the polls when the budget is short. A question that fails is not repeated: the next turn is another one.
 */
export function startAudits(options: AuditOptions): { stop(): Promise<void> } {
  const { market, symbols, streams, pool, clock, chance } = options
  const plan = planAudits(market, symbols, streams, options.everyMs)
  if (plan === null) return { async stop() {} }
  const { stream, everyMs } = plan
  const abort = new AbortController()
  const running = new Set<Promise<void>>()
  const cancels = new Set<() => void>()
  const release = pool.demand(plan.weightPerMinute)
  const after = (delayMs: number, symbol: string): void => {
    const cancel = clock.after(delayMs, () => {
      cancels.delete(cancel)
      after(everyMs * pool.stretch, symbol)
      const run = audit(options, stream, symbol, abort.signal).finally(() => running.delete(run))
      running.add(run)
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
      await Promise.all(running)
    },
  }
}

async function audit(
  { market, pool, intake, clock, counters, notice }: AuditOptions,
  { name: stream }: StreamSpec,
  symbol: string,
  signal: AbortSignal,
): Promise<void> {
  const { exchange, market: name, session } = market
  const request = session.snapshotRequest?.(symbol)
  if (request === undefined) return
  const note = (state: AuditNote['state']): number =>
    intake.append(
      RecordKind.audit,
      0,
      clock.nowUs(),
      encodeNote({ exchange, market: name, symbol, stream, state }),
    )
  /** 0: not asked, or the journal has no room. */
  let number = 0
  const url = (): string | null => {
    number = note('asked')
    return number === 0 ? null : session.restUrl + request.path
  }
  const outcome = await pool.ask({ kind: 'poll', weight: request.weight, url, signal })
  if (outcome.kind === 'answered') {
    const context = { exchange, market: name, symbol, stream, resync: 0, status: 200, audit: number }
    intake.append(RecordKind.answer, 0, outcome.receivedUs, encodeAnswer(context, outcome.body))
    counters.snapshots += 1
    return
  }
  if (number !== 0) note('failed')
  if (outcome.kind === 'dropped') return
  counters.snapshotFailures += 1
  notice({ kind: 'snapshot-failed', symbol, reason: `audit: ${outcome.reason}`, delayMs: 0 })
}
