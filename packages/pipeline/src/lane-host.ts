import { Worker } from 'node:worker_threads'
import { readImage, withBallast } from '@cryptoflow/journal'
import type { ImageOptions, JournalBlock, ObjectStore } from '@cryptoflow/model'
import type { SnapshotRequest } from '@cryptoflow/normalize'
import { systemClock } from '@cryptoflow/runtime'
import type { FileBounds } from '@cryptoflow/sink'
import { diskStore } from '@cryptoflow/stores'
import { openBoard } from './board.ts'
import type { BookCheck } from './book-checks.ts'
import { callThread } from './calls.ts'
import { type CrashDrill, crashProbe } from './drill.ts'
import { type Cut, createLane, type Lane, type LaneProgress } from './lane.ts'
import type { FrameTally } from './tally.ts'
import { NAMESPACE } from './warehouse.ts'

/** Everything a lane needs, as plain data that crosses threads. */
export interface LaneConfig {
  readonly writer: string
  readonly warehouseDirectory: string
  readonly imageDirectory: string | null
  /** Hash of the image to begin from; null: the journal's beginning. */
  readonly image: string | null
  readonly images: ImageOptions
  readonly isOwnImages?: boolean
  readonly compression: 'zstd' | 'snappy'
  readonly fileBounds?: FileBounds | undefined
  readonly isImport: boolean
  readonly board: SharedArrayBuffer
  readonly drill: CrashDrill | null
}

/** A lane inline or in a thread of its own: the same calls, answered in the order they are made. */
export interface LaneHost {
  accept(block: JournalBlock): Promise<LaneProgress>
  outstanding(): Promise<readonly SnapshotRequest[]>
  cut(epoch: number): Promise<Cut>
  tally(): Promise<FrameTally>
  books(): Promise<BookCheck[]>
  close(): Promise<void>
}

/** A lane that can be thrown away with what it has in memory, and begun again. */
export interface RewindableLane extends Pick<LaneHost, 'accept' | 'cut' | 'close'> {
  /** Snapshot requests that the state waits for which is the latest that was ever reached. */
  outstanding(): Promise<readonly SnapshotRequest[]>
  /** Goes on from this state image; null: from the journal's beginning. Everything handed in must be answered. */
  rewind(image: string | null): Promise<void>
}

export function openRewindableLane(config: LaneConfig, threads: 0 | 1): Promise<RewindableLane> {
  return rewindable((image) => openLane({ ...config, image }, threads), config.image)
}

/** A lane that is opened anew at every rewind, from the state image of that hash. */
export async function rewindable(
  open: (image: string | null) => Promise<LaneHost>,
  from: string | null,
): Promise<RewindableLane> {
  let lane = await open(from)
  let readTo = 0
  /** Until the lane stands again where it stood before. */
  let behind: PromiseWithResolvers<void> | null = null
  let rewinding: Promise<void> = Promise.resolve()
  const rewind = async (image: string | null): Promise<void> => {
    behind ??= Promise.withResolvers()
    // Calls are answered in order: after this one nobody waits for the old lane.
    await lane.outstanding()
    await lane.close()
    lane = await open(image)
  }
  return {
    accept(block) {
      const progress = lane.accept(block)
      if (block.last >= readTo) {
        readTo = block.last
        behind?.resolve()
        behind = null
      }
      return progress
    },
    outstanding: () => (behind === null ? lane.outstanding() : behind.promise.then(() => lane.outstanding())),
    cut: (epoch) => lane.cut(epoch),
    async close() {
      await rewinding.catch(() => {})
      await lane.close()
    },
    rewind(image) {
      rewinding = rewind(image)
      return rewinding
    },
  }
}

/** Builds the lane that a config describes, in the calling thread. */
export async function buildLane(config: LaneConfig): Promise<Lane> {
  const { imageDirectory } = config
  const board = openBoard(config.board)
  const probe = config.drill === null ? {} : { probe: crashProbe(config.drill, board) }
  const image =
    config.image === null || imageDirectory === null ? null : await readImage(imageDirectory, config.image)
  const store = diskStore({ directory: config.warehouseDirectory, step: 'file-write', ...probe })
  return createLane({
    ...config,
    namespace: NAMESPACE,
    store: imageDirectory === null ? store : fromReserve(imageDirectory, store),
    discard: store.discard,
    image,
    nowUs: systemClock().nowUs,
    ...probe,
  })
}

/** A full disk must still take the files of what it holds: the journal's reserve is for that (K7). */
function fromReserve(journalDirectory: string, store: ObjectStore): ObjectStore {
  return { ...store, put: (key, bytes) => withBallast(journalDirectory, () => store.put(key, bytes)) }
}

export async function openLane(config: LaneConfig, threads: 0 | 1): Promise<LaneHost> {
  if (threads === 1) return openLaneThread(config)
  return inline(await buildLane(config))
}

/** A lane in the calling thread. */
export function inline(lane: Lane): LaneHost {
  return {
    accept: async (block) => lane.accept(block),
    outstanding: async () => lane.outstanding(),
    cut: (epoch) => lane.cut(epoch),
    tally: async () => lane.tally(),
    books: async () => lane.books(),
    close: async () => {},
  }
}

async function openLaneThread(config: LaneConfig): Promise<LaneHost> {
  const worker = new Worker(new URL('./lane-thread.ts', import.meta.url), { workerData: config })
  const thread = callThread(worker)
  await thread.call('open')
  return {
    accept(block) {
      // The journal goes on using its buffer; the copy belongs to the thread, without another copy. Not slice(): a
      // compressed block from the disk is a Buffer, whose slice is a view of memory that cannot be given away.
      const bytes = new Uint8Array(block.bytes)
      return thread.call('accept', { ...block, bytes }, [bytes.buffer])
    },
    outstanding: () => thread.call('outstanding'),
    cut: (epoch) => thread.call('cut', epoch),
    tally: () => thread.call('tally'),
    books: () => thread.call('books'),
    close: () => thread.close(),
  }
}
