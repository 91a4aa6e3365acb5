import type { DataFile } from '@cryptoflow/iceberg'
import type { DataFileOffer } from '@cryptoflow/model'

/** An offered file as Iceberg's manifests want it. Bounds come from hex, field ids from text. */
export function dataFileOf(offer: DataFileOffer, sortOrderId: number): DataFile {
  return {
    location: offer.location,
    bytes: offer.bytes,
    rows: offer.rows,
    partition: offer.partition,
    valueCounts: byFieldId(offer.valueCounts, (count) => count),
    nullCounts: byFieldId(offer.nullCounts, (count) => count),
    lowerBounds: byFieldId(offer.lowerBounds, bytesOf),
    upperBounds: byFieldId(offer.upperBounds, bytesOf),
    splitOffsets: offer.splitOffsets,
    sortOrderId: sortOrderId === 0 ? null : sortOrderId,
  }
}

function byFieldId<T, U>(values: Readonly<Record<string, T>>, as: (value: T) => U): Map<number, U> {
  return new Map(Object.entries(values).map(([id, value]) => [Number(id), as(value)]))
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
