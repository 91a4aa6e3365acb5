import { bytesText, columns, grouped } from '@cryptoflow/console'
import type { JournalListing, SegmentSummary, VerifyReport } from '@cryptoflow/journal'
import { escapeControls } from '@cryptoflow/reader'
import { timeText } from './text.ts'

/** What may happen to a segment: retention may delete it, or rows still depend on it. */
export type SegmentState = 'released' | 'needed' | 'empty'

/** Whether all rows of a segment are in the tables. */
export function stateOf({ first, last }: SegmentSummary, releasedTo: number): SegmentState {
  if (last < first) return 'empty'
  return last <= releasedTo ? 'released' : 'needed'
}

/** A journal and its segments, at most 80 columns wide. */
export function listingText(listing: JournalListing, releasedTo: number): string {
  const { id, isLive, first, last, bytes, plainBytes, segments, torn } = listing
  const head = ['from record', 'records', 'from', 'to', 'bytes', 'packed', 'state']
  const rows = segments.map((segment) => [
    grouped(segment.first),
    grouped(Math.max(0, segment.last - segment.first + 1)),
    shortTime(segment.fromUs),
    shortTime(segment.toUs),
    bytesText(segment.bytes),
    segment.compression === 'none' ? '-' : ratioText(segment),
    stateOf(segment, releasedTo),
  ])
  const span = last < first ? 'no records' : `records ${grouped(first)} to ${grouped(last)}`
  return [
    `journal ${id}${isLive ? ', being written' : ''}`,
    `${span}, in the tables up to ${grouped(releasedTo)}`,
    `${bytesText(bytes)} on the disk, ${bytesText(plainBytes)} of records`,
    ...(torn === null ? [] : [`a cut last write of ${torn.bytes} bytes will be removed at the next start`]),
    '',
    columns([head, ...rows]),
  ].join('\n')
}

/** The verdict on a journal. */
export function verdictText({ id, records, plainBytes, damage, torn }: VerifyReport): string {
  const good = `${grouped(records)} records, ${bytesText(plainBytes)}`
  if (damage !== null) {
    return [
      `DAMAGED: journal ${id}`,
      `  after ${good} that are as they were written`,
      `  segment ${damage.segment}, record ${grouped(damage.record)}, offset ${grouped(damage.offset)}`,
      `  ${escapeControls(damage.reason)}`,
      'Keep the file as it is, and restore the segment from a copy.',
    ].join('\n')
  }
  const end = torn === null ? '' : `; ${torn.bytes} bytes of a cut last write follow, which is no damage`
  return `journal ${id}: ${good}, every one as it was written${end}`
}

/** Without the year, so that a line fits. */
function shortTime(us: number | null): string {
  return us === null ? '-' : timeText(us).slice(5, 19).replace('T', ' ')
}

function ratioText({ plainBytes, bytes }: SegmentSummary): string {
  return `${(plainBytes / Math.max(1, bytes)).toFixed(1)}x`
}
