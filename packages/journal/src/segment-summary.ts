import type { JournalBlock } from '@cryptoflow/model'
import { RecordCursor } from './block.ts'
import { readFully } from './disk.ts'
import { SEGMENT_HEADER_BYTES, SegmentFormat } from './segment.ts'
import { type SegmentFiles, segmentName, segmentPath } from './segment-files.ts'
import { isDamage, SegmentReader } from './segment-reader.ts'
import { BLOCK_HEADER_BYTES, decodeBlockHeader } from './zstd-block.ts'

/** What one segment holds. Times are null when it has no whole record. */
export interface SegmentSummary {
  readonly segment: string
  readonly compression: 'none' | 'zstd'
  readonly first: number
  /** Last whole record, below `first` when there is none. */
  readonly last: number
  /** Bytes on the disk. */
  readonly bytes: number
  /** Bytes of its records before compression. */
  readonly plainBytes: number
  /** Received times of the first and last record, microseconds since 1970. */
  readonly fromUs: number | null
  readonly toUs: number | null
}

type Contents = Pick<SegmentSummary, 'last' | 'plainBytes' | 'fromUs' | 'toUs'>

/**
 * Describes a segment up to record `upTo` and to its first bad byte. A compressed one by its block headers alone,
 * an uncompressed one by reading it. Throws when the file is not a segment of this journal.
 */
export async function summarizeSegment(
  files: SegmentFiles,
  first: number,
  upTo = Number.MAX_SAFE_INTEGER,
): Promise<SegmentSummary> {
  const reader = await SegmentReader.open(files, first)
  try {
    const isPlain = reader.header.format === SegmentFormat.plain
    const contents = await (isPlain ? readContents(reader, upTo) : skimContents(reader, upTo))
    const compression = isPlain ? 'none' : 'zstd'
    return {
      segment: segmentName(first),
      compression,
      first,
      bytes: await reader.file.size(),
      ...contents,
    }
  } finally {
    await reader.close()
  }
}

/** Received time of a segment's first record, null when it has none. */
export async function firstTimeOf(files: SegmentFiles, first: number): Promise<number | null> {
  if ((await files.disk.sizeOf(segmentPath(files.directory, first))) === null) return null
  const reader = await SegmentReader.open(files, first)
  try {
    const block = await reader.read(first)
    return block === null || isDamage(block) ? null : timesOf(block).fromUs
  } finally {
    await reader.close()
  }
}

function timesOf(block: JournalBlock): { fromUs: number; toUs: number } {
  const cursor = new RecordCursor(block)
  cursor.next()
  const fromUs = cursor.record.receivedUs
  while (cursor.next());
  return { fromUs, toUs: cursor.record.receivedUs }
}

async function readContents(reader: SegmentReader, upTo: number): Promise<Contents> {
  let contents: Contents = { last: reader.first - 1, plainBytes: 0, fromUs: null, toUs: null }
  for (;;) {
    const block = await reader.read(upTo)
    if (block === null || isDamage(block)) return contents
    const { fromUs, toUs } = timesOf(block)
    const plainBytes = contents.plainBytes + block.bytes.length
    contents = { last: block.last, plainBytes, fromUs: contents.fromUs ?? fromUs, toUs }
  }
}

/** Bytes read at once while headers are looked for: those of small blocks come many at a time. */
const SKIM_BYTES = 64 * 1024

/** By block headers; a block whose frame is not whole in the file does not count. */
async function skimContents({ file, header }: SegmentReader, upTo: number): Promise<Contents> {
  const size = await file.size()
  const buffer = new Uint8Array(SKIM_BYTES)
  let contents: Contents = { last: header.first - 1, plainBytes: 0, fromUs: null, toUs: null }
  let start = 0
  let bytes = buffer.subarray(0, 0)
  for (let at = SEGMENT_HEADER_BYTES; ; ) {
    if (at + BLOCK_HEADER_BYTES > start + bytes.length) {
      start = at
      bytes = buffer.subarray(0, await readFully(file, buffer, at))
    }
    const block = decodeBlockHeader(bytes, at - start, header.link)
    if (block === null || block.first !== contents.last + 1 || block.last > upTo) return contents
    at += BLOCK_HEADER_BYTES + block.frameBytes
    if (at > size) return contents
    const plainBytes = contents.plainBytes + block.plainBytes
    contents = { last: block.last, plainBytes, fromUs: contents.fromUs ?? block.fromUs, toUs: block.toUs }
  }
}
