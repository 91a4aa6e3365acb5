import { join } from 'node:path'

/** The clone's own folder for what commands write. */
export const HOME = join(import.meta.dirname, '..', '..', '..', '.cryptoflow')
export const DEMO_HOME = join(HOME, 'demo')
export const DEMO_WAREHOUSE = join(DEMO_HOME, 'warehouse')
