import { boundBytes, boundValue, truncateLower, truncateUpper } from '@cryptoflow/iceberg'
import type { ColumnType } from '@cryptoflow/model'

/** Lowest and highest value of a column as Iceberg single-value bytes; hex, because an offer must survive JSON. */
export interface Bounds {
  readonly lower: string
  /** Null when no text of 16 code points lies above all values. */
  readonly upper: string | null
}

/** Bounds of a type that is never cut short. Numbers and unscaled decimals as bigint; a timestamp is a long of microseconds. */
export function exactBounds(
  type: 'boolean' | 'int' | 'long' | 'decimal(38,18)',
  lowest: bigint | boolean,
  highest: bigint | boolean,
): Bounds {
  return { lower: hexOf(boundBytes(type, lowest)), upper: hexOf(boundBytes(type, highest)) }
}

/** Bounds of texts; lowest and highest in UTF-8 order, of which 16 code points are kept. */
export function textBounds(lowest: string, highest: string): Bounds {
  const upper = truncateUpper(highest)
  return {
    lower: hexOf(boundBytes('string', truncateLower(lowest))),
    upper: upper === null ? null : hexOf(boundBytes('string', upper)),
  }
}

/** Bounds of everything that either encloses; null: of no value. */
export function widerBounds(type: ColumnType, a: Bounds | null, b: Bounds | null): Bounds | null {
  if (a === null || b === null) return a ?? b
  const isBelow = belowBy(type)
  const lower = isBelow(b.lower, a.lower) ? b.lower : a.lower
  if (a.upper === null || b.upper === null) return { lower, upper: null }
  return { lower, upper: isBelow(a.upper, b.upper) ? b.upper : a.upper }
}

/** Whether one bound is below another. Hex of UTF-8 sorts as the texts do. */
function belowBy(type: ColumnType): (a: string, b: string) => boolean {
  const single = singleTypes[type]
  if (single === null) return (a, b) => a < b
  const value = (hex: string) => boundValue(single, new Uint8Array(Buffer.from(hex, 'hex'))) as bigint
  return (a, b) => value(a) < value(b)
}

/** Iceberg's type of a column whose bounds are numbers. */
const singleTypes = {
  name: null,
  text: null,
  bytes: null,
  boolean: 'boolean',
  int: 'int',
  scale: 'int',
  long: 'long',
  timestamp: 'long',
  decimal: 'decimal(38,18)',
} as const satisfies Record<ColumnType, string | null>

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
