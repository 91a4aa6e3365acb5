import {
  DuckDBBlobValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api'

/** A value as it is shown: numbers only where a float64 is what the table holds or a 32-bit integer. */
export type Cell = string | number | boolean | null

/** Bytes of a blob that are shown; the rest is counted. */
const BLOB_BYTES_SHOWN = 64

/**
 * A value of DuckDB as an exact cell: decimals, 64-bit and wider integers as text, timestamps as ISO with
 * microseconds, blobs as hex. Text is made safe for terminals by `escapeControls`.
 */
export function exactCell(value: DuckDBValue): Cell {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof DuckDBTimestampTZValue) return isoText(value.micros, 'Z') ?? String(value)
  if (value instanceof DuckDBTimestampValue) return isoText(value.micros, '') ?? String(value)
  if (value instanceof DuckDBBlobValue) return blobText(value.bytes)
  return escapeControls(String(value))
}

/** Dates that ISO 8601 writes with four digits, in microseconds; beyond them DuckDB's own text is used. */
const YEAR_ZERO_US = -62_167_219_200_000_000n
const YEAR_10000_US = 253_402_300_800_000_000n

function isoText(micros: bigint, zone: 'Z' | ''): string | null {
  if (micros < YEAR_ZERO_US || micros >= YEAR_10000_US) return null
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((micros - fraction) / 1000n)).toISOString().slice(0, 19)
  return `${seconds}.${fraction.toString().padStart(6, '0')}${zone}`
}

function blobText(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, BLOB_BYTES_SHOWN))
  const rest = bytes.length > BLOB_BYTES_SHOWN ? `... (${bytes.length} bytes)` : ''
  return shown.toString('hex') + rest
}

/** Controls, invisible format characters (bidi marks, zero width), line separators, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Text from outside with everything that could move or colour a terminal spelled as `\u{...}`. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) as number).toString(16)}}`)
}

/** DuckDB's message on one line, without its drawing of the statement. */
export function duckMessage(message: string): string {
  const [problem = ''] = message.split(/\n\s*\n/)
  return escapeControls(problem.replace(/\s+/g, ' ').trim())
}
