import { boundBytes, truncateLower, truncateUpper } from '@cryptoflow/iceberg'

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

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
