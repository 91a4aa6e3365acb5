import { crc32 } from 'node:zlib'
import { entropy } from '@cryptoflow/runtime'
import { getU64, setU64, viewOf } from './bytes.ts'

/**
 * A segment file: what its bytes mean. No I/O here. This is format 1; format 2, whose groups are compressed, has
 * the same header and is drawn in `zstd-block.ts`.
 *
 * Limits: payload 64 MiB, numbers below 2^53, one writing process per segment. A segment is never continued by
 * another process: recovery cuts its torn tail, and the next record opens a new segment.
 *
 *     segments/00000000000000000001.seg     the number is that of its first record
 *     +--------+------+--------+--------+------+--------+-----
 *     | header | mark | record | record | mark | record | ...
 *     +--------+------+--------+--------+------+--------+-----
 *
 *     header, 64 bytes                        mark, 24 bytes: a group begins, written and synced as one
 *      0  magic            8 bytes             0  checksum        u32  of bytes 4-23, from the segment's link
 *      8  format           u32                 4  0xffffffff      u32
 *     12  salt             8 bytes, random     8  first record    u64
 *     20  journal id      26 bytes, ASCII     16  durable         u64  last record durable at this writing
 *     46  zero             6 bytes
 *     52  first record     u64                record, 33 bytes and its payload
 *     60  checksum         u32, of 0-59        0  checksum        u32  of bytes 4-end, from the link before
 *                                              4  payload length  u32
 *                                              8  number          u64
 *                                             16  connection      u64
 *                                             24  received        u64  microseconds since 1970
 *                                             32  kind            u8
 *
 * Checksums are CRC-32 in a chain: the segment's link is the header's checksum, a record's link is its checksum, a
 * mark's link goes over its 24 bytes. So bytes left over from another file, another life of this file or another
 * place in it are refused, though they carry good checksums of their own (K2).
 *
 * Torn or damaged? A mark behind bad bytes that names the bad record as durable proves that it was once whole:
 * damage. Without one the bad bytes belong to the last write, of which a power cut may leave any pieces: a torn
 * tail. Marks are checked from the segment's link, not the chain, so that they can be found behind damage.
 */
export const SEGMENT_HEADER_BYTES = 64
export const MARK_BYTES = 24
export const RECORD_HEADER_BYTES = 33
/** Twice the largest frame that a session accepts. */
export const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024

const magic = new TextEncoder().encode('cfjrnl\r\n')
/** First word behind the checksum of a mark or block header; no payload is that long. */
export const MARK = 0xffffffff

/** How the groups of a segment lie there: 1 as they are, 2 one zstd frame each. Formats above are refused. */
export const SegmentFormat = { plain: 1, zstd: 2 } as const
export type SegmentFormat = (typeof SegmentFormat)[keyof typeof SegmentFormat]

export interface SegmentHeader {
  readonly format: SegmentFormat
  readonly journalId: string
  readonly first: number
  /** The header's checksum: where the chain of its marks and records begins. */
  readonly link: number
}

/** Header of a new segment. Its salt is new each time, so equal headers never meet. */
export function encodeHeader(
  journalId: string,
  first: number,
  format: SegmentFormat = SegmentFormat.plain,
): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
  const view = viewOf(bytes)
  bytes.set(magic, 0)
  view.setUint32(8, format, true)
  bytes.set(Buffer.from(entropy(8), 'hex'), 12)
  bytes.set(new TextEncoder().encode(journalId), 20)
  setU64(view, 52, first)
  view.setUint32(60, crc32(bytes.subarray(0, 60)), true)
  return bytes
}

/** The header, or in words why these bytes are none. */
export function decodeHeader(bytes: Uint8Array): SegmentHeader | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return 'the header is cut short'
  const view = viewOf(bytes)
  if (magic.some((byte, i) => bytes[i] !== byte)) return 'the header has another magic'
  const link = view.getUint32(60, true)
  if (crc32(bytes.subarray(0, 60)) !== link) return 'the header fails its checksum'
  const format = view.getUint32(8, true)
  if (format !== SegmentFormat.plain && format !== SegmentFormat.zstd) {
    return `the header has format ${format}, expected at most ${SegmentFormat.zstd}`
  }
  return {
    format,
    journalId: new TextDecoder().decode(bytes.subarray(20, 46)),
    first: getU64(view, 52),
    link,
  }
}

/** The format that a whole header names when it is above those we read, else null. */
export function newerFormatOf(bytes: Uint8Array): number | null {
  if (bytes.length < SEGMENT_HEADER_BYTES || magic.some((byte, i) => bytes[i] !== byte)) return null
  const view = viewOf(bytes)
  if (crc32(bytes.subarray(0, 60)) !== view.getUint32(60, true)) return null
  const format = view.getUint32(8, true)
  return format > SegmentFormat.zstd ? format : null
}

