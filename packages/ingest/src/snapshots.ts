import { assert, type ExchangeMarket, encodeAnswer, RecordKind } from '@cryptoflow/model'
import { type Backoff, backoffMs, type Chance, type Clock } from '@cryptoflow/runtime'
import type { IngestCounters, IngestNotice, Intake } from './intake.ts'
import type { RestPool } from './rest-pool.ts'

/** A book that must be fetched. A later `resync` of the same key makes earlier ones worthless. */
export interface SnapshotWanted {
  readonly symbol: string
  readonly stream: string
  readonly resync: number
}

export interface SnapshotOptions {
  readonly market: ExchangeMarket
  readonly pool: RestPool
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

/**
 * Fetches the books that are wanted, each key's latest resync only, retries with backoff, and journals each answer
 * with what it answers. Asks nothing where the market has no such request.
 */
export function startSnapshots(options: SnapshotOptions): SnapshotFetcher {
  const { market, pool, intake, clock, chance, backoff, counters, notice } = options
  const request = market.session.snapshotRequest
  const needsRequest = market.streams.some(({ book }) => book?.origin === 'rest')
  assert(request !== null || !needsRequest, 'a book that begins by REST has a request')
  if (request === null) return { want() {}, async stop() {} }
  const wantedByKey = new Map<string, SnapshotWanted>()
  const abort = new AbortController()
  const running = new Set<Promise<void>>()
  const cancels = new Set<() => void>()

  const ask = async (key: string, wanted: SnapshotWanted, attempt: number): Promise<void> => {
    const isWanted = (): boolean => wantedByKey.get(key) === wanted
    const { path, weight } = request(wanted.symbol)
    const url = (): string | null => (isWanted() ? market.session.restUrl + path : null)
    const outcome = await pool.ask({ kind: 'book', weight, url, signal: abort.signal })
    if (outcome.kind === 'dropped') return
    if (outcome.kind === 'answered') {
      const { symbol, stream, resync } = wanted
      const context = {
        exchange: market.exchange,
        market: market.market,
        symbol,
        stream,
        resync,
        status: 200,
      }
      intake.append(RecordKind.answer, 0, outcome.receivedUs, encodeAnswer(context, outcome.body))
      counters.snapshots += 1
      if (isWanted()) wantedByKey.delete(key)
      return
    }
    if (!isWanted()) return
    counters.snapshotFailures += 1
    const delayMs = Math.max(backoffMs(backoff, attempt, chance), pool.blockedMs)
    notice({ kind: 'snapshot-failed', symbol: wanted.symbol, reason: outcome.reason, delayMs })
    const cancel = clock.after(delayMs, () => {
      cancels.delete(cancel)
      start(key, wanted, attempt + 1)
    })
    cancels.add(cancel)
  }
  const start = (key: string, wanted: SnapshotWanted, attempt: number): void => {
    if (wantedByKey.get(key) !== wanted) return
    const run = ask(key, wanted, attempt).finally(() => running.delete(run))
    running.add(run)
  }

  return {
    want(wanted) {
      const key = `${wanted.symbol}\0${wanted.stream}`
      const known = wantedByKey.get(key)
      if (abort.signal.aborted || (known !== undefined && known.resync >= wanted.resync)) return
      wantedByKey.set(key, wanted)
      start(key, wanted, 1)
    },
    async stop() {
      abort.abort()
      for (const cancel of cancels) cancel()
      await Promise.all(running)
    },
  }
}
