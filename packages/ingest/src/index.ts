export { type AuditPlan, planAudits } from './audits.ts'
export { type ConnectPools, connectSpanMs, createConnectPools } from './connect-pool.ts'
export { type Ingest, type IngestOptions, startIngest } from './ingest.ts'
export type { IngestCounters, IngestNotice, Intake, ReplaceCause } from './intake.ts'
export { defaultLimits, type IngestLimits } from './limits.ts'
export { type ConnectionPlan, type Poll, planConnections, planPolls } from './plan.ts'
export {
  BOOKS_IN_A_ROW_MAX,
  createRestPools,
  type RestPool,
  type RestPools,
  WEIGHT_SHARE,
} from './rest-pool.ts'
export { paceMs } from './sender.ts'
export type { SnapshotWanted } from './snapshots.ts'
export { byWireName, carrierOf, subscribeFrames } from './wire.ts'
