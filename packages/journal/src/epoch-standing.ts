import { join } from 'node:path'
import { goodLines } from './control-lines.ts'
import { type Disk, nodeDisk } from './disk.ts'

/** How far a writer's epochs are, as its control log tells somebody who only looks. */
export interface EpochStanding {
  /** Epochs that are sealed and not in all their tables. */
  readonly pending: number
  /** Last record whose rows are in the tables; 0 when none are. */
  readonly releasedTo: number
}

/**
 * Looks at the control log of a directory, beside its writer or without one; none is a standing of nothing. A line that
 * is being written, or that is damaged, ends the reading, which makes `releasedTo` smaller and never larger.
 */
export async function readEpochStanding(directory: string, disk: Disk = nodeDisk): Promise<EpochStanding> {
  const bytes = (await disk.readWhole(join(directory, 'control.log'))) ?? new Uint8Array(0)
  const ends = new Map<number, number>()
  const released = new Set<number>()
  for (const entry of goodLines(bytes, directory).entries) {
    if (entry.kind === 'seal') ends.set(entry.epoch, entry.to)
    if (entry.kind === 'released') released.add(entry.epoch)
  }
  const releasedTo = Math.max(0, ...[...released].map((epoch) => ends.get(epoch) ?? 0))
  return { pending: [...ends.keys()].filter((epoch) => !released.has(epoch)).length, releasedTo }
}
