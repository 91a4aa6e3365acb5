export { type Ingest, type IngestOptions, startIngest } from './ingest.ts'
export type { IngestCounters, IngestNotice, Intake } from './intake.ts'
export { planConnections, subscribeFrames } from './plan.ts'
export type { SnapshotWanted } from './snapshots.ts'
