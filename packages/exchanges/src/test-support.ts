import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { type DecimalColumn, decimalText, type EventBatch, EventKind, Side } from '@cryptoflow/model'

/** An event as a plain object, as goldens hold it: decimals as text, absent values as null. */
export interface PlainEvent {
  readonly kind: string
  readonly symbol: string
  readonly stream: string
  readonly engineUs: number | null
  readonly sentUs: number | null
  readonly firstSeq: number | null
  readonly lastSeq: number | null
  readonly prevSeq: number | null
  /** Side, price, quantity. */
  readonly entries: readonly (readonly [string, string, string])[]
}

const kinds = Object.keys(EventKind)
const sides = Object.keys(Side)

export function plainEvents(batch: EventBatch): PlainEvent[] {
  return Array.from({ length: batch.count }, (_, event) => ({
    kind: kinds[batch.kind[event] as number] as string,
    symbol: batch.names.text(batch.symbol[event] as number),
    stream: batch.names.text(batch.stream[event] as number),
    engineUs: numberOrNull(batch.engineUs, event),
    sentUs: numberOrNull(batch.sentUs, event),
    firstSeq: numberOrNull(batch.firstSeq, event),
    lastSeq: numberOrNull(batch.lastSeq, event),
    prevSeq: numberOrNull(batch.prevSeq, event),
    entries: plainEntries(batch, batch.entryStart[event] as number, batch.entryStart[event + 1] as number),
  }))
}

function plainEntries(batch: EventBatch, from: number, to: number): PlainEvent['entries'] {
  return Array.from({ length: to - from }, (_, i) => [
    sides[batch.side[from + i] as number] as string,
    textOf(batch.price, from + i),
    textOf(batch.quantity, from + i),
  ])
}

function textOf(column: DecimalColumn, row: number): string {
  const mantissa = column.mantissa(row)
  return mantissa === null ? 'null' : decimalText(mantissa, column.scales[row] as number)
}

function numberOrNull(column: Float64Array, row: number): number | null {
  const value = column[row] as number
  return Number.isNaN(value) ? null : value
}

/** One line of a capture file. */
export interface CaptureLine {
  readonly transport: 'ws' | 'rest'
  readonly url: string | null
  readonly raw: string
}

/** The lines of the capture files in `directory` whose name begins with `prefix`, by file name. */
export function readCaptures(directory: string, prefix: string): Map<string, CaptureLine[]> {
  const names = readdirSync(directory).filter(
    (name) => name.startsWith(prefix) && name.endsWith('.jsonl.zst'),
  )
  return new Map(
    names.sort().map((name) => {
      const text = zstdDecompressSync(readFileSync(join(directory, name))).toString('utf8')
      const lines = text.split('\n').filter((line) => line !== '')
      return [name, lines.map((line) => JSON.parse(line) as CaptureLine)]
    }),
  )
}
