import { mkdtempSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock } from '@cryptoflow/runtime'
import { type Contents, contentsOf } from './contents.ts'

/** Replays everything once more into the warehouse that it is given. */
export type ReplayInto = (warehouse: string) => Promise<void>

/**
 * What a second replay comes to, in a warehouse beside the first, where there is room for it, that is gone afterwards.
 */
export async function replayedAgain(
  warehouse: string,
  writers: readonly string[],
  clock: Clock,
  replay: ReplayInto,
): Promise<Contents> {
  const directory = mkdtempSync(`${resolve(warehouse)}-verify-`)
  try {
    await replay(directory)
    return await contentsOf(directory, writers, clock)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
