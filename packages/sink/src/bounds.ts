/**
 * Bounds of a column in Iceberg's single-value serialization (spec, appendix D), with metrics mode
 * `truncate(16)` for strings. Hex, because an offer must survive JSON.
 */
export interface Bounds {
  readonly lower: string
  /** Null when no upper bound of 16 code points exists. */
  readonly upper: string | null
}

/** Iceberg's default length of string bounds, in code points. */
export const BOUND_CODE_POINTS = 16

const CODE_POINT_MAX = 0x10ffff

export function booleanHex(value: boolean): string {
  return value ? '01' : '00'
}

/** 4 bytes, little-endian. */
export function intHex(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes.toString('hex')
}

/** 8 bytes, little-endian; also timestamps in microseconds. */
export function longHex(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return bytes.toString('hex')
}

/** The unscaled value as two's complement, big-endian, in as few bytes as hold it. */
export function decimalHex(unscaled: bigint): string {
  let bytes = 1
  while (BigInt.asIntN(bytes * 8, unscaled) !== unscaled) bytes += 1
  return BigInt.asUintN(bytes * 8, unscaled)
    .toString(16)
    .padStart(bytes * 2, '0')
}

/** Bounds of texts between `lowest` and `highest` (in UTF-8 order). */
export function textBounds(lowest: string, highest: string): Bounds {
  const upper = upperText(highest)
  return { lower: textHex(leading(lowest).join('')), upper: upper === null ? null : textHex(upper) }
}

/** The text itself when short; else its beginning with the last code point that allows it moved up by one. */
function upperText(highest: string): string | null {
  const points = leading(highest)
  if (points.join('').length === highest.length) return highest
  while (points.length > 0) {
    const next = nextCodePoint((points.pop() as string).codePointAt(0) as number)
    if (next !== null) return points.join('') + String.fromCodePoint(next)
  }
  return null
}

/** The first 16 code points. Cut before spreading: a text may be long. */
function leading(text: string): string[] {
  return [...text.slice(0, BOUND_CODE_POINTS * 2)].slice(0, BOUND_CODE_POINTS)
}

function nextCodePoint(point: number): number | null {
  if (point === CODE_POINT_MAX) return null
  return point === 0xd7ff ? 0xe000 : point + 1
}

function textHex(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex')
}
