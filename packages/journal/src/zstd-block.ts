import { promisify } from 'node:util'
import { constants, crc32, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { getU64, setU64, viewOf } from './bytes.ts'
import {
  type ChainPlace,
  MARK,
  MARK_BYTES,
  PAYLOAD_BYTES_MAX,
  RECORD_HEADER_BYTES,
  type Walk,
} from './segment.ts'

/**
 * A segment of format 2: each group is one zstd frame behind a header of its own. No I/O here.
 *
 * Limits: as in `segment.ts`; a frame holds one group, so at most 1 MiB of records or one larger record.
 *
 *     +----------------+-------+------------+-------+------------+-----
 *     | segment header | block | zstd frame | block | zstd frame | ...
 *     +----------------+-------+------------+-------+------------+-----
 *
 *     block header, 60 bytes
 *      0  checksum           u32  of bytes 4-59, from the segment's link
 *      4  0xffffffff         u32
 *      8  first record       u64
 *     16  durable            u64  last record durable at this writing
 *     24  last record        u64
 *     32  first received     u64  microseconds since 1970
 *     40  last received      u64
 *     48  plain length       u32
 *     52  compressed length  u32
 *     56  chain              u32  CRC-32 of bytes 4-55 and the frame, from the chain before
 *
 * The frame holds the group's records as format 1 draws them, with zeros for their checksums: the chain vouches
 * for all of them at once, and random digits would not compress. A frame counts as a whole or not at all (K3).
 * The header stands for the mark of format 1: its first 24 bytes mean the same, and it is found behind damage.
 * Times and lengths lie outside the frame so that a segment can be described without decompressing it.
 */
export const BLOCK_HEADER_BYTES = 60

/** The longest that a frame's records can be: one of the largest. */
const PLAIN_BYTES_MAX = PAYLOAD_BYTES_MAX + RECORD_HEADER_BYTES

/**
 * Groups up to here are compressed in place, 0.1 ms; larger ones on another thread. Measured with 16, 64 and 256 kB
 * groups of market messages: the event loop is busy 2.4, 1.3 and 1.3 ms per MB in place, 2.5, 0.7 and 0.2 beside it,
 * for 1.5 to 3 times the processor time.
 */
const IN_PLACE_BYTES_MAX = 64 * 1024

const zstdOptions = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    // Over the plain bytes: a frame that decompresses to something else than was compressed is found.
    [constants.ZSTD_c_checksumFlag]: 1,
  },
}
const compressAside = promisify(zstdCompress)

/** A group's records as one zstd frame. */
export async function compressRecords(records: Uint8Array): Promise<Uint8Array> {
  if (records.length <= IN_PLACE_BYTES_MAX) return zstdCompressSync(records, zstdOptions)
  return compressAside(records, zstdOptions)
}

/** Header and frame as one piece for the disk, and the chain that the next block begins with. */
export function sealBlock(
  records: Uint8Array,
  frame: Uint8Array,
  group: { first: number; last: number; durable: number; segmentLink: number; link: number },
): { bytes: Uint8Array; link: number } {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES + frame.length)
  const view = viewOf(bytes)
  const { fromUs, toUs } = timesOf(records)
  view.setUint32(4, MARK, true)
  setU64(view, 8, group.first)
  setU64(view, 16, group.durable)
  setU64(view, 24, group.last)
  setU64(view, 32, fromUs)
  setU64(view, 40, toUs)
  view.setUint32(48, records.length, true)
  view.setUint32(52, frame.length, true)
  const link = crc32(frame, crc32(bytes.subarray(4, 56), group.link))
  view.setUint32(56, link, true)
  view.setUint32(0, crc32(bytes.subarray(4, BLOCK_HEADER_BYTES), group.segmentLink), true)
  bytes.set(frame, BLOCK_HEADER_BYTES)
  return { bytes, link }
}

function timesOf(records: Uint8Array): { fromUs: number; toUs: number } {
  const view = viewOf(records)
  let last = 0
  for (let at = 0; at < records.length; at += RECORD_HEADER_BYTES + view.getUint32(at + 4, true)) last = at
  return { fromUs: getU64(view, 24), toUs: getU64(view, last + 24) }
}

/** What a block header says. Times in microseconds since 1970. */
export interface BlockHeader {
  readonly first: number
  readonly last: number
  readonly durable: number
  readonly fromUs: number
  readonly toUs: number
  readonly plainBytes: number
  readonly frameBytes: number
  /** Chain behind this block. */
  readonly link: number
}

