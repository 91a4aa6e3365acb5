import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { assert, type ControlEntry, type Probe } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import {
  type Disk,
  type DiskFile,
  damageError,
  ensureDirectory,
  halfwayOf,
  nodeDisk,
  usageError,
  writeFully,
  writeWhole,
} from './disk.ts'

/**
 * `control.log`: what a writer has decided about its epochs, one line each.
 *
 * Limits: format 1, one writer, one line per fsync.
 *
 *     <checksum> {"format":1}
 *     <checksum> {"kind":"seal","epoch":1,...}
 *     <checksum> {"kind":"accepted","epoch":1}
 *
 * The checksum is CRC-32 over the JSON text, from the checksum of the line before (0 for the first), as 8 hex
 * digits. JSON text holds no line break and no zero byte, so a line ends where it ends.
 *
 * A cut append is a last line without its end, or with sectors that never reached the disk and read as zeros: it
 * is cut off, the entry never was (K8). Any other bad line was durable once: damage, nothing is changed.
 */
export interface ControlLog {
  /** What stood in the log at opening, in order. */
  readonly entries: readonly ControlEntry[]
  /** Bytes of a cut append that opening removed. */
  readonly tornBytes: number
  /**
   * Returns when the entry is durable. Calls queue up. After a failed append every later one throws the same
   * CryptoFlowError (`disk`, `stop`).
   */
  append(entry: ControlEntry): Promise<void>
  close(): Promise<void>
}

const CONTROL_FORMAT = 1
/** Checksum, space, and the shortest JSON. */
const LINE_BYTES_MIN = 11
const NEWLINE = 10

/**
 * Opens the control log of a directory, which need not be a journal's; both are made when missing. Who opens it
 * holds the directory's lock, here or through its journal.
 *
 * Throws a CryptoFlowError: `disk` with offset and line for damage, `usage` when a newer version wrote it.
 */
export async function openControlLog(
  directory: string,
  { probe, disk = nodeDisk }: { probe?: Probe; disk?: Disk } = {},
): Promise<ControlLog> {
  await ensureDirectory(disk, directory)
  const path = join(directory, 'control.log')
  if ((await disk.readWhole(path)) === null) await writeWhole(disk, path, encodeLine(headerText, 0).bytes)
  const found = recoverLines((await disk.readWhole(path)) ?? new Uint8Array(0), directory)
  const file = await disk.open(path, 'change')
  try {
    if (found.tornBytes > 0) {
      await file.truncate(found.size)
      await file.sync()
    }
  } catch (error) {
    await file.close()
    throw error
  }
  const appender = new Appender(file, directory, found, probe)
  const { entries, tornBytes } = found
  return { entries, tornBytes, append: (entry) => appender.append(entry), close: () => appender.close() }
}

interface Found {
  readonly entries: ControlEntry[]
  /** Length of the good lines, checksum of the last. */
  readonly size: number
  readonly link: number
  readonly tornBytes: number
}

class Appender {
  readonly #file: DiskFile
  readonly #directory: string
  readonly #probe: Probe | undefined
  #size: number
  #link: number
  #tail: Promise<void> = Promise.resolve()
  #failure: CryptoFlowError | null = null

  constructor(file: DiskFile, directory: string, { size, link }: Found, probe: Probe | undefined) {
    this.#file = file
    this.#directory = directory
    this.#probe = probe
    this.#size = size
    this.#link = link
  }

  append(entry: ControlEntry): Promise<void> {
    const done = this.#tail.then(() => this.#write(entry))
    this.#tail = done.catch(() => {})
    return done
  }

  async close(): Promise<void> {
    await this.#tail
    await this.#file.close()
  }

  async #write(entry: ControlEntry): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const { bytes, link } = encodeLine(JSON.stringify(entry), this.#link)
    try {
      await writeFully(this.#file, bytes, this.#size, this.#halfway(entry))
      await this.#file.sync()
    } catch (cause) {
      const context = { directory: this.#directory, entry: entry.kind, epoch: entry.epoch }
      const message = 'writing the control log failed, its process must stop'
      this.#failure = new CryptoFlowError(message, { kind: 'disk', reaction: 'stop', context, cause })
      throw this.#failure
    }
    this.#size += bytes.length
    this.#link = link
  }

  #halfway({ kind }: ControlEntry): (() => void) | undefined {
    if (kind === 'seal') return halfwayOf(this.#probe, 'seal')
    if (kind === 'released') return halfwayOf(this.#probe, 'release')
    return undefined
  }
}

const headerText = JSON.stringify({ format: CONTROL_FORMAT })

function encodeLine(json: string, before: number): { bytes: Uint8Array; link: number } {
  const text = new TextEncoder().encode(json)
  assert(!text.includes(NEWLINE), 'a line of the control log is one line')
  const link = crc32(text, before)
  const bytes = new Uint8Array(9 + text.length + 1)
  bytes.set(new TextEncoder().encode(`${link.toString(16).padStart(8, '0')} `), 0)
  bytes.set(text, 9)
  bytes[bytes.length - 1] = NEWLINE
  return { bytes, link }
}

function recoverLines(bytes: Uint8Array, directory: string): Found {
  const entries: ControlEntry[] = []
  let at = 0
  let link = 0
  for (let line = 1; at < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, at)
    const json = newline === -1 ? null : decodeLine(bytes.subarray(at, newline), link)
    if (json === null) {
      refuseDamage(bytes, { directory, line, offset: at })
      break
    }
    if (line === 1) checkFormat(json, directory)
    else entries.push(JSON.parse(json) as ControlEntry)
    link = checksumOf(bytes, at)
    at = newline + 1
  }
  return { entries, size: at, link, tornBytes: bytes.length - at }
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
  if (format === CONTROL_FORMAT) return
  throw usageError(
    `opening the control log found format ${format}, expected ${CONTROL_FORMAT}: a newer version wrote it`,
    { directory, format },
  )
}
