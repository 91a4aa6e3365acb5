import { systemClock } from '@cryptoflow/runtime'
import type { ReplayOptions } from '../src/index.ts'

/** Rows after which both sides write files: as `demo` and `replay` do. */
export const SEAL_ROWS = 500_000

/** Images as they are by default, of books deeper than any in the captures: the plain book needs no cap. */
export const IMAGES = {
  derivedEveryUs: 100_000,
  derivedLevels: 20,
  checkpointEveryUs: 60_000_000,
  depthCap: 20_000,
}

/** What a replay takes here and in a process of its own. */
export function replayOptions(warehouseDirectory: string): ReplayOptions {
  return {
    warehouseDirectory,
    images: IMAGES,
    compression: 'zstd',
    sealRows: SEAL_ROWS,
    speed: null,
    clock: systemClock(),
  }
}
