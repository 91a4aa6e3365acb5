import { freeBytes, REFUSED, type RetentionPolicy } from '@cryptoflow/journal'
import { encodeNote, RecordKind } from '@cryptoflow/model'
import { messageOf, type TimeJump, watchTime } from '@cryptoflow/runtime'
import type { Parts } from './collecting.ts'
import { openDiskForecast } from './disk-forecast.ts'
import type { Ingests } from './ingests.ts'

/** What keeps a collecting process going: old segments go, a full disk is waited out, jumps of time are met. */
export interface Keeper {
  /** The disk is full. */
  full(): void
  /** Time did not pass as it should: connections are taken for stale and opened anew. */
  jumped(jump: TimeJump): void
  /** Ends everything; resolves when nothing is under way. */
  stop(): Promise<void>
}

const RETENTION_DEFAULT: RetentionPolicy = { days: 7, bytes: 20_000_000_000 }
const RETIRE_EVERY_MS = 60_000
const FORECAST_EVERY_MS = 10_000
/** How often a full disk is looked at again. */
const RESUME_EVERY_MS = 1_000
/** How often the room beside the reserve is looked at. */
const ROOM_EVERY_MS = 1_000

/**
 * Images are given up below this many times the reserve that stands, and made again above that many: far enough apart
 * that what the images took does not bring them back. Without a reserve nobody wants to be warned.
 */
const LOW_RESERVES = 2
const EASED_RESERVES = 4

/**
 * Deletes segments whose rows are all committed when they are old or many, and takes a full disk as the commit
 * protocol says (K7): while it fills, images of our own books are given up, since the deltas are still stored; when it
 * is full sockets are closed, sealing and committing go on from the reserve, released segments are
 * deleted, and hearing begins again when there is room. Connections that lived through a jump of time are replaced.
 */
export function keepGoing(
  { options, journal, board }: Pick<Parts, 'options' | 'journal' | 'board'>,
  ingests: Pick<Ingests, 'pause' | 'resume'>,
  fail: (error: unknown) => void,
): Keeper {
  const { clock, notice } = options
  const policy = options.journal?.retention ?? RETENTION_DEFAULT
  let isStopped = false
  let work: Promise<void> = Promise.resolve()
  let cancelWait = (): void => {}

  const retire = async (): Promise<void> => {
    try {
      const gone = await journal.retire(board.get('retirable'), policy)
      const bytes = gone.reduce((sum, segment) => sum + segment.bytes, 0)
      if (gone.length > 0) notice({ kind: 'retired', segments: gone.length, bytes })
    } catch (error) {
      notice({ kind: 'retention-failed', reason: messageOf(error) })
    }
  }
  /** One thing at a time; nothing begins after a stop. */
  const then = (next: () => Promise<void>): void => {
    work = work.then(() => (isStopped ? undefined : next())).catch(fail)
  }
  const disk = openDiskForecast()
  const foresee = async (): Promise<void> => {
    const free = await freeBytes(journal.directory)
    disk.look(clock.nowUs(), free)
    const seconds = disk.fullInSeconds()
    board.set('freeBytes', free)
    board.set('fullInSeconds', Number.isFinite(seconds) ? seconds : 0)
  }
  let isLow = false
  const lookForRoom = async (): Promise<void> => {
    const free = await freeBytes(journal.directory)
    const isNowLow = free < journal.reserve.targetBytes * (isLow ? EASED_RESERVES : LOW_RESERVES)
    if (isNowLow === isLow) return
    const note = encodeNote({ made: !isNowLow })
    if (journal.append(RecordKind.images, 0, clock.nowUs(), note) === REFUSED) return
    isLow = isNowLow
    notice({ kind: isLow ? 'disk-low' : 'disk-eased', freeBytes: free })
  }
  const tryResume = async (): Promise<void> => {
    await retire()
    const hole = await journal.tryResume()
    if (hole === null) waitForRoom()
    else {
      notice({ kind: 'disk-resumed', refused: hole.records, seconds: (hole.toUs - hole.fromUs) / 1e6 })
      ingests.resume()
    }
  }
  const waitForRoom = (): void => {
    if (!isStopped) cancelWait = clock.after(RESUME_EVERY_MS, () => then(tryResume))
  }

  const { bytes, wantedBytes, targetBytes } = journal.reserve
  if (targetBytes < wantedBytes) notice({ kind: 'reserve-short', bytes, wantedBytes })
  const cancelForecast = clock.every(FORECAST_EVERY_MS, () => void foresee().catch(() => {}))
  const cancelRetire = clock.every(RETIRE_EVERY_MS, () => then(retire))
  const cancelRoom = clock.every(ROOM_EVERY_MS, () => then(lookForRoom))
  then(retire)
  const keeper: Keeper = {
    full() {
      notice({ kind: 'disk-full', directory: journal.directory })
      then(async () => {
        await ingests.pause('disk_full')
        waitForRoom()
      })
    },
    jumped(jump) {
      notice({ kind: 'time-jump', what: jump.kind, seconds: jump.us / 1e6 })
      then(async () => {
        if (journal.isFull) return
        await ingests.pause(jump.kind)
        ingests.resume()
      })
    },
    async stop() {
      isStopped = true
      cancelWatch()
      cancelForecast()
      cancelRetire()
      cancelRoom()
      cancelWait()
      await work
    },
  }
  const cancelWatch = watchTime(clock, keeper.jumped, options.timeSources)
  return keeper
}
