import type { JournalBlock, JournalRecord, RecordKind } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { readRecords } from './block.ts'
import { type Disk, nodeDisk, usageError } from './disk.ts'
import { readIdentity } from './identity.ts'
import { openJournalReader } from './reader.ts'
import type { TornTail } from './recovery.ts'
import { type Damage, listSegments, type SegmentFiles, segmentName } from './segment-files.ts'
import { isDamage, SegmentReader } from './segment-reader.ts'
import { type SegmentSummary, summarizeSegment } from './segment-summary.ts'

/** A journal from outside. */
export interface JournalListing {
  readonly id: string
  readonly directory: string
  /** A process writes it at this moment; then only what is durable for certain is counted. */
  readonly isLive: boolean
  /** First and last record; last is below first when there is none. */
  readonly first: number
  readonly last: number
  readonly bytes: number
  /** Bytes of the records before compression. */
  readonly plainBytes: number
  readonly torn: TornTail | null
  readonly segments: readonly SegmentSummary[]
}

/** What a journal's directory holds. Throws as openJournalReader does; damage inside a segment only shortens it. */
export async function listJournal(directory: string, disk: Disk = nodeDisk): Promise<JournalListing> {
  const { id, isLive, first, last, torn, segments: firsts } = await openJournalReader(directory, disk)
  const files = { disk, directory, journalId: id }
  const segments: SegmentSummary[] = []
  for (const begin of firsts) segments.push(await summarizeSegment(files, begin, Math.max(last, begin - 1)))
  const sum = (of: (segment: SegmentSummary) => number) =>
    segments.reduce((total, segment) => total + of(segment), 0)
  const bytes = sum((segment) => segment.bytes)
  return {
    id,
    directory,
    isLive,
    first,
    last,
    bytes,
    plainBytes: sum((s) => s.plainBytes),
    torn,
    segments,
  }
}

export interface VerifyProgress {
  readonly segment: string
  /** Segments looked at so far, this one included, of how many. */
  readonly segments: number
  readonly segmentsTotal: number
  /** Good records so far. */
  readonly records: number
}

export interface VerifyReport {
  readonly id: string
  /** Good records before the first damage, or all. */
  readonly records: number
  /** Bytes of these records, before compression. */
  readonly plainBytes: number
  /** The first place that is not as it was written; null when all is well. */
  readonly damage: Damage | null
  /**
   * Bad bytes at the very end, which nothing proves were ever durable: a cut last write, that opening removes, or
   * the write that a process is making now.
   */
  readonly torn: TornTail | null
}

/**
 * Reads every record of every segment and checks its chain, up to the first damage. Throws a CryptoFlowError
 * (`usage`) when there is no journal or a newer version wrote it.
 */
export async function verifyJournal(
  directory: string,
  onProgress: (progress: VerifyProgress) => void = () => {},
  disk: Disk = nodeDisk,
): Promise<VerifyReport> {
  const journalId = await readIdentity(disk, directory)
  if (journalId === null) throw usageError('verifying a journal found no identity', { directory })
  const files = { disk, directory, journalId }
  const firsts = await listSegments(disk, directory)
  const report = { id: journalId, records: 0, plainBytes: 0, damage: null, torn: null }
  let next = firsts[0] ?? 1
  for (const [i, first] of firsts.entries()) {
    const segment = segmentName(first)
    if (first !== next) {
      const reason = `records ${next} to ${first - 1} are missing before it`
      return { ...report, damage: { segment, record: next, offset: 0, reason } }
    }
    const isLast = i === firsts.length - 1
    const found = await verifySegment(files, first, isLast)
    report.records += found.next - first
    report.plainBytes += found.plainBytes
    next = found.next
    onProgress({ segment, segments: i + 1, segmentsTotal: firsts.length, records: report.records })
    const { damage, torn } = found
    if (damage !== null || torn !== null) return { ...report, damage, torn }
  }
  return report
}

interface VerifiedSegment {
  /** The record behind the last good one. */
  readonly next: number
  readonly plainBytes: number
  readonly damage: Damage | null
  readonly torn: TornTail | null
}

async function verifySegment(files: SegmentFiles, first: number, isLast: boolean): Promise<VerifiedSegment> {
  const good = { next: first, plainBytes: 0, damage: null, torn: null }
  const take = ({ last, bytes }: JournalBlock) => {
    good.next = last + 1
    good.plainBytes += bytes.length
  }
  let reader: SegmentReader
  try {
    reader = await SegmentReader.open(files, first)
  } catch (error) {
    return { ...good, damage: headerDamage(error, first) }
  }
  try {
    for (;;) {
      const answer = await reader.read(Number.MAX_SAFE_INTEGER)
      if (answer === null) return good
      if (!isDamage(answer)) take(answer)
      else {
        const { damage, torn } = await judge(reader, answer, isLast)
        // A writer at work may have ended this very write since: only what is still bad is damage.
        const again = damage === null ? null : await reader.read(Number.MAX_SAFE_INTEGER)
        if (again === null || isDamage(again)) return { ...good, damage, torn }
        take(again)
      }
    }
  } finally {
    await reader.close()
  }
}

/** Damage, or at the very end of the journal a torn tail. */
async function judge(
  reader: SegmentReader,
  damage: Damage,
  isLast: boolean,
): Promise<{ damage: Damage | null; torn: TornTail | null }> {
  const isTorn = isLast && (await reader.findProof(damage.record)) === -1
  if (!isTorn) return { damage, torn: null }
  return { damage: null, torn: { ...damage, bytes: (await reader.file.size()) - damage.offset } }
}

/** A segment whose header is bad holds nothing that can be trusted; other errors are not about damage. */
function headerDamage(error: unknown, first: number): Damage {
  if (!(error instanceof CryptoFlowError && error.kind === 'disk')) throw error
  const { reason } = error.context
  return { segment: segmentName(first), record: first, offset: 0, reason: String(reason ?? error.message) }
}

export interface CatOptions {
  /** First and last record; what is not there is left out. Default: all. */
  readonly from?: number
  readonly to?: number
  /** Only records of these kinds. */
  readonly kinds?: readonly RecordKind[]
  /** Only records of this connection, the one that opened it among them. */
  readonly connection?: number
  readonly disk?: Disk
}

/**
 * The records of a journal that fit, in order; each is an object of its own and may be kept. Throws as
 * openJournalReader and its blocks do.
 */
export async function* catJournal(
  directory: string,
  { from = 1, to = Number.MAX_SAFE_INTEGER, kinds, connection, disk = nodeDisk }: CatOptions = {},
): AsyncGenerator<JournalRecord, void, void> {
  const reader = await openJournalReader(directory, disk)
  const wanted = kinds === undefined ? null : new Set(kinds)
  for await (const block of reader.blocks(Math.max(from, reader.first), Math.min(to, reader.last))) {
    for (const record of readRecords(block)) {
      const isOther = record.connection !== connection && record.number !== connection
      if (connection !== undefined && isOther) continue
      if (wanted === null || wanted.has(record.kind)) yield { ...record }
    }
  }
}
