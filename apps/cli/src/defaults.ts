import { join } from 'node:path'
import { Option } from 'commander'

/** The clone's own folder for what commands write. */
export const HOME = join(import.meta.dirname, '..', '..', '..', '.cryptoflow')
export const DEMO_HOME = join(HOME, 'demo')
export const DEMO_WAREHOUSE = join(DEMO_HOME, 'warehouse')

/** The flag of every command that looks at a warehouse. */
export function warehouseOption(): Option {
  return new Option('--warehouse <dir>', 'warehouse directory').default(DEMO_WAREHOUSE, 'the demo’s')
}