/** Writes a record at `offset`, zero for its checksum; answers the offset behind it. */
export function putRecord(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  number: number,
  kind: number,
  connection: number,
  receivedUs: number,
  payload: Uint8Array,
): number {
  view.setUint32(offset, 0, true)
  view.setUint32(offset + 4, payload.length, true)
  setU64(view, offset + 8, number)
  setU64(view, offset + 16, connection)
  setU64(view, offset + 24, receivedUs)
  bytes[offset + 32] = kind
  bytes.set(payload, offset + RECORD_HEADER_BYTES)
  return offset + RECORD_HEADER_BYTES + payload.length
}

/**
 * Makes a group ready for the disk: fills the mark in its first 24 bytes and chains the records behind it.
 * Answers the link that the next group begins with.
 */
export function sealGroup(
  bytes: Uint8Array,
  group: { first: number; durable: number; segmentLink: number; link: number },
): number {
  const view = viewOf(bytes)
  view.setUint32(4, MARK, true)
  setU64(view, 8, group.first)
  setU64(view, 16, group.durable)
  view.setUint32(0, crc32(bytes.subarray(4, MARK_BYTES), group.segmentLink), true)
  let link = crc32(bytes.subarray(0, MARK_BYTES), group.link)
  for (let at = MARK_BYTES; at < bytes.length; ) {
    const end = at + RECORD_HEADER_BYTES + view.getUint32(at + 4, true)
    link = crc32(bytes.subarray(at + 4, end), link)
    view.setUint32(at, link, true)
    at = end
  }
  return link
}

/** Where a walk through a segment stands. */
export interface ChainPlace {
  /** Offset of the next entry in the file. */
  offset: number
  /** Link that the next entry continues. */
  link: number
  /** Number of the next record. */
  next: number
  /** Last record that a mark passed so far names as durable, 0 when none did. */
  proven: number
}

/**
 * How a walk ended: `end` of the bytes on an entry's border, `limit` reached, `short` of `need` bytes from the
 * last entry's beginning, or `bad` with the reason in words.
 */
export interface Walk {
  readonly stop: 'end' | 'limit' | 'short' | 'bad'
  readonly need: number
  readonly reason: string
  /** Length of the records, moved to the front of the bytes. */
  readonly recordBytes: number
}

/**
 * Verifies entries up to record `upTo` and moves `place` behind the last good one. Records are moved together to
 * the front of `bytes`, over the marks, so that they make one block.
 */
export function walkEntries(bytes: Uint8Array, place: ChainPlace, segmentLink: number, upTo: number): Walk {
  const view = viewOf(bytes)
  let at = 0
  let kept = 0
  const ended = (stop: Walk['stop'], need = 0, reason = ''): Walk => {
    place.offset += at
    return { stop, need, reason, recordBytes: kept }
  }
  while (at < bytes.length) {
    if (place.next > upTo) return ended('limit')
    if (bytes.length - at < 8) return ended('short', MARK_BYTES)
    const length = view.getUint32(at + 4, true)
    const isMark = length === MARK
    if (!isMark && length > PAYLOAD_BYTES_MAX) return ended('bad', 0, 'the length is impossible')
    const size = isMark ? MARK_BYTES : RECORD_HEADER_BYTES + length
    if (bytes.length - at < size) return ended('short', size)
    if (isMark) {
      const mark = decodeMark(bytes, view, at, segmentLink)
      if (mark === null || mark.first !== place.next)
        return ended('bad', 0, 'the mark is not the expected one')
      place.link = crc32(bytes.subarray(at, at + size), place.link)
      place.proven = mark.durable
    } else {
      const link = crc32(bytes.subarray(at + 4, at + size), place.link)
      if (link !== view.getUint32(at, true)) return ended('bad', 0, 'the record fails its checksum')
      if (getU64(view, at + 8) !== place.next) return ended('bad', 0, 'the record has another number')
      place.link = link
      place.next += 1
      if (kept !== at) bytes.copyWithin(kept, at, at + size)
      kept += size
    }
    at += size
  }
  return ended('end')
}

/** Offset of a mark that says `record` was durable when it was written, -1 when there is none in these bytes. */
export function findMarkAfter(bytes: Uint8Array, record: number, segmentLink: number): number {
  const view = viewOf(bytes)
  const limit = bytes.length - MARK_BYTES
  for (let at = bytes.indexOf(0xff, 4) - 4; at >= 0 && at <= limit; at = bytes.indexOf(0xff, at + 5) - 4) {
    if (view.getUint32(at + 4, true) !== MARK) continue
    const mark = decodeMark(bytes, view, at, segmentLink)
    if (mark !== null && mark.durable >= record) return at
  }
  return -1
}

function decodeMark(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  segmentLink: number,
): { first: number; durable: number } | null {
  if (crc32(bytes.subarray(at + 4, at + MARK_BYTES), segmentLink) !== view.getUint32(at, true)) return null
  return { first: getU64(view, at + 8), durable: getU64(view, at + 16) }
}
