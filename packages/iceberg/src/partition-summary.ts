import { boundBytes } from './bounds.ts'
import type { PartitionSummary } from './manifest-list.ts'
import { partitionType } from './transforms.ts'
import type { PartitionSpec, PartitionValue, PrimitiveType, Schema } from './types.ts'

type Partition = readonly PartitionValue[]

/** Per partition field the nulls and bounds of all partitions of a manifest, in spec order. */
export function summarizePartitions(
  schema: Schema,
  spec: PartitionSpec,
  partitions: readonly Partition[],
): readonly PartitionSummary[] {
  return spec.fields.map((field, i) =>
    summarize(
      partitionType(schema, field),
      partitions.map((partition) => partition[i] ?? null),
    ),
  )
}

function summarize(type: PrimitiveType, values: readonly PartitionValue[]): PartitionSummary {
  let lower: Exclude<PartitionValue, null> | null = null
  let upper: Exclude<PartitionValue, null> | null = null
  let containsNan = false
  for (const value of values) {
    if (value === null) continue
    if (Number.isNaN(value)) {
      containsNan = true
      continue
    }
    if (lower === null || compare(value, lower) < 0) lower = value
    if (upper === null || compare(value, upper) > 0) upper = value
  }
  return {
    containsNull: values.includes(null),
    containsNan: type === 'float' || type === 'double' ? containsNan : null,
    lower: lower === null ? null : boundBytes(type, lower),
    upper: upper === null ? null : boundBytes(type, upper),
  }
}

/** Iceberg's order: numbers by value, text and bytes by unsigned bytes of UTF-8. */
function compare(a: Exclude<PartitionValue, null>, b: Exclude<PartitionValue, null>): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  return a < b ? -1 : a > b ? 1 : 0
}
