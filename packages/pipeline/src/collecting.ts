import type { BlockFeed, Journal } from '@cryptoflow/journal'
import { type Clock, sleep } from '@cryptoflow/runtime'
import { openAlarmTeller } from './alarm-teller.ts'
import type { Board } from './board.ts'
import type { CollectOptions } from './collect-options.ts'
import type { Ingests } from './ingests.ts'
import type { LaneProgress } from './lane.ts'
import type { RewindableLane } from './lane-host.ts'
import { type Publisher, refuseHalted } from './publisher.ts'
import { openRecutter } from './recut.ts'
import { isNoRoom, type Sealer } from './sealer.ts'

/** The parts of a collecting process behind its sockets. */
export interface Parts {
  readonly options: CollectOptions
  readonly journal: Journal
  /** What is not sealed yet; its channel is the lane's raw channel. */
  readonly feed: BlockFeed
  readonly publisher: Publisher
  readonly lane: RewindableLane
  readonly seal: Sealer
  readonly board: Board
}

/** Blocks handed to the lane and not yet answered; what is beyond waits in the raw channel, and on the disk. */
const BLOCKS_IN_FLIGHT_MAX = 8

/** Between a cut that found no room and the next one. */
const NO_ROOM_PAUSE_MS = 1_000

/**
 * Feeds the lane from the journal, cuts when due, passes on what the books miss. Ends with the journal. A cut that
 * finds no room is forgotten: the lane begins again from the last seal, the frames are read from the journal, and the
 * next cut has half of the rows at most (K8), until one succeeds.
 */
export async function pump(parts: Parts, ingests: Pick<Ingests, 'want' | 'heard'>): Promise<void> {
  const { options, feed, lane, seal } = parts
  const reading: Reading = { rowsMax: options.sealRows, before: noTotals }
  while (!(await feedLane(parts, ingests, reading))) {
    options.notice({ kind: 'no-room', what: 'seal', rows: reading.rowsMax })
    // What was cut before has its files, and must be sealed first.
    await seal.submitted()
    await lane.rewind(seal.last?.image ?? null)
    feed.rewind((seal.last?.to ?? 0) + 1)
    await sleep(options.clock, NO_ROOM_PAUSE_MS)
  }
  await feed.close()
}

/** What a lane counts from its beginning. */
type Totals = Pick<LaneProgress, 'rows' | 'gaps' | 'duplicates' | 'deadLetters'>
const noTotals: Totals = { rows: 0, gaps: 0, duplicates: 0, deadLetters: 0 }

interface Reading {
  /** Rows from which a cut is due; the bound that was told, or less after a cut that found no room. */
  rowsMax: number
  /** Up to the last cut. */
  before: Totals
}

