import { RecordKind } from '@cryptoflow/model'
import { RecordCursor } from './block.ts'
import {
  type Damage,
  damaged,
  listSegments,
  type SegmentFiles,
  segmentName,
  segmentPath,
} from './segment-files.ts'
import { isDamage, SegmentReader } from './segment-reader.ts'

/** What stands in a journal's directory. */
export interface Recovered {
  /** First record numbers of the segments, ascending. */
  readonly segments: readonly number[]
  /** First record there, lastRecord + 1 when there is none. */
  readonly firstRecord: number
  /** Last whole record, 0 in a new journal. */
  readonly lastRecord: number
  /** Last record of the last segment that a later write names as durable, 0 when none does: the least that is. */
  readonly provenRecord: number
  /** Time of the last record, 0 when there is none. */
  readonly lastReceivedUs: number
  /** The last record is a stop, or there is none. */
  readonly clean: boolean
  /** Where the last write was cut, null when it is whole. */
  readonly torn: TornTail | null
}

export interface TornTail extends Damage {
  /** Bytes that were not taken for records. */
  readonly bytes: number
}

/**
 * Finds the journal's end. The last segment is verified record by record, and every segment from `verifyFrom` on;
 * earlier ones are verified when they are read.
 *
 * With `repair` a torn tail is cut off and what was found is durable; else a torn tail is only reported. Anything else
 * that is not as it was written throws a CryptoFlowError naming segment, record and offset, and nothing is changed.
 */
export async function recover(
  files: SegmentFiles,
  options: { repair: boolean; verifyFrom: number },
): Promise<Recovered> {
  const segments = await listSegments(files.disk, files.directory)
  let end: SegmentEnd = { lastRecord: 0, provenRecord: 0, lastReceivedUs: 0, clean: true, torn: null }
  for (const [i, first] of segments.entries()) {
    const isLast = i === segments.length - 1
    const following = segments[i + 1] ?? Number.POSITIVE_INFINITY
    // The one before the last tells the last record when a crash left the last one empty.
    if (i < segments.length - 2 && following <= options.verifyFrom) continue
    end = await readEnd(files, first, { isLast, before: end })
    if (!isLast && end.lastRecord !== following - 1) {
      throw damaged({
        directory: files.directory,
        segment: segmentName(following),
        record: end.lastRecord + 1,
        offset: 0,
        reason: `records ${end.lastRecord + 1} to ${following - 1} are missing before it`,
      })
    }
  }
  const last = segments.at(-1)
  if (last !== undefined && options.repair) await makeSure(files, last, end.torn)
  return { ...end, segments, firstRecord: segments[0] ?? 1 }
}

type SegmentEnd = Pick<Recovered, 'lastRecord' | 'provenRecord' | 'lastReceivedUs' | 'clean' | 'torn'>

async function readEnd(
  files: SegmentFiles,
  first: number,
  { isLast, before }: { isLast: boolean; before: SegmentEnd },
): Promise<SegmentEnd> {
  const reader = await SegmentReader.open(files, first)
  try {
    // A segment without records begins after all that were ever durable, whatever came of the files before it.
    let end: SegmentEnd = { ...before, lastRecord: first - 1, provenRecord: first - 1 }
    for (;;) {
      let answer = await reader.read(Number.MAX_SAFE_INTEGER)
      if (answer === null) return end
      if (isDamage(answer)) {
        const torn = await tornTail(files, reader, answer, isLast)
        if ('bytes' in torn) return { ...end, torn }
        // A writer at work may have ended this very write since: only what is still bad is damage.
        answer = await reader.read(Number.MAX_SAFE_INTEGER)
        if (answer === null || isDamage(answer)) throw damaged({ ...torn, directory: files.directory })
      }
      const cursor = new RecordCursor(answer)
      while (cursor.next());
      const { number, receivedUs, kind } = cursor.record
      const clean = kind === RecordKind.stop
      // A write proves only what was durable when it began; a segment, all that lies in the ones before.
      const provenRecord = Math.max(reader.proven, first - 1)
      end = { lastRecord: number, provenRecord, lastReceivedUs: receivedUs, clean, torn: null }
    }
  } finally {
    await reader.close()
  }
}

/** The damage as a torn tail, or with the proof that it is none. */
async function tornTail(
  files: SegmentFiles,
  reader: SegmentReader,
  damage: Damage,
  isLast: boolean,
): Promise<TornTail | Damage> {
  if (!isLast) throw damaged({ ...damage, directory: files.directory })
  const proof = await reader.findProof(damage.record)
  if (proof === -1) return { ...damage, bytes: (await reader.file.size()) - damage.offset }
  return { ...damage, reason: `${damage.reason}, and the mark at offset ${proof} says that it was durable` }
}

/** A killed process leaves writes that it never synced: they are whole in memory, and a power cut may still take them. */
async function makeSure(files: SegmentFiles, first: number, torn: TornTail | null): Promise<void> {
  const file = await files.disk.open(segmentPath(files.directory, first), 'change')
  try {
    if (torn !== null) await file.truncate(torn.offset)
    await file.sync()
  } finally {
    await file.close()
  }
}