/** The block header at `at`, null when these bytes are none of this segment. */
export function decodeBlockHeader(bytes: Uint8Array, at: number, segmentLink: number): BlockHeader | null {
  if (bytes.length - at < BLOCK_HEADER_BYTES) return null
  const view = viewOf(bytes)
  if (view.getUint32(at + 4, true) !== MARK) return null
  if (crc32(bytes.subarray(at + 4, at + BLOCK_HEADER_BYTES), segmentLink) !== view.getUint32(at, true))
    return null
  return {
    first: getU64(view, at + 8),
    durable: getU64(view, at + 16),
    last: getU64(view, at + 24),
    fromUs: getU64(view, at + 32),
    toUs: getU64(view, at + 40),
    plainBytes: view.getUint32(at + 48, true),
    frameBytes: view.getUint32(at + 52, true),
    link: view.getUint32(at + 56, true),
  }
}

/** A walk's end and what it read: the records of each block, decompressed. */
export interface BlockWalk extends Omit<Walk, 'recordBytes'> {
  readonly parts: readonly Uint8Array[]
}

/**
 * Verifies and decompresses blocks until about `plainBytes` of records are there, none above `upTo`, and moves
 * `place` behind the last good one. A limit inside a block leaves the place before it, with `next` inside.
 */
export function walkBlocks(
  bytes: Uint8Array,
  place: ChainPlace,
  options: { segmentLink: number; upTo: number; plainBytes: number },
): BlockWalk {
  const { segmentLink, upTo } = options
  const parts: Uint8Array[] = []
  let plain = 0
  let at = 0
  const ended = (stop: Walk['stop'], need = 0, reason = ''): BlockWalk => {
    place.offset += at
    return { stop, need, reason, parts }
  }
  while (at < bytes.length && plain < options.plainBytes) {
    if (place.next > upTo) return ended('limit')
    if (bytes.length - at < BLOCK_HEADER_BYTES) return ended('short', BLOCK_HEADER_BYTES)
    const header = decodeBlockHeader(bytes, at, segmentLink)
    if (header === null) return ended('bad', 0, 'the block header is not one of this segment')
    const size = BLOCK_HEADER_BYTES + header.frameBytes
    if (bytes.length - at < size) return ended('short', size)
    const records = openBlock(bytes.subarray(at, at + size), header, place)
    if (typeof records === 'string') return ended('bad', 0, records)
    const kept = sliceRecords(records, header.first, place.next, Math.min(header.last, upTo))
    parts.push(kept)
    plain += kept.length
    place.next = Math.min(header.last, upTo) + 1
    if (header.last > upTo) return ended('limit')
    place.link = header.link
    place.proven = header.durable
    at += size
  }
  return ended('end')
}

/** The records of a whole block, or in words why they are none. `place.next` may lie inside it. */
function openBlock(bytes: Uint8Array, header: BlockHeader, place: ChainPlace): Uint8Array | string {
  const { first, last, plainBytes, link } = header
  if (first > place.next || last < place.next) return 'the block is not the expected one'
  const frame = bytes.subarray(BLOCK_HEADER_BYTES)
  if (crc32(frame, crc32(bytes.subarray(4, 56), place.link)) !== link) return 'the block fails its checksum'
  const records = decompress(frame, plainBytes)
  if (records === null) return 'the block does not decompress to its length'
  return isDense(records, first, last) ? records : 'the records are not those that the block names'
}

function decompress(frame: Uint8Array, plainBytes: number): Uint8Array | null {
  if (plainBytes > PLAIN_BYTES_MAX) return null
  try {
    const plain = zstdDecompressSync(frame, { maxOutputLength: plainBytes })
    return plain.length === plainBytes ? plain : null
  } catch {
    return null
  }
}

/** Whether the bytes are the records `first` to `last`, and nothing else. */
function isDense(records: Uint8Array, first: number, last: number): boolean {
  const view = viewOf(records)
  let at = 0
  for (let number = first; number <= last; number++) {
    if (records.length - at < RECORD_HEADER_BYTES || getU64(view, at + 8) !== number) return false
    at += RECORD_HEADER_BYTES + view.getUint32(at + 4, true)
  }
  return at === records.length
}

function sliceRecords(records: Uint8Array, first: number, from: number, to: number): Uint8Array {
  const view = viewOf(records)
  let at = 0
  let start = 0
  for (let number = first; number <= to; number++) {
    if (number === from) start = at
    at += RECORD_HEADER_BYTES + view.getUint32(at + 4, true)
  }
  return records.subarray(start, at)
}

/** Offset of a block header that says `record` was durable when it was written, -1 when there is none here. */
export function findBlockAfter(bytes: Uint8Array, record: number, segmentLink: number): number {
  const limit = bytes.length - BLOCK_HEADER_BYTES
  for (let at = bytes.indexOf(0xff, 4) - 4; at >= 0 && at <= limit; at = bytes.indexOf(0xff, at + 5) - 4) {
    const header = decodeBlockHeader(bytes, at, segmentLink)
    if (header !== null && header.durable >= record) return at
  }
  return -1
}

/** The records of a group in memory, which lie behind room for a mark of format 1. */
export function recordsOfGroup(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(MARK_BYTES)
}
