import type { StreamSpec, TableName } from '@cryptoflow/model'

/** Tables of what happens only now and then: nobody may have to trade, and nobody may have to be liquidated. */
const rareTables: ReadonlySet<TableName> = new Set(['ticks', 'liquidations'])

/**
 * Within how many milliseconds a stream of a connection must be heard first: what the caller says, else `withinMs`
 * for books, quotes and prices; null, for ever, for trades and liquidations.
 */
export function expectationMs(
  spec: StreamSpec,
  withinMs: number,
  said: Readonly<Record<string, number | null>>,
): number | null {
  if (Object.hasOwn(said, spec.name)) return said[spec.name] as number | null
  return rareTables.has(spec.table) ? null : withinMs
}
