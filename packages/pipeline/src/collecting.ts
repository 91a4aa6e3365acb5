import type { BlockFeed, Journal } from '@cryptoflow/journal'
import type { Board } from './board.ts'
import type { CollectOptions } from './collect-options.ts'
import type { Ingests } from './ingests.ts'
import type { LaneProgress } from './lane.ts'
import type { LaneHost } from './lane-host.ts'
import { type Publisher, refuseHalted } from './publisher.ts'
import type { Sealer } from './sealer.ts'

/** The parts of a collecting process behind its sockets. */
export interface Parts {
  readonly options: CollectOptions
  readonly journal: Journal
  /** What is not sealed yet; its channel is the lane's raw channel. */
  readonly feed: BlockFeed
  readonly publisher: Publisher
  readonly lane: LaneHost
  readonly seal: Sealer
  readonly board: Board
}

/** Blocks handed to the lane and not yet answered; what is beyond waits in the raw channel, and on the disk. */
const BLOCKS_IN_FLIGHT_MAX = 8

/** Feeds the lane from the journal, cuts when due, passes on what the books miss. Ends with the journal. */
export async function pump(parts: Parts, ingests: Pick<Ingests, 'want' | 'heard'>): Promise<void> {
  const { options, journal, feed, lane, seal, board } = parts
  const { measure = () => {} } = options
  const inFlight: Promise<void>[] = []
  let rowsWaiting = 0
  let lastCutUs = options.clock.nowUs()

  const take = (progress: LaneProgress): void => {
    rowsWaiting = progress.rowsWaiting
    showProgress(board, progress)
    measure({ kind: 'block', ...progress.measures })
    // While catching up, books may have been mended long ago: what is still missed is asked for once, at the end.
    if (progress.lastRecord <= journal.startRecord) return
    for (const request of progress.wanted) {
      ingests.want(request)
      measure({ kind: 'resync', stream: request })
    }
    ingests.heard(progress)
  }
  const settle = async (keep: number): Promise<void> => {
    while (inFlight.length > keep) await inFlight.shift()
  }
  for (;;) {
    const block = await feed.next()
    if (block === null) break
    board.set('durable', block.last)
    inFlight.push(watched(lane.accept(block).then(take)))
    await settle(BLOCKS_IN_FLIGHT_MAX)
    if (block.first <= journal.startRecord && block.last >= journal.startRecord) {
      await settle(0)
      for (const request of await lane.outstanding()) ingests.want(request)
    }
    const isLate = options.clock.nowUs() - lastCutUs >= options.sealEveryMs * 1000
    if (rowsWaiting < options.sealRows && !isLate) continue
    await settle(0)
    lastCutUs = options.clock.nowUs()
    if (rowsWaiting > 0) await seal.now()
    rowsWaiting = 0
  }
  await settle(0)
  await feed.close()
}

/** A call whose failure is met later, by whoever settles it. */
function watched<T>(call: Promise<T>): Promise<T> {
  call.catch(() => {})
  return call
}

function showProgress(board: Board, progress: LaneProgress): void {
  board.set('read', progress.lastRecord)
  board.set('readTimeUs', progress.lastReceivedUs)
  board.set('rows', progress.rows)
  board.set('gaps', progress.gaps)
  board.set('duplicates', progress.duplicates)
  board.set('deadLetters', progress.deadLetters)
}

/**
 * Committer rounds on the commit clock, never two at once. A round that throws is a bug or a fence, and a table that
 * is halted needs a person: both end the collector loudly; the journal keeps everything.
 */
export function startRounds({ options, publisher }: Parts, fail: (error: unknown) => void): () => void {
  let isRunning = false
  return options.clock.every(options.commitEveryMs, () => {
    if (isRunning) return
    isRunning = true
    publisher
      .round()
      .then((summary) => {
        options.measure?.({ kind: 'round', ...summary.measures })
        refuseHalted(summary)
      })
      .catch(fail)
      .finally(() => {
        isRunning = false
      })
  })
}
