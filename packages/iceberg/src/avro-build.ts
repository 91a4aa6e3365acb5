import { fixedSize } from './bounds.ts'
import type { JsonObject } from './json.ts'
import { decimalDigits, decimalSize } from './twos-complement.ts'
import type { PrimitiveType } from './types.ts'

/** A record field with Iceberg's id; optional ones are a union with null first and default null. */
export function avroField(
  id: number,
  name: string,
  type: unknown,
  presence: 'required' | 'optional',
): JsonObject {
  const base = { name, 'field-id': id }
  return presence === 'required' ? { ...base, type } : { ...base, type: ['null', type], default: null }
}

export function avroArray(elementId: number, items: unknown): JsonObject {
  return { type: 'array', items, 'element-id': elementId }
}

/** A map with int keys: Avro maps have text keys only, so Iceberg writes an array of pairs. */
export function avroIntMap(keyId: number, valueId: number, value: unknown): JsonObject {
  return {
    type: 'array',
    logicalType: 'map',
    items: {
      type: 'record',
      name: `k${keyId}_v${valueId}`,
      fields: [avroField(keyId, 'key', 'int', 'required'), avroField(valueId, 'value', value, 'required')],
    },
  }
}

/** How Avro holds a partition value of that type (spec appendix A); `name` names a fixed type. */
export function avroPrimitive(type: PrimitiveType, name: string): unknown {
  switch (type) {
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'string':
      return type
    case 'binary':
      return 'bytes'
    case 'date':
      return { type: 'int', logicalType: 'date' }
    case 'time':
      return { type: 'long', logicalType: 'time-micros' }
    case 'timestamp':
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': type === 'timestamptz' }
    case 'uuid':
      return { type: 'fixed', size: 16, name, logicalType: 'uuid' }
    default: {
      if (type.startsWith('fixed')) return { type: 'fixed', size: fixedSize(type), name }
      const { precision, scale } = decimalDigits(type)
      return { type: 'fixed', size: decimalSize(precision), name, logicalType: 'decimal', precision, scale }
    }
  }
}

/** A column name as Avro allows it: other characters become `_x<hex>`, a digit in front gets an underscore. */
export function avroName(name: string): string {
  const safe = Array.from(name, (point) =>
    /[A-Za-z0-9_]/.test(point) ? point : `_x${point.codePointAt(0)!.toString(16).toUpperCase()}`,
  ).join('')
  return /^[0-9]/.test(safe) ? `_${safe}` : safe
}
