import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Clock, CryptoFlowError } from '@cryptoflow/runtime'

/**
 * A text file that is closed and begun anew, and whose closed files do not pile up:
 *
 *     collector.log                         being written
 *     collector.log.20261121T235959Z.0      closed then; the last number tells apart what one second closed
 *
 * Closed by size, and at the first line of a new day (UTC). At most `keepFiles` closed files stay, none older than
 * `keepDays`: the folder never holds more than (keepFiles + 1) x rotateBytes. One process writes a file.
 *
 * Own code, as pino's rotation (pino-roll) runs in a worker thread and knows no age: lines of the last moment are
 * lost in a crash, and they are the ones that tell why. Writing waits for the system's cache only; sampling keeps
 * lines few.
 */
export interface RotatingFile {
  /** Appends whole lines; false when the disk did not take them. Never throws. */
  write(text: string): boolean
  close(): void
}

/** Options of `openRotatingFile`. */
export interface RotatingFileOptions {
  /** Its folder is made when it is not there. */
  readonly path: string
  readonly rotateBytes: number
  /** Days after closing. */
  readonly keepDays: number
  readonly keepFiles: number
  readonly clock: Clock
}

interface OpenFile {
  readonly descriptor: number
  bytes: number
  readonly day: number
}

const DAY_US = 86_400_000_000

/** Opens or continues a file; throws when it cannot be written. */
export function openRotatingFile(options: RotatingFileOptions): RotatingFile {
  const { path, rotateBytes, clock } = options
  const today = (): number => Math.floor(clock.nowUs() / DAY_US)
  let file: OpenFile | null = openFirst(path, today())
  let isClosed = false
  removeOld(options)

  const rotate = (): OpenFile => {
    const full = file
    file = null
    if (full !== null) closeSync(full.descriptor)
    if (existsSync(path)) renameSync(path, closedPath(path, clock.nowUs()))
    const fresh = openForAppend(path, today())
    removeOld(options)
    return fresh
  }
  const fileFor = (bytes: number): OpenFile => {
    const open = file ?? openForAppend(path, today())
    file = open
    const isFull = open.bytes > 0 && open.bytes + bytes > rotateBytes
    const isOfAnotherDay = open.bytes > 0 && open.day !== today()
    if (isFull || isOfAnotherDay) file = rotate()
    return file
  }
  return {
    write(text) {
      if (isClosed) return false
      const bytes = Buffer.from(text)
      try {
        const open = fileFor(bytes.length)
        writeAll(open, bytes)
        return true
      } catch {
        // A full disk: the next line tries again.
        return false
      }
    },
    close() {
      isClosed = true
      if (file !== null) closeSync(file.descriptor)
      file = null
    },
  }
}

function openFirst(path: string, today: number): OpenFile {
  try {
    mkdirSync(dirname(path), { recursive: true })
    return openForAppend(path, today)
  } catch (error) {
    throw new CryptoFlowError(
      'open the log file: found a path that cannot be written; it is set by log.file',
      {
        kind: 'config',
        reaction: 'stop',
        context: { path, key: 'log.file' },
        cause: error,
      },
    )
  }
}

/** A file that has lines is of the day of its last one. */
function openForAppend(path: string, today: number): OpenFile {
  // Not for everybody: symbols and volumes tell what somebody trades.
  const descriptor = openSync(path, 'a', 0o640)
  const { size, mtimeMs } = fstatSync(descriptor)
  return { descriptor, bytes: size, day: size === 0 ? today : Math.floor((mtimeMs * 1000) / DAY_US) }
}

function writeAll(file: OpenFile, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const written = writeSync(file.descriptor, bytes, at)
    at += written
    file.bytes += written
  }
}

/** Numbers go on after the highest that is there: one that retention freed would make the newest file the oldest. */
function closedPath(path: string, nowUs: number): string {
  const stamp = new Date(nowUs / 1000).toISOString().replace(/[-:]|\.\d+/g, '')
  const alike = closedFiles(path).filter(({ name }) => name.startsWith(`${basename(path)}.${stamp}.`))
  for (let number = 1 + (alike[0]?.number ?? -1); ; number++) {
    const closed = `${path}.${stamp}.${number}`
    if (!existsSync(closed)) return closed
  }
}

interface ClosedFile {
  readonly name: string
  readonly closedUs: number
  readonly number: number
}

/** Removes closed files beyond the number and the age; never anything that this code did not name. */
function removeOld({ path, keepDays, keepFiles, clock }: RotatingFileOptions): void {
  const oldestUs = clock.nowUs() - keepDays * DAY_US
  try {
    closedFiles(path).forEach(({ name, closedUs }, index) => {
      if (index >= keepFiles || closedUs < oldestUs) rmSync(join(dirname(path), name))
    })
  } catch {
    // A folder that cannot be read or cleaned is no reason to lose the next line.
  }
}

/** Newest first. */
function closedFiles(path: string): ClosedFile[] {
  const prefix = `${basename(path)}.`
  const files = readdirSync(dirname(path), { withFileTypes: true }).flatMap((entry): ClosedFile[] => {
    if (!entry.isFile() || !entry.name.startsWith(prefix)) return []
    const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.(\d{1,9})$/.exec(entry.name.slice(prefix.length))
    if (parts === null) return []
    const [year, month, day, hour, minute, second, number] = parts.slice(1).map(Number) as ClosedParts
    const closedUs = Date.UTC(year, month - 1, day, hour, minute, second) * 1000
    return [{ name: entry.name, closedUs, number }]
  })
  return files.sort((a, b) => b.closedUs - a.closedUs || b.number - a.number)
}

type ClosedParts = [number, number, number, number, number, number, number]
