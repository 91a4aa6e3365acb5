import { crc32 } from 'node:zlib'
import { assert, type ControlEntry } from '@cryptoflow/model'
import { damageError, usageError } from './disk.ts'
import type { Home } from './home.ts'

/**
 * `control.log`: what its bytes mean. No I/O here.
 *
 * Limits: format 1 or 2, one writer, one line per fsync.
 *
 *     <checksum> {"format":2}
 *     <checksum> {"kind":"start","home":{...}}          format 2 only: where the writer was last
 *     <checksum> {"kind":"seal","epoch":1,...}
 *     <checksum> {"kind":"accepted","epoch":1}
 *
 * The checksum is CRC-32 over the JSON text, from the checksum of the line before (0 for the first), as 8 hex
 * digits. JSON text holds no line break and no zero byte, so a line ends where it ends.
 *
 * A cut append is a last line without its end, or with sectors that never reached the disk and read as zeros: it
 * is cut off, the entry never was (K8). Any other bad line was durable once: damage, nothing is changed.
 */
/** Newest format of a control log that this code reads. */
export const CONTROL_FORMAT_MAX = 2
/** Checksum, space, and the shortest JSON. */
const LINE_BYTES_MIN = 11
const NEWLINE = 10

/** A line that only the journal reads: where the process ran that last looked at its ledger slots (K15). */
interface StartLine {
  readonly kind: 'start'
  readonly home: Home
}

/** What the lines of a control log say. */
export interface ControlLines {
  readonly entries: ControlEntry[]
  /** Where the writer was last, null when nothing says it. */
  readonly home: Home | null
  /** Length of the good lines, checksum of the last. */
  readonly size: number
  readonly link: number
  /** Bytes of a cut append behind them. */
  readonly tornBytes: number
}

/** One more line behind a line with checksum `before`, and its own checksum. */
export function encodeLine(entry: ControlEntry, before: number): { bytes: Uint8Array; link: number } {
  return lineOf(entry, before)
}

/** A whole log; of format 1, which older versions read, when it names no home. */
export function encodeLines(entries: readonly ControlEntry[], home: Home | null): Uint8Array {
  const start: readonly StartLine[] = home === null ? [] : [{ kind: 'start', home }]
  let link = 0
  const lines = [{ format: home === null ? 1 : 2 }, ...start, ...entries].map((value) => {
    const line = lineOf(value, link)
    link = line.link
    return line.bytes
  })
  return Buffer.concat(lines)
}

function lineOf(value: object, before: number): { bytes: Uint8Array; link: number } {
  const text = new TextEncoder().encode(JSON.stringify(value))
  assert(!text.includes(NEWLINE), 'a line of the control log is one line')
  const link = crc32(text, before)
  const bytes = new Uint8Array(9 + text.length + 1)
  bytes.set(new TextEncoder().encode(`${link.toString(16).padStart(8, '0')} `), 0)
  bytes.set(text, 9)
  bytes[bytes.length - 1] = NEWLINE
  return { bytes, link }
}

/** Reads the lines of a log. Throws a CryptoFlowError: `disk` with offset and line, `usage` for a newer format. */
export function decodeLines(bytes: Uint8Array, directory: string): ControlLines {
  const good = goodLines(bytes, directory)
  if (good.tornBytes > 0) refuseDamage(bytes, { directory, line: good.lines + 1, offset: good.size })
  return good
}

/** The lines before the first that is cut or damaged. Throws a CryptoFlowError (`usage`) for a newer format. */
export function goodLines(bytes: Uint8Array, directory: string): ControlLines & { readonly lines: number } {
  const entries: ControlEntry[] = []
  let home: Home | null = null
  let at = 0
  let link = 0
  let lines = 0
  for (; at < bytes.length; lines++) {
    const newline = bytes.indexOf(NEWLINE, at)
    const json = newline === -1 ? null : decodeLine(bytes.subarray(at, newline), link)
    if (json === null) break
    if (lines === 0) checkFormat(json, directory)
    else {
      const entry = JSON.parse(json) as ControlEntry | StartLine
      if (entry.kind === 'start') home = entry.home
      else entries.push(entry)
    }
    link = checksumOf(bytes, at)
    at = newline + 1
  }
  return { entries, home, size: at, link, tornBytes: bytes.length - at, lines }
}

/** The JSON of a line that carries the right checksum, else null. */
function decodeLine(line: Uint8Array, before: number): string | null {
  if (line.length < LINE_BYTES_MIN || line[8] !== 32) return null
  if (crc32(line.subarray(9), before) !== checksumOf(line, 0)) return null
  return new TextDecoder().decode(line.subarray(9))
}

/** NaN when these are no 8 hex digits. */
function checksumOf(bytes: Uint8Array, at: number): number {
  const digits = new TextDecoder('latin1').decode(bytes.subarray(at, at + 8))
  return /^[0-9a-f]{8}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
}

/** Throws unless the bytes from `offset` on can be what a cut append leaves; the first line is never one. */
function refuseDamage(bytes: Uint8Array, place: { directory: string; line: number; offset: number }): void {
  const rest = bytes.subarray(place.offset)
  const newline = rest.indexOf(NEWLINE)
  const isCut = newline === -1 || (newline === rest.length - 1 && rest.includes(0))
  if (isCut && place.line > 1) return
  throw damageError(
    `reading line ${place.line} at offset ${place.offset} of control.log found damage, expected its checksum`,
    place,
  )
}

function checkFormat(json: string, directory: string): void {
  const { format } = JSON.parse(json) as { format?: unknown }
  if (typeof format === 'number' && format >= 1 && format <= CONTROL_FORMAT_MAX) return
  throw usageError(
    `opening the control log found format ${format}, expected at most ${CONTROL_FORMAT_MAX}: a newer version wrote it`,
    { directory, format },
  )
}

/** Seals kept whatever came of them: the last, and the one before in case the last one's image is unreadable. */
const SEALS_KEPT = 2

/**
 * The entries that recovery and fences still need: every epoch from the last released one on, the last two seals
 * with what came of them, and every fence. Epochs are released in order, so all that is left out is released.
 */
export function neededEntries(entries: readonly ControlEntry[]): ControlEntry[] {
  const released = entries.flatMap((entry) => (entry.kind === 'released' ? [entry.epoch] : []))
  const sealed = entries.flatMap((entry) => (entry.kind === 'seal' ? [entry.epoch] : []))
  const from = Math.min(released.at(-1) ?? 0, sealed.at(-SEALS_KEPT) ?? 0)
  return entries.filter((entry) => entry.kind === 'fenced' || entry.epoch >= from)
}
