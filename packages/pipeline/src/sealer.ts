import { replacesOf } from '@cryptoflow/commit'
import type { EpochRequest, TableName } from '@cryptoflow/model'
import { type Clock, CryptoFlowError, sleep } from '@cryptoflow/runtime'
import type { LaneHost } from './lane-host.ts'
import type { Measurement } from './measure.ts'
import type { LastSeal, Publisher } from './publisher.ts'
import type { Recut } from './recut.ts'
import { VERSION } from './version.ts'

export interface SealerParts {
  readonly writer: string
  readonly lane: Pick<LaneHost, 'cut'>
  readonly publisher: Pick<Publisher, 'submit'>
  readonly clock: Clock
  /** Told at once when a request could not be sealed; nothing can be sealed after it. */
  readonly onFailure: (error: unknown) => void
  readonly measure?: (measurement: Measurement) => void
}

/** Turns the lane's rows into epochs: barrier, files, image, then the sealed request to the publisher. */
export interface Sealer {
  /** A barrier at the lane's last record. Nothing happens when no record came since the last one. */
  now(): Promise<void>
  /** Rows that the next request brings again beside its own. */
  bring(recut: Recut): void
  /** The last request that was cut; null: none ever was. Durable once `submitted` returns. */
  readonly last: Pick<LastSeal, 'to' | 'image'> | null
  /** Waits until everything cut so far is accepted; throws what went wrong with it. */
  submitted(): Promise<void>
}

/** How often what found no room on the disk is tried again. */
const FULL_PAUSE_MS = 1_000

/** Whether an operation failed for lack of room alone and left nothing behind: it may be done again. */
export function isNoRoom(error: unknown): boolean {
  return error instanceof CryptoFlowError && error.kind === 'disk' && error.reaction === 'retry'
}

/** What was cut has its files already: the few bytes of its seal are waited for. */
async function retryWhileFull(clock: Clock, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (!isNoRoom(error)) throw error
    }
    await sleep(clock, FULL_PAUSE_MS)
  }
}

/** Requests handed to the publisher and not yet sealed; at this bound cutting waits and the journal grows. */
const SUBMITS_MAX = 4

export function sealer(parts: SealerParts, last: LastSeal | null): Sealer {
  let epoch = (last?.epoch ?? 0) + 1
  let from = (last?.to ?? 0) + 1
  let submits: Promise<void> = Promise.resolve()
  let waiting = 0
  let lastCut: Pick<LastSeal, 'to' | 'image'> | null = last
  let brought: Recut[] = []

  /** In order but not waited for: rows of the next epoch are read meanwhile. */
  const submit = (request: EpochRequest, image: string): void => {
    waiting += 1
    submits = submits.then(async () => {
      await retryWhileFull(parts.clock, () => parts.publisher.submit(request, image))
      waiting -= 1
    })
    submits.catch(parts.onFailure)
  }
  return {
    async now() {
      if (waiting >= SUBMITS_MAX) await submits
      const { to, tables, progress, image, measures } = await parts.lane.cut(epoch)
      parts.measure?.({ kind: 'cut', ...measures })
      if (to < from) return
      const sealedAtMs = Math.floor(parts.clock.nowUs() / 1000)
      const own = { writer: parts.writer, epoch, from, to, tables, progress, sealedAtMs, version: VERSION }
      submit(brought.reduce(withRecut, own), image)
      brought = []
      epoch += 1
      from = to + 1
      lastCut = { to, image }
    },
    bring(recut) {
      brought.push(recut)
    },
    get last() {
      return lastCut
    },
    submitted: () => submits,
  }
}

/** A request that also brings the rows of void epochs. */
function withRecut(request: EpochRequest, { voids, files }: Recut): EpochRequest {
  const tables = { ...request.tables }
  for (const [table, more] of files) tables[table] = [...(tables[table] ?? []), ...more]
  const replaces = { ...request.replaces }
  for (const [table, epochs] of Object.entries(replacesOf(voids)) as [TableName, number[]][]) {
    replaces[table] = [...(replaces[table] ?? []), ...epochs]
    // Without a row there is no file, and yet the table must hear that nothing of them is missing.
    tables[table] ??= []
  }
  return { ...request, tables, replaces }
}
