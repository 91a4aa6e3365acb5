/** The parts of a collecting process one by one, for those who put one together around other doors. */
export type { Parts } from './collecting.ts'
export { pump, startRounds } from './collecting.ts'
export { createLane, type LaneProgress } from './lane.ts'
export { inline, openLane, rewindable } from './lane-host.ts'
export { createPublisher, inTurn, settle } from './publisher.ts'
export { sealer } from './sealer.ts'
