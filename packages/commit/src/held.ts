import { ancestors, type Snapshot, type TableMetadata } from '@cryptoflow/iceberg'
import { commitIdKey, epochsKey, parseProperty } from './map.ts'

/** What main's own history says about our epochs, wherever the map stands (R9). */
export type Held =
  /** `isWhole`: the history goes back to the first snapshot, so a writer that is not named has nothing there. */
  | { readonly kind: 'known'; readonly decided: ReadonlyMap<string, number>; readonly isWhole: boolean }
  /** Part of the history is expired, or was put together by hand. */
  | { readonly kind: 'unknown'; readonly why: string }

/**
 * The last epoch of each writer whose rows main's head descends from.
 *
 *   main:     root <- ... <- s3 {w: 4} <- s4 <- head          4: the nearest snapshot of ours that names w
 *   given up:                  ^-- s5 {w: 5} <- s6 {v: 1} <- the map's snapshot
 *
 * A writer that main's chain does not name is at 0 when the chain is whole. When its beginning is expired, the map still
 * knows it, unless one of the snapshots between the chain and the map's snapshot names it, or is gone.
 */
export function heldEpochs(metadata: TableMetadata): Held {
  const steps = [...ancestors(metadata, metadata.currentSnapshotId)]
  const chain = steps.flatMap((step) => (step.kind === 'snapshot' ? [step.snapshot] : []))
  const picked = chain.find(({ summary }) => summary['source-snapshot-id'] !== undefined)
  if (picked !== undefined)
    return unknown(`snapshot ${picked.snapshotId} of main was picked from another place`)
  const named = epochsIn(chain)
  if (named === null) return unknown('a snapshot of ours on main does not say which epochs it brought')
  if (steps.at(-1)?.kind === 'root') return { kind: 'known', decided: named, isWhole: true }

  const property = parseProperty(metadata)
  if (property === null) return unknown("the beginning of main's history is expired, and there is no map")
  const between = snapshotsUpTo(
    metadata,
    property.snapshot,
    new Set(chain.map(({ snapshotId }) => snapshotId)),
  )
  if (between === null) return unknown("the snapshots between main and the map's are expired")
  const givenUp = epochsIn(between)
  const lost = [...(givenUp?.keys() ?? [])].find((writer) => !named.has(writer))
  if (givenUp === null || lost !== undefined) {
    return unknown(`the beginning of main's history is expired, and with it what it holds of ${lost ?? 'us'}`)
  }
  return { kind: 'known', decided: new Map([...property.decided, ...named]), isWhole: false }
}

/** Newest first; of each writer the newest word counts. Null: a snapshot of ours says nothing. */
function epochsIn(snapshots: readonly Snapshot[]): Map<string, number> | null {
  const epochs = new Map<string, number>()
  for (const { summary } of snapshots) {
    if (summary.operation !== 'append' || summary[commitIdKey] === undefined) continue
    const brought = parsedEpochs(summary[epochsKey])
    if (brought === null) return null
    for (const [writer, epoch] of brought) if (!epochs.has(writer)) epochs.set(writer, epoch)
  }
  return epochs
}

function parsedEpochs(text: string | undefined): [string, number][] | null {
  try {
    const entries = Object.entries<unknown>(JSON.parse(text ?? ''))
    const isWhole = entries.every(([, epoch]) => Number.isSafeInteger(epoch) && (epoch as number) >= 0)
    return isWhole ? (entries as [string, number][]) : null
  } catch {
    return null
  }
}

/** From the map's snapshot back to one of these, newest first; null when the way is not all there. */
function snapshotsUpTo(
  metadata: TableMetadata,
  from: bigint,
  chain: ReadonlySet<bigint>,
): readonly Snapshot[] | null {
  const between: Snapshot[] = []
  for (const step of ancestors(metadata, from)) {
    if (step.kind !== 'snapshot') return null
    if (chain.has(step.snapshot.snapshotId)) return between
    between.push(step.snapshot)
  }
  return null
}

function unknown(why: string): Held {
  return { kind: 'unknown', why }
}

/** Of each writer the highest epoch that one of the maps has. */
export function furthest(...maps: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const decided = new Map<string, number>()
  for (const map of maps) {
    for (const [writer, epoch] of map) decided.set(writer, Math.max(epoch, decided.get(writer) ?? 0))
  }
  return decided
}
