import type { Market } from '@cryptoflow/model'
import type { declaration } from './declaration.ts'
import type { ValueOf } from './node.ts'

type Declared = ValueOf<typeof declaration>

/** What is collected of one market; its market is decided. */
export type CollectorConfig = Omit<Declared['collectors'][number], 'market'> & { readonly market: Market }

/**
 * What one collecting process is told: checked, complete and frozen. Times are milliseconds, sizes are bytes, names
 * are those of the file in camelCase. Maps have no prototype: a name may be `constructor`.
 */
export type Config = Omit<Declared, 'collectors'> & { readonly collectors: readonly CollectorConfig[] }
