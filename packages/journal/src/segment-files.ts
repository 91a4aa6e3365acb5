import { join } from 'node:path'
import { type Disk, type DiskFile, damageError, readFully, usageError } from './disk.ts'
import { decodeHeader, newerFormatOf, SEGMENT_HEADER_BYTES, type SegmentHeader } from './segment.ts'

const namePattern = /^(\d{20})\.seg$/

/** Where a journal's segments lie and whose they are. */
export interface SegmentFiles {
  readonly disk: Disk
  readonly directory: string
  readonly journalId: string
}

export function segmentsDirectory(directory: string): string {
  return join(directory, 'segments')
}

/** `00000000000000000001.seg`: names sort as their numbers do. */
export function segmentName(first: number): string {
  return `${String(first).padStart(20, '0')}.seg`
}

export function segmentPath(directory: string, first: number): string {
  return join(segmentsDirectory(directory), segmentName(first))
}

/** First record numbers of the segments there, ascending. Files of other names are none of ours. */
export async function listSegments(disk: Disk, directory: string): Promise<number[]> {
  const names = await disk.list(segmentsDirectory(directory))
  const firsts: number[] = []
  for (const name of names) {
    const digits = namePattern.exec(name)?.[1]
    if (digits !== undefined) firsts.push(Number(digits))
  }
  return firsts.sort((a, b) => a - b)
}

/** Removes what a cut opening of a segment left behind. Only the writing process may. */
export async function dropCutSegments({ disk, directory }: Omit<SegmentFiles, 'journalId'>): Promise<void> {
  const folder = segmentsDirectory(directory)
  const names = await disk.list(folder)
  for (const name of names.filter((name) => name.endsWith('.seg.tmp'))) await disk.remove(join(folder, name))
}

/**
 * Reads and checks a segment's header. Throws a CryptoFlowError: `disk` when it is not that segment of this
 * journal, `usage` when a newer version wrote it.
 */
export async function readHeader(
  { directory, journalId }: SegmentFiles,
  file: DiskFile,
  first: number,
): Promise<SegmentHeader> {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
  const read = await readFully(file, bytes, 0)
  const header = decodeHeader(bytes.subarray(0, read))
  const refuse = (reason: string) =>
    damaged({ directory, segment: segmentName(first), record: first, offset: 0, reason })
  const format = newerFormatOf(bytes)
  if (format !== null) {
    const segment = segmentName(first)
    throw usageError(`reading segment ${segment} found format ${format}: a newer version wrote it`, {
      directory,
      segment,
      format,
    })
  }
  if (typeof header === 'string') throw refuse(header)
  if (header.journalId !== journalId) throw refuse(`the header belongs to journal ${header.journalId}`)
  if (header.first !== first) throw refuse(`the header names record ${header.first}`)
  return header
}

/** A place where the journal's bytes are not what was written. */
export interface Damage {
  readonly segment: string
  /** The first record that cannot be read. */
  readonly record: number
  /** Its offset in the segment. */
  readonly offset: number
  readonly reason: string
}

export function damaged(damage: Damage & { directory: string }): Error {
  const { segment, record, offset, reason } = damage
  return damageError(
    `reading record ${record} at offset ${offset} of segment ${segment} found damage: ${reason}`,
    { ...damage },
  )
}
