export { type Anchor, keepAnchor, listAnchors, readAnchor } from './anchors.ts'
export { giveBallast, type Reserve, withBallast } from './ballast.ts'
export { blockOf, RecordCursor, readRecords, sliceBlock } from './block.ts'
export type { CaptureLine } from './capture-file.ts'
export * from './control-log.ts'
export { type Disk, type DiskFile, freeBytes, isDiskFull } from './disk.ts'
export { type EpochStanding, readEpochStanding } from './epoch-standing.ts'
export { type ExportOptions, type ExportReport, exportCapture } from './export-capture.ts'
export type { BlockFeed } from './feed.ts'
export { journalFormats } from './formats.ts'
export type { Home } from './home.ts'
export { isJournal, journalId } from './identity.ts'
export * from './images.ts'
export { type ImportOptions, type ImportReport, importCapture } from './import-capture.ts'
export * from './inspect.ts'
export { type Journal, openJournal, REFUSED } from './journal.ts'
export type { JournalCounters, JournalOptions } from './journal-options.ts'
export { isFileLocked, isLocked, lockFile, shareFile } from './lock.ts'
export { type JournalReader, openJournalReader } from './reader.ts'
export type { Recovered, TornTail } from './recovery.ts'
export type { Hole } from './refusals.ts'
export {
  type Forecast,
  type ForecastInput,
  forecast,
  type RetentionPolicy,
  type RetiredSegment,
} from './retention.ts'
export { readSealedRequests } from './sealed-requests.ts'
export type { Damage } from './segment-files.ts'
export type { JournalSegment } from './segment-keeper.ts'
export type { SegmentSummary } from './segment-summary.ts'
export type { JournalCompression } from './segment-writer.ts'
export { timedDisk } from './timed-disk.ts'
