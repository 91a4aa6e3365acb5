import type { DataFileOffer, EpochItem, TableName, WriterEntry } from '@cryptoflow/model'
import { joins } from './lost-items.ts'
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

/** A writer's items from the first undecided epoch on, as the ledger gave them; empty slots are left out. */
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
  /** Epochs that are passed over without their rows, for their writer to send again under a later one (R16). */
  readonly voided: readonly VoidedEpoch[]
  /** When the oldest request was sealed whose files it brings for the first time; infinite without any. */
  readonly oldestMs: number
  /** Why it must not be committed: what it would bring again may be in the table; null: it may. */
  readonly doubled: string | null
}

/** An epoch that a table passes over, and why. */
export interface VoidedEpoch {
  readonly writer: string
  readonly epoch: number
  readonly why: string
}

/** Why the files of a request must not be appended to a table; null when they may. */
export type VoidOf = (item: RequestItem, files: readonly DataFileOffer[]) => string | null
export type RequestItem = Extract<EpochItem, { kind: 'request' }>

/** The first commit of a table: no rows, an empty map (R8). */
export function genesisBatch(map: DecidedMap): Batch {
  const nothing = { files: [], epochs: new Map(), epochsTotal: 0, bytes: 0, rows: 0, voided: [] }
  return { ...nothing, map, more: true, oldestMs: Number.POSITIVE_INFINITY, doubled: null }
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
  voidOf: VoidOf = () => null,
): Batch | null {
  const queues = backlogs
    .map((backlog) => queueOf(table, map, backlog, voidOf))
    .filter((queue) => queue.length > 0)
  queues.sort((a, b) => a[0]!.sealedAtMs - b[0]!.sealedAtMs)
  const taken = takeInTurn(queues, bounds)
  const files = taken.flatMap((epoch) => epoch.files)
  const voided = taken.flatMap(({ writer, epoch, why }) => (why === null ? [] : [{ writer, epoch, why }]))
  const enough = Math.min(bounds.emptyEpochs, bounds.epochs)
  const isNews = files.length > 0 || voided.length > 0 || taken.some(({ replaces }) => replaces.length > 0)
  const isLittle = !isNews && taken.length < enough
  if (taken.length === 0 || isLittle) return null
  const epochs = new Map(taken.map(({ writer, epoch }) => [writer, epoch]))
  const cut = queues.some((queue) => queue.length > 0)
  return {
    files,
    epochs,
    map: advanced(map, taken, backlogs),
    epochsTotal: taken.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    more: cut || backlogs.some(({ items }) => items.length === bounds.epochs),
    voided,
    oldestMs: Math.min(
      ...taken.filter((each) => each.files.length > 0 && !each.isDone).map(({ sealedAtMs }) => sealedAtMs),
    ),
    doubled: doubledBy(map, taken),
  }
}

interface Waiting {
  readonly writer: string
  readonly epoch: number
  readonly files: readonly DataFileOffer[]
  readonly bytes: number
  readonly sealedAtMs: number
  /** The table had it before, and lost it in a restore (R10). */
  readonly isDone: boolean
  /** Why it is passed over without its files; null: it is not. */
  readonly why: string | null
  /** Void epochs whose rows are in its files. */
  readonly replaces: readonly number[]
}

/** From the first undecided epoch on, without holes but those that cannot have held a row of the table (R4). */
function queueOf(table: TableName, map: DecidedMap, { entry, items }: Backlog, voidOf: VoidOf): Waiting[] {
  const queue: Waiting[] = []
  let decided = (firstUndecided(map, entry) ?? Number.NaN) - 1
  for (const item of items) {
    if (item.kind === 'end') break
    const { request } = item
    if (request.writer !== entry.writer || !joins(table, decided, request)) break
    const offered = request.tables[table] ?? []
    const why = offered.length === 0 ? null : voidOf(item, offered)
    const files = why === null ? offered : []
    const replaces = why === null ? (request.replaces?.[table] ?? []) : []
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    const isDone = item.done[table] !== undefined
    const { epoch, sealedAtMs } = request
    queue.push({ writer: entry.writer, epoch, files, bytes, sealedAtMs, isDone, why, replaces })
    decided = epoch
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
function advanced(map: DecidedMap, taken: readonly Waiting[], backlogs: readonly Backlog[]): DecidedMap {
  const decided = new Map(map.decided)
  const voids = new Map(map.voids)
  for (const each of taken) {
    decided.set(each.writer, each.epoch)
    const own = voidsAfter(voids.get(each.writer), each)
    if (own.size > 0) voids.set(each.writer, own)
    else voids.delete(each.writer)
  }
  for (const { entry } of backlogs) {
    if (entry.state !== 'retired') continue
    if ((map.decided.get(entry.writer) ?? -1) < (entry.lastEpoch ?? 0)) continue
    decided.delete(entry.writer)
    voids.delete(entry.writer)
  }
  return { decided, voids }
}

function voidsAfter(
  voids: ReadonlySet<number> | undefined,
  { epoch, why, replaces }: Waiting,
): ReadonlySet<number> {
  const after = new Set(voids)
  if (why !== null) after.add(epoch)
  for (const replaced of replaces) after.delete(replaced)
  return after
}

/** Rows come again only for epochs that the table has void; anything else was put together from two pasts. */
function doubledBy(map: DecidedMap, taken: readonly Waiting[]): string | null {
  const voids = new Map(map.voids)
  for (const each of taken) {
    const own = voids.get(each.writer)
    const strange = each.replaces.find((epoch) => own?.has(epoch) !== true)
    if (strange !== undefined)
      return `epoch ${each.epoch} of ${each.writer} brings the rows of epoch ${strange} again, which is not void here`
    voids.set(each.writer, voidsAfter(own, each))
  }
  return null
}
