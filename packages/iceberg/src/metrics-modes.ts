import {
  boundBytes,
  boundValue,
  TRUNCATE_LENGTH,
  truncateLower,
  truncateLowerBytes,
  truncateUpper,
  truncateUpperBytes,
} from './bounds.ts'
import { IcebergError } from './errors.ts'
import { numberProperty } from './properties.ts'
import { currentSchema, sortOrderOf } from './snapshots.ts'
import type { ColumnMetrics, Field, PrimitiveType, TableMetadata } from './types.ts'

/**
 * How much is kept of a column's metrics: nothing, counts only, counts and bounds of that length, or all. The lengths
 * are code points of a string and bytes of a binary; other types are never cut.
 */
export type MetricsMode = 'none' | 'counts' | 'full' | { readonly truncate: number }

const DEFAULT = 'write.metadata.metrics.default'
const BY_COLUMN = 'write.metadata.metrics.column.'
/** Columns that get the default mode when no property names one (Java's and PyIceberg's default). */
const INFERRED_COLUMNS_MAX = 100

/**
 * The mode of each column of the current schema by field id, as the table's properties say
 * (`write.metadata.metrics.*`). Without a default, columns behind the first `max-inferred-column-defaults` get none.
 * A column of the sort order keeps bounds though the default is without. Throws IcebergError `refused` for a property
 * that is no mode.
 */
export function metricsModes(metadata: TableMetadata): ReadonlyMap<number, MetricsMode> {
  const { properties } = metadata
  const key = 'write.metadata.metrics.max-inferred-column-defaults'
  const inferred = numberProperty(properties, key, INFERRED_COLUMNS_MAX)
  const sorted = new Set(sortOrderOf(metadata).fields.map(({ sourceId }) => sourceId))
  const modes = new Map<number, MetricsMode>()
  for (const [i, { id, name }] of currentSchema(metadata).fields.entries()) {
    const own = properties[BY_COLUMN + name]
    if (own !== undefined) modes.set(id, parseMode(BY_COLUMN + name, own))
    else if (properties[DEFAULT] !== undefined) modes.set(id, parseMode(DEFAULT, properties[DEFAULT]))
    else modes.set(id, i < inferred ? { truncate: TRUNCATE_LENGTH } : 'none')
    const mode = modes.get(id)
    if (own === undefined && sorted.has(id) && (mode === 'none' || mode === 'counts'))
      modes.set(id, { truncate: TRUNCATE_LENGTH })
  }
  return modes
}

function parseMode(key: string, text: string): MetricsMode {
  const lower = text.toLowerCase()
  if (lower === 'none' || lower === 'counts' || lower === 'full') return lower
  const length = /^truncate\(([1-9]\d{0,8})\)$/.exec(lower)?.[1]
  if (length !== undefined) return { truncate: Number(length) }
  throw new IcebergError('refused', 'reading a metrics mode, found another text', { key, text })
}

/**
 * What a data file's metrics become when the table's modes are applied: to be called on metrics with full bounds,
 * before the file is appended. Columns that the schema does not have keep nothing.
 */
export function trimMetrics<T extends ColumnMetrics>(metadata: TableMetadata, metrics: T): T {
  const modes = metricsModes(metadata)
  const fields = new Map(currentSchema(metadata).fields.map((field) => [field.id, field]))
  const counts = (values: ReadonlyMap<number, number>): Map<number, number> =>
    new Map([...values].filter(([id]) => (modes.get(id) ?? 'none') !== 'none'))
  const bounds = (values: ReadonlyMap<number, Uint8Array>, cut: typeof lowerBound): Map<number, Uint8Array> =>
    new Map(
      [...values].flatMap(([id, bytes]) => {
        const bound = boundIn(modes.get(id) ?? 'none', fields.get(id), bytes, cut)
        return bound === null ? [] : [[id, bound] as const]
      }),
    )
  return {
    ...metrics,
    valueCounts: counts(metrics.valueCounts),
    nullCounts: counts(metrics.nullCounts),
    lowerBounds: bounds(metrics.lowerBounds, lowerBound),
    upperBounds: bounds(metrics.upperBounds, upperBound),
  }
}

function boundIn(
  mode: MetricsMode,
  field: Field | undefined,
  bytes: Uint8Array,
  cut: typeof lowerBound,
): Uint8Array | null {
  if (field === undefined || mode === 'none' || mode === 'counts') return null
  return mode === 'full' ? bytes : cut(field.type, bytes, mode.truncate)
}

function lowerBound(type: PrimitiveType, bytes: Uint8Array, length: number): Uint8Array | null {
  const value = boundValue(type, bytes)
  if (typeof value === 'string') return boundBytes(type, truncateLower(value, length))
  return type === 'binary' ? truncateLowerBytes(bytes, length) : bytes
}

function upperBound(type: PrimitiveType, bytes: Uint8Array, length: number): Uint8Array | null {
  const value = boundValue(type, bytes)
  if (typeof value !== 'string') return type === 'binary' ? truncateUpperBytes(bytes, length) : bytes
  const upper = truncateUpper(value, length)
  return upper === null ? null : boundBytes(type, upper)
}
