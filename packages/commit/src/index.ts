export { type Alarm, alarmsOf, type CommitStanding, committersAtWork, readStanding } from './alarms.ts'
export { type Backlog, type Batch, type BatchBounds, defaultBatchBounds, type VoidedEpoch } from './batch.ts'
export {
  type AppendPreparer,
  type Committer,
  type CommitterOptions,
  createCommitter,
  type RoundReport,
} from './committer.ts'
export { misfit, tableDefinition } from './definition.ts'
export { applyEpoch, type EpochAction, type EpochEvent, type EpochState, type EpochStep } from './epoch.ts'
export { dataFileOf } from './files.ts'
export { requestHash } from './hash.ts'
export type { CommitLedger, CommitterEntry, WriterBacklog } from './ledger.ts'
export { type MaintenancePlan, maintainTables, type TableReport } from './maintain.ts'
export type { MaintenanceOptions, Rewritten, Sealed, SizedFile } from './maintenance.ts'
export {
  commitIdKey,
  type DecidedMap,
  emptyMap,
  encodeMap,
  epochsKey,
  isDecided,
  type MapReading,
  mapProperty,
  readMap,
} from './map.ts'
export { type MemoryCatalog, memoryCatalog, type PostFault } from './memory-catalog.ts'
export { type LedgerCopy, type MemoryLedger, memoryLedger, type WriteFault } from './memory-ledger.ts'
export { haltOf, type RepairMode, type RepairOptions, type RepairOutcome, repairTable } from './repair.ts'
export {
  type Append,
  applyRound,
  commitOf,
  firstStep,
  type RoundContext,
  type RoundEvent,
  type RoundOutcome,
  type RoundState,
} from './round.ts'
export {
  createSqliteLedger,
  LEDGER_FORMAT,
  type SqliteLedger,
  type SqliteLedgerOptions,
} from './sqlite-ledger.ts'
export { replacesOf, type VoidRows } from './void-rows.ts'
export {
  createEpochWriter,
  type EpochLog,
  type EpochWriter,
  type EpochWriterOptions,
  type EpochWriterStatus,
  type Fence,
  type LastSealed,
  type Seal,
} from './writer.ts'
