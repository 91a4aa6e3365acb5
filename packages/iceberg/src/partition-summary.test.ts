import { describe, expect, it } from 'vitest'
import { boundBytes } from './bounds.ts'
import { summarizePartitions } from './partition-summary.ts'
import type { PartitionValue, PrimitiveType } from './types.ts'

describe('the summary of a manifest’s partitions', () => {
  it.each<[PrimitiveType, PartitionValue[], PartitionValue, PartitionValue]>([
    ['int', [5, -7, 100], -7, 100],
    // In UTF-16 order the last would be first.
    ['string', ['b', '\uffff', '😀'], 'b', '😀'],
    ['binary', [Uint8Array.of(200), Uint8Array.of(3, 1)], Uint8Array.of(3, 1), Uint8Array.of(200)],
    ['decimal(38,18)', [-(10n ** 30n), 5n], -(10n ** 30n), 5n],
    ['double', [2, Number.NaN, -1], -1, 2],
  ])('has the bounds of %s values in Iceberg’s order', (type, values, lower, upper) => {
    expect(summarize(type, values)).toEqual({
      containsNull: false,
      containsNan: type === 'double' ? true : null,
      lower: boundBytes(type, lower!),
      upper: boundBytes(type, upper!),
    })
  })

  it('says when there are nulls, and has no bounds when there is nothing else', () => {
    expect(summarize('int', [null, 4])).toMatchObject({ containsNull: true, lower: boundBytes('int', 4) })
    expect(summarize('int', [null])).toEqual({
      containsNull: true,
      containsNan: null,
      lower: null,
      upper: null,
    })
  })
})

function summarize(type: PrimitiveType, values: readonly PartitionValue[]) {
  const schema = { schemaId: 0, fields: [{ id: 1, name: 'c', required: false, type }] }
  const spec = {
    specId: 0,
    fields: [{ sourceId: 1, fieldId: 1000, name: 'c', transform: 'identity' as const }],
  }
  return summarizePartitions(
    schema,
    spec,
    values.map((value) => [value]),
  )[0]
}
