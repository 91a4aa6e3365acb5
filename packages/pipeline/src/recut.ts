import type { VoidRows } from '@cryptoflow/commit'
import { type Journal, listAnchors, openJournalReader, readAnchor, readImage } from '@cryptoflow/journal'
import type { DataFileOffer, ImageOptions, TableName } from '@cryptoflow/model'
import { type Clock, CryptoFlowError, messageOf } from '@cryptoflow/runtime'
import type { FileBounds } from '@cryptoflow/sink'
import { diskStore } from '@cryptoflow/stores'
import type { CollectNotice } from './collect-options.ts'
import { createLane } from './lane.ts'
import type { RoundSummary } from './publisher.ts'
import { NAMESPACE } from './warehouse.ts'

/** A state image of recovery that is still there, and the last record that it holds. */
export interface StateAt {
  readonly to: number
  readonly image: string
}

export interface RecutOptions {
  readonly journal: Pick<Journal, 'id' | 'directory'>
  readonly warehouseDirectory: string
  /** Where the journal does not say how images were made. */
  readonly images: ImageOptions
  readonly compression: 'zstd' | 'snappy'
  readonly fileBounds?: FileBounds | undefined
  readonly clock: Clock
}

/** The rows of void epochs in new files, for a later epoch to bring. */
export interface Recut {
  readonly voids: readonly VoidRows[]
  readonly files: ReadonlyMap<TableName, readonly DataFileOffer[]>
}

/** Rows that are held before they are left out, or become files. */
const ROWS_MAX = 250_000

/**
 * Makes the rows of void epochs again, from the journal that holds their records until they are released (R16): from the
 * latest state before each, over what lies between, of which nothing is kept.
 *
 * Null: the journal's last write holds some of them, and only the next one proves it. Throws a CryptoFlowError: `data`
 * where no state is left to begin from, `disk` for damage.
 */
export async function recut(
  options: RecutOptions,
  voids: readonly VoidRows[],
  states: readonly StateAt[],
): Promise<Recut | null> {
  const { journal, warehouseDirectory, images, compression, fileBounds, clock } = options
  const reader = await openJournalReader(journal.directory)
  if (voids.some(({ to }) => to > reader.last)) return null
  const ranges = [...Map.groupBy(voids, ({ epoch }) => epoch)].sort(([a], [b]) => a - b)
  const first = ranges[0]?.[1][0]?.from ?? 1
  const begin = await stateBefore(journal.directory, first, reader.first, states)
  const store = diskStore({ directory: warehouseDirectory, step: 'file-write' })
  let wanted: ReadonlySet<TableName> = new Set()
  const lane = createLane({
    writer: journal.id,
    namespace: NAMESPACE,
    store,
    discard: store.discard,
    imageDirectory: null,
    image: begin.image,
    images,
    compression,
    fileBounds,
    isImport: false,
    nowUs: clock.nowUs,
    keeps: ({ table }) => wanted.has(table),
  })
  const files = new Map<TableName, DataFileOffer[]>()
  let at = begin.to
  /** Reads on; of the rows only those of `tables` become files, named by an epoch. */
  const readTo = async (to: number, epoch: number, tables: readonly TableName[]): Promise<void> => {
    wanted = new Set(tables)
    const cut = async (): Promise<void> => {
      const { tables: made } = await lane.cut(epoch)
      for (const table of tables) files.set(table, [...(files.get(table) ?? []), ...(made[table] ?? [])])
    }
    if (at >= to) return
    for await (const block of reader.blocks(at + 1, to)) {
      if (lane.accept(block).rowsWaiting >= ROWS_MAX) await cut()
    }
    await cut()
    at = to
  }
  for (const [epoch, own] of ranges) {
    const [{ from, to }] = own as [VoidRows]
    await readTo(from - 1, epoch, [])
    await readTo(
      to,
      epoch,
      own.map(({ table }) => table),
    )
  }
  return { voids, files }
}

/** The latest state below a record that the journal can be read on from. */
async function stateBefore(
  directory: string,
  record: number,
  first: number,
  states: readonly StateAt[],
): Promise<{ readonly to: number; readonly image: Uint8Array | null }> {
  const usable = ({ to }: { to: number }): boolean => to < record && to + 1 >= first
  const found = [
    ...states.map(({ to, image }) => ({ to, read: () => readImage(directory, image) })),
    ...(await listAnchors(directory)).map((anchor) => ({
      to: anchor.to,
      read: () => readAnchor(directory, anchor),
    })),
  ]
  for (const { to, read } of found.filter(usable).sort((a, b) => b.to - a.to)) {
    try {
      return { to, image: await read() }
    } catch (error) {
      // Another one, or the journal's beginning, gives the same rows.
      if (!(error instanceof CryptoFlowError && error.kind === 'disk')) throw error
    }
  }
  if (first === 1) return { to: 0, image: null }
  throw new CryptoFlowError(
    'making rows again found no state of the journal before them, and retention took its beginning',
    { kind: 'data', reaction: 'stop', context: { directory, record, first } },
  )
}

/** Makes the rows of void epochs again, one lot at a time, and hands them on to be sealed. */
export interface Recutter {
  /** Told what every round found. */
  heard(summary: Pick<RoundSummary, 'voids' | 'states'>): void
  /** Resolves when nothing is under way; nothing begins any more. */
  stop(): Promise<void>
}

export interface RecutterParts extends RecutOptions {
  readonly bring: (recut: Recut) => void
  readonly notice: (notice: CollectNotice) => void
}

/** After rows could not be made again: the next attempt. */
const AGAIN_AFTER_US = 600_000_000

export function openRecutter(parts: RecutterParts): Recutter {
  const { clock, bring, notice } = parts
  /** Handed on, or being made; rounds tell of them until the epoch that brings them is sealed. */
  let known = new Set<string>()
  let work: Promise<void> | null = null
  let notBeforeUs = Number.NEGATIVE_INFINITY
  let isStopped = false
  const run = async (voids: readonly VoidRows[], states: readonly StateAt[]): Promise<void> => {
    try {
      const made = await recut(parts, voids, states)
      if (made === null) {
        known = new Set()
        return
      }
      const rows = [...made.files.values()].flat().reduce((sum, file) => sum + file.rows, 0)
      bring(made)
      notice({ kind: 'recut', epochs: new Set(voids.map(({ epoch }) => epoch)).size, rows })
    } catch (error) {
      known = new Set()
      notBeforeUs = clock.nowUs() + AGAIN_AFTER_US
      notice({ kind: 'recut-failed', reason: messageOf(error) })
    }
  }
  return {
    heard({ voids, states }) {
      const told = new Set(voids.map(nameOf))
      known = new Set([...known].filter((name) => told.has(name)))
      const fresh = voids.filter((each) => !known.has(nameOf(each)))
      if (fresh.length === 0 || work !== null || isStopped || clock.nowUs() < notBeforeUs) return
      for (const each of fresh) known.add(nameOf(each))
      work = run(fresh, states).finally(() => {
        work = null
      })
    },
    async stop() {
      isStopped = true
      await work
    },
  }
}

function nameOf({ table, epoch }: VoidRows): string {
  return `${epoch} ${table}`
}
