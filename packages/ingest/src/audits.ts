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
import type { RestPool } from './rest-pool.ts'

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

/**
 * Asks for each book again and again, so that it can be compared with ours at one update: where books begin by REST, which
 * is where a snapshot has the numbers of the stream. Each question is a record before it is sent, since what is heard
 * from then on is needed for the comparison; an answer is a record with the question's number.
 *
 * Books take turns within the period, beginning somewhere in it. They wait behind books that are missing and stretch with
 * the polls when the budget is short. A question that fails is not repeated: the next turn is another one.
 */
export function startAudits(options: AuditOptions): { stop(): Promise<void> } {
  const { market, symbols, streams, everyMs, pool, clock, chance } = options
  const request = market.session.snapshotRequest
  const audited = market.streams.filter(({ name, book }) => book?.origin === 'rest' && streams.includes(name))
  // A key has one book, that of its first book stream.
  const stream = streams
    .map((name) => audited.find((spec) => spec.name === name))
    .find((spec) => spec !== undefined)
  if (everyMs === null || request === null || stream === undefined) return { async stop() {} }
  const abort = new AbortController()
  const running = new Set<Promise<void>>()
  const cancels = new Set<() => void>()
  const releases = symbols.map((symbol) => pool.demand((request(symbol).weight * 60_000) / everyMs))
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
      for (const release of releases) release()
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
