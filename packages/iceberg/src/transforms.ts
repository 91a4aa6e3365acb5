import { type BoundValue, boundBytes, firstCodePoints } from './bounds.ts'
import { IcebergError } from './errors.ts'
import { murmur3 } from './murmur3.ts'
import { minimalDecimalBytes } from './twos-complement.ts'
import type { PartitionField, PartitionValue, PrimitiveType, Schema, Transform } from './types.ts'

const US_PER_HOUR = 3_600_000_000n
const US_PER_DAY = 86_400_000_000n
const MS_PER_DAY = 86_400_000

/**
 * The partition value of a column's value (spec "Partition Transforms"). Dates are days, timestamps us, as
 * number or bigint; decimals unscaled bigint. Null stays null. Throws IcebergError `unsupported` for a
 * transform the type does not have.
 */
export function applyTransform(
  transform: Transform,
  type: PrimitiveType,
  value: BoundValue | null,
): PartitionValue {
  if (value === null || transform === 'void') return null
  switch (transform) {
    case 'identity':
      return value
    case 'year':
      return utcDate(type, value, transform).getUTCFullYear() - 1970
    case 'month': {
      const date = utcDate(type, value, transform)
      return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
    }
    case 'day':
      return daysOf(type, value, transform)
    case 'hour':
      if (!isTimestamp(type)) throw unsupported(transform, type)
      return Number(floorDivide(BigInt(value as number | bigint), US_PER_HOUR))
    default: {
      const width = widthOf(transform)
      return transform.startsWith('bucket') ? bucket(type, value, width) : truncate(type, value, width)
    }
  }
}

/** The type of a transform's values, as partition tuples and their bounds are written. */
export function transformResultType(transform: Transform, source: PrimitiveType): PrimitiveType {
  switch (transform) {
    case 'identity':
    case 'void':
      return source
    case 'day':
      return 'date'
    case 'year':
    case 'month':
    case 'hour':
      return 'int'
    default:
      widthOf(transform)
      return transform.startsWith('truncate') ? source : 'int'
  }
}

/** The type of a partition field's values. Throws IcebergError `unsupported` when the schema lacks the source. */
export function partitionType(schema: Schema, field: PartitionField): PrimitiveType {
  const source = schema.fields.find((candidate) => candidate.id === field.sourceId)
  if (source === undefined) {
    throw new IcebergError('unsupported', 'partition field has no source column of a known type', {
      field: field.name,
    })
  }
  return transformResultType(field.transform, source.type)
}

/** The 32-bit hash behind `bucket[N]` (spec appendix B), signed. */
export function bucketHash(type: PrimitiveType, value: BoundValue): number {
  switch (type) {
    case 'int':
    case 'long':
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return murmur3(boundBytes('long', value))
    case 'string':
    case 'uuid':
    case 'binary':
      return murmur3(boundBytes(type, value))
    case 'boolean':
    case 'float':
    case 'double':
      throw unsupported('bucket', type)
    default:
      return murmur3(minimalDecimalBytes(BigInt(value as number | bigint)))
  }
}

function bucket(type: PrimitiveType, value: BoundValue, count: number): number {
  return (bucketHash(type, value) & 0x7fffffff) % count
}

function truncate(type: PrimitiveType, value: BoundValue, width: number): PartitionValue {
  if (typeof value === 'string' && type === 'string') return firstCodePoints(value, width).join('')
  if (value instanceof Uint8Array && type === 'binary') return value.slice(0, width)
  if (typeof value === 'bigint') return value - floorRemainder(value, BigInt(width))
  const isWholeType = type === 'int' || type === 'long' || type.startsWith('decimal')
  if (typeof value === 'number' && isWholeType) return value - (((value % width) + width) % width)
  throw unsupported('truncate', type)
}

function daysOf(type: PrimitiveType, value: BoundValue, transform: Transform): number {
  if (type === 'date') return Number(value)
  if (!isTimestamp(type)) throw unsupported(transform, type)
  return Number(floorDivide(BigInt(value as number | bigint), US_PER_DAY))
}

function utcDate(type: PrimitiveType, value: BoundValue, transform: Transform): Date {
  return new Date(daysOf(type, value, transform) * MS_PER_DAY)
}

function isTimestamp(type: PrimitiveType): boolean {
  return type === 'timestamp' || type === 'timestamptz'
}

/** N of `bucket[N]` or W of `truncate[W]`. */
function widthOf(transform: Transform): number {
  const match = /^(?:bucket|truncate)\[([1-9]\d{0,8})\]$/.exec(transform)
  if (match === null) throw new IcebergError('unsupported', 'found an unknown transform', { transform })
  return Number(match[1])
}

function floorRemainder(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  return (value - floorRemainder(value, divisor)) / divisor
}

function unsupported(transform: string, type: PrimitiveType): IcebergError {
  return new IcebergError('unsupported', `transform ${transform} is not defined for ${type}`)
}
