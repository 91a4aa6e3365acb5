import type { DataFileOffer, EpochItem, TableName, WriterEntry } from '@cryptoflow/model'
import type { DecidedMap } from './map.ts'

/** How much one commit takes. A batch may end anywhere: each writer's part is a prefix of what waits. */
export interface BatchBounds {
  /** Epochs of one writer looked at in one round. */
  readonly epochs: number
  readonly files: number
  readonly bytes: number
  /** So many epochs without a file for the table are worth a snapshot of their own; fewer wait for a ride. */
  readonly emptyEpochs: number
}

export const defaultBatchBounds: BatchBounds = {
  epochs: 100,
  files: 2_000,
  bytes: 4 * 2 ** 30,
  emptyEpochs: 1,
}

/** A writer's items from the first undecided epoch on, as the ledger gave them. */
export interface Backlog {
  readonly entry: WriterEntry
  readonly items: readonly EpochItem[]
}

/** One commit's worth of epochs for one table. */
export interface Batch {
  readonly files: readonly DataFileOffer[]
  /** Last epoch of each writer that this commit decides. */
  readonly epochs: ReadonlyMap<string, number>
  /** The table's map once the commit is applied. */
  readonly map: DecidedMap
  readonly epochsTotal: number
  readonly bytes: number
  readonly rows: number
  /** Whether something was left for the next round. */
  readonly more: boolean
}

/** The first commit of a table: no rows, an empty map (R8). */
export function genesisBatch(map: DecidedMap): Batch {
  return { files: [], epochs: new Map(), map, epochsTotal: 0, bytes: 0, rows: 0, more: true }
}

/**
 * First epoch of a writer that a table has yet to decide; null when there can be none.
 *
 * A retired writer whose entry is gone from the map is history (R18); one whose entry lies below its last
 * epoch belongs to a catalog restored from an older copy (R10) and is served like any other.
 */
export function firstUndecided(map: DecidedMap, entry: WriterEntry): number | null {
  const decided = map.decided.get(entry.writer)
  if (entry.state !== 'retired') return (decided ?? 0) + 1
  return decided === undefined || decided >= (entry.lastEpoch ?? 0) ? null : decided + 1
}

/** What to commit next, null when nothing is worth a snapshot. Oldest backlog first, writers in turn. */
export function nextBatch(
  table: TableName,
  map: DecidedMap,
  backlogs: readonly Backlog[],
  bounds: BatchBounds,
): Batch | null {
  const queues = backlogs.map((backlog) => queueOf(table, map, backlog)).filter((queue) => queue.length > 0)
  queues.sort((a, b) => a[0]!.sealedAtMs - b[0]!.sealedAtMs)
  const taken = takeInTurn(queues, bounds)
  const files = taken.flatMap((epoch) => epoch.files)
  const enough = Math.min(bounds.emptyEpochs, bounds.epochs)
  if (taken.length === 0 || (files.length === 0 && taken.length < enough)) return null
  const epochs = new Map(taken.map(({ writer, epoch }) => [writer, epoch]))
  const cut = queues.some((queue) => queue.length > 0)
  return {
    files,
    epochs,
    map: advanced(map, epochs, backlogs),
    epochsTotal: taken.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    more: cut || backlogs.some(({ items }) => items.length === bounds.epochs),
  }
}

interface Waiting {
  readonly writer: string
  readonly epoch: number
  readonly files: readonly DataFileOffer[]
  readonly bytes: number
  readonly sealedAtMs: number
}

/** Only the dense run from the first undecided epoch: `hw` moves by one, over nothing (R4). */
function queueOf(table: TableName, map: DecidedMap, { entry, items }: Backlog): Waiting[] {
  const queue: Waiting[] = []
  let epoch = firstUndecided(map, entry) ?? Number.NaN
  for (const item of items) {
    if (item.kind === 'end') break
    const { request } = item
    if (request.writer !== entry.writer || request.epoch !== epoch) break
    const files = request.tables[table] ?? []
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    queue.push({ writer: entry.writer, epoch, files, bytes, sealedAtMs: request.sealedAtMs })
    epoch += 1
  }
  return queue
}

/** Takes one epoch of each queue in turn until the next would pass a bound; always at least one. */
function takeInTurn(queues: readonly Waiting[][], bounds: BatchBounds): Waiting[] {
  const taken: Waiting[] = []
  let files = 0
  let bytes = 0
  for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
    const queue = queues[turn % queues.length]!
    const next = queue[0]
    if (next === undefined) continue
    const fits = files + next.files.length <= bounds.files && bytes + next.bytes <= bounds.bytes
    if (taken.length > 0 && !fits) break
    files += next.files.length
    bytes += next.bytes
    taken.push(next)
    queue.shift()
  }
  return taken
}

/** The map after the batch; retired writers that it has seen out leave with it (R18). */
function advanced(
  map: DecidedMap,
  epochs: ReadonlyMap<string, number>,
  backlogs: readonly Backlog[],
): DecidedMap {
  const decided = new Map([...map.decided, ...epochs])
  const voids = new Map(map.voids)
  for (const { entry } of backlogs) {
    if (entry.state !== 'retired') continue
    if ((map.decided.get(entry.writer) ?? -1) < (entry.lastEpoch ?? 0)) continue
    decided.delete(entry.writer)
    voids.delete(entry.writer)
  }
  return { decided, voids }
}
