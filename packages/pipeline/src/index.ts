export type { Alarm, RepairMode, RepairOutcome, TableReport } from '@cryptoflow/commit'
export { exchangeMarkets } from '@cryptoflow/exchanges'
export { imageDefaults, operatorNames } from '@cryptoflow/normalize'
export type { AsOf } from './as-of.ts'
export { type Board, type BoardName, openBoard } from './board.ts'
export { type CaptureFile, openCapture } from './capture.ts'
export type { LineVerdict } from './capture-verdict.ts'
export { type CatalogServer, openCatalogServer } from './catalog-server.ts'
export type { CollectNotice, CollectOptions, MarketCollection } from './collect-options.ts'
export { type Collector, startCollector } from './collector.ts'
export { type CommitOverview, commitOverview } from './commit-overview.ts'
export { type CommitProgress, type CommittingProcess, startCommitting } from './committing.ts'
export { type Derivation, type DeriveOptions, deriveDay } from './derive.ts'
export type { CrashDrill, CrashReport } from './drill.ts'
export type { MarketProgress } from './ingests.ts'
export { type DeadLetter, type LetterEvent, type LetterReading, readLetter } from './letters.ts'
export {
  type MaintainOptions,
  type MaintenanceSettings,
  type MaintenanceTotals,
  maintainWarehouse,
  maintenanceDefaults,
  maintenanceTotals,
} from './maintenance.ts'
export type { Measurement } from './measure.ts'
export { type MoveOptions, type MoveReport, moveWarehouse } from './move.ts'
export { openRedrive, type Redrive, type Redriven, type RedriveOptions } from './redrive.ts'
export { type HaltedTable, haltedTables, repairWarehouse } from './repair.ts'
export { type ReplayOptions, type ReplayReport, replayCapture, replayJournal } from './replay.ts'
export { type ResolvedCollection, resolveCollection } from './streams.ts'
export type { FrameTally } from './tally.ts'
export { build, VERSION } from './version.ts'
export {
  CATALOG,
  keptFiles,
  NAMESPACE,
  tableFiles,
  type Warehouse,
  warehouseAt,
  warehouseOrigin,
} from './warehouse.ts'
export { journalHomes, lockWarehouses } from './warehouse-lock.ts'
