export type { Counters } from './counters.ts'
export { kindsOf } from './event-rows.ts'
export { FrameRun } from './frame-run.ts'
export type { HeldBounds } from './held.ts'
export { imageDefaults } from './image-grid.ts'
export {
  createNormalizer,
  type KeyCounters,
  type Normalizer,
} from './normalizer.ts'
export type { NormalizerOptions, SnapshotRequest, Span } from './normalizer-options.ts'
export { operatorNames } from './operators/registry.ts'
export type { IdTally, OperatorTally } from './operators/tally.ts'
export type { RowsFor } from './row-types.ts'
export { isAbsurd, stampOf } from './stamps.ts'
export { STATE_IMAGE_VERSION } from './state-image.ts'
