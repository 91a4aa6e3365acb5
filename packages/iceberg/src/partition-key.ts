import type { PartitionValue } from './types.ts'

/** One text for each partition of each spec. */
export function partitionKey(specId: number, partition: readonly PartitionValue[]): string {
  return JSON.stringify([specId, ...partition.map(keyOf)])
}

function keyOf(value: PartitionValue): string | null {
  if (value === null) return null
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
  // A whole number is one value, read as number or as bigint.
  return `${typeof value === 'bigint' ? 'number' : typeof value}:${text}`
}