/** Reads from the last cut on; false when a cut found no room, true at the journal's end. */
async function feedLane(
  { options, journal, feed, lane, seal, board }: Parts,
  ingests: Pick<Ingests, 'want' | 'heard'>,
  reading: Reading,
): Promise<boolean> {
  const { measure = () => {} } = options
  const { before } = reading
  const inFlight: Promise<void>[] = []
  let totals = before
  let rowsWaiting = 0
  let bytesSinceCut = 0
  let lastCutUs = options.clock.nowUs()

  const take = (progress: LaneProgress, isAgain: boolean): void => {
    rowsWaiting = progress.rowsWaiting
    totals = added(before, progress)
    board.set('read', progress.lastRecord)
    board.set('readTimeUs', progress.lastReceivedUs)
    // What is read again was counted and told.
    if (isAgain) return
    showTotals(board, totals)
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
  /** Hands the next block to the lane; false at the journal's end. */
  const handOn = async (): Promise<boolean> => {
    const isAgain = feed.cursor <= feed.readTo
    const block = await feed.next()
    if (block === null) return false
    board.set('durable', feed.readTo)
    bytesSinceCut += block.bytes.length
    inFlight.push(watched(lane.accept(block).then((progress) => take(progress, isAgain))))
    await settle(BLOCKS_IN_FLIGHT_MAX)
    if (!isAgain && block.first <= journal.startRecord && block.last >= journal.startRecord) {
      await settle(0)
      for (const request of await lane.outstanding()) ingests.want(request)
    }
    return true
  }
  let ready = watched(feed.ready())
  for (;;) {
    // A full disk, or a quiet market, brings no block; what is here is cut all the same.
    const lateMs = options.sealEveryMs - (options.clock.nowUs() - lastCutUs) / 1000
    if (await isWithin(ready, lateMs, options.clock)) {
      if (!(await handOn())) break
      ready = watched(feed.ready())
    }
    const isLate = options.clock.nowUs() - lastCutUs >= options.sealEveryMs * 1000
    // Texts and bytes of rows are no longer than the records that they come from.
    const isLarge = bytesSinceCut >= (options.sealBytes ?? Number.POSITIVE_INFINITY)
    if (rowsWaiting < reading.rowsMax && !isLate && !isLarge) continue
    await settle(0)
    lastCutUs = options.clock.nowUs()
    bytesSinceCut = 0
    if (rowsWaiting === 0) continue
    if (!(await hasRoom(seal))) {
      reading.rowsMax = Math.max(1, Math.floor(rowsWaiting / 2))
      return false
    }
    reading.rowsMax = Math.min(options.sealRows, reading.rowsMax * 2)
    reading.before = totals
    rowsWaiting = 0
  }
  await settle(0)
  return true
}

/** Cuts; false when there was no room. */
async function hasRoom(seal: Sealer): Promise<boolean> {
  try {
    await seal.now()
    return true
  } catch (error) {
    if (!isNoRoom(error)) throw error
    return false
  }
}

/** Whether something is done before this time has passed. */
function isWithin(done: Promise<void>, ms: number, clock: Clock): Promise<boolean> {
  if (ms <= 0) return Promise.resolve(false)
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(false))
    done.finally(cancel).then(() => resolve(true), reject)
  })
}

/** A call whose failure is met later, by whoever settles it. */
function watched<T>(call: Promise<T>): Promise<T> {
  call.catch(() => {})
  return call
}

function added(a: Totals, b: Totals): Totals {
  return {
    rows: a.rows + b.rows,
    gaps: a.gaps + b.gaps,
    duplicates: a.duplicates + b.duplicates,
    deadLetters: a.deadLetters + b.deadLetters,
  }
}

function showTotals(board: Board, { rows, gaps, duplicates, deadLetters }: Totals): void {
  board.set('rows', rows)
  board.set('gaps', gaps)
  board.set('duplicates', duplicates)
  board.set('deadLetters', deadLetters)
}

/**
 * Committer rounds on the commit clock, never two at once. A round that throws is a bug or a fence, and a table that
 * is halted needs a person: both end the collector loudly; the journal keeps everything.
 */
export function startRounds(
  { options, publisher, journal, seal }: Pick<Parts, 'options' | 'publisher' | 'journal' | 'seal'>,
  fail: (error: unknown) => void,
): () => Promise<void> {
  let isRunning = false
  const tellAlarms = openAlarmTeller(options.clock, options.notice)
  const { clock, notice, images, compression, fileBounds, warehouseDirectory } = options
  const making = { journal, warehouseDirectory, images, compression, fileBounds, clock }
  const recutter = openRecutter({ ...making, bring: seal.bring, notice })
  const cancel = options.clock.every(options.commit.everyMs, () => {
    if (isRunning) return
    isRunning = true
    publisher
      .round()
      .then((summary) => {
        options.measure?.({ kind: 'round', ...summary.measures })
        tellAlarms(summary.measures.alarms)
        if (summary.failed !== null) notice({ kind: 'commit-failed', ...summary.failed })
        if (summary.trouble !== null) notice({ kind: 'ledger-away', reason: summary.trouble })
        for (const { why: reason, ...each } of summary.measures.voided)
          notice({ kind: 'voided', ...each, reason })
        recutter.heard(summary)
        refuseHalted(summary)
      })
      .catch((error) => {
        if (isNoRoom(error)) options.notice({ kind: 'no-room', what: 'commit', rows: 0 })
        else fail(error)
      })
      .finally(() => {
        isRunning = false
      })
  })
  return () => {
    cancel()
    return recutter.stop()
  }
}
