import { join } from 'node:path'

/** The clone's own folder for what commands write. */
export const HOME = join(import.meta.dirname, '..', '..', '..', '.cryptoflow')
export const DEMO_HOME = join(HOME, 'demo')
export const DEMO_WAREHOUSE = join(DEMO_HOME, 'warehouse')

/** Emission defaults of the data contract (docs/tables.md). */
export const images = {
  derivedEveryUs: 100_000,
  derivedLevels: 20,
  checkpointEveryUs: 60_000_000,
  depthCap: 2000,
} as const

/** Streams that a spot collection subscribes. */
export const STREAMS = ['trade', 'depth@100ms'] as const
