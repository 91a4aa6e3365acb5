import { type BoundValue, boundBytes, firstCodePoints } from './bounds.ts'
import { IcebergError } from './errors.ts'
import { murmur3 } from './murmur3.ts'
import type { PartitionField, PartitionValue, PrimitiveType, Schema, Transform } from './types.ts'

const US_PER_HOUR = 3_600_000_000n
const US_PER_DAY = 86_400_000_000n
const DAYS_TO_1970_FROM_MARCH_0000 = 719_468
const DAYS_PER_ERA = 146_097

/**
 * The partition value of a column's value (spec "Partition Transforms"). Dates are days, times and timestamps us, as
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
      return Math.floor(monthsOf(daysOf(type, value, transform)) / 12)
    case 'month':
      return monthsOf(daysOf(type, value, transform))
    case 'day':
      return daysOf(type, value, transform)
    case 'hour':
      if (!TIMES.includes(type)) throw unsupported(transform, type)
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

const TIMES: readonly PrimitiveType[] = ['timestamp', 'timestamptz']
const TRUNCATED: readonly PrimitiveType[] = ['int', 'long', 'string', 'binary']
const UNHASHED: readonly PrimitiveType[] = ['boolean', 'float', 'double']

/** Throws IcebergError `unsupported` for a transform that the type does not have (spec "Partition Transforms"). */
export function checkTransform(transform: Transform, type: PrimitiveType): void {
  if (!isDefined(transform.split('[', 1)[0], type)) throw unsupported(transform, type)
  // Throws for a transform that nobody knows.
  transformResultType(transform, type)
}

function isDefined(kind: string | undefined, type: PrimitiveType): boolean {
  switch (kind) {
    case 'bucket':
      return !UNHASHED.includes(type)
    case 'truncate':
      return TRUNCATED.includes(type) || type.startsWith('decimal')
    case 'hour':
      return TIMES.includes(type)
    case 'year':
    case 'month':
    case 'day':
      return TIMES.includes(type) || type === 'date'
    default:
      return true
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
    case 'time':
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
      // A fixed's bytes as they are, a decimal's unscaled value in as few bytes as hold it.
      return murmur3(boundBytes(type, value))
  }
}

function bucket(type: PrimitiveType, value: BoundValue, count: number): number {
  return (bucketHash(type, value) & 0x7fffffff) % count
}

function truncate(type: PrimitiveType, value: BoundValue, width: number): PartitionValue {
  if (typeof value === 'string' && type === 'string') return firstCodePoints(value, width).join('')
  if (value instanceof Uint8Array && type === 'binary') return value.slice(0, width)
  const isWholeType = type === 'int' || type === 'long' || type.startsWith('decimal')
  if (!isWholeType || (typeof value !== 'number' && typeof value !== 'bigint')) {
    throw unsupported('truncate', type)
  }
  const truncated = BigInt(value) - floorRemainder(BigInt(value), BigInt(width))
  const isExactNumber = typeof value === 'number' && Number.isSafeInteger(Number(truncated))
  return isExactNumber ? Number(truncated) : truncated
}

function daysOf(type: PrimitiveType, value: BoundValue, transform: Transform): number {
  if (type === 'date') return Number(value)
  if (!TIMES.includes(type)) throw unsupported(transform, type)
  return Number(floorDivide(BigInt(value as number | bigint), US_PER_DAY))
}

/** Whole months since 1970-01 of a day since 1970-01-01; exact beyond the years that Date knows. */
function monthsOf(days: number): number {
  // In years that begin with March the leap day comes last, and 400 of them have 146,097 days.
  const fromMarch = days + DAYS_TO_1970_FROM_MARCH_0000
  const era = Math.floor(fromMarch / DAYS_PER_ERA)
  const dayOfEra = fromMarch - era * DAYS_PER_ERA
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const yearDays = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  const monthFromMarch = Math.floor((5 * (dayOfEra - yearDays) + 2) / 153)
  return (era * 400 + yearOfEra - 1970) * 12 + monthFromMarch + 2
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
