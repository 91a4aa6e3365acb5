export { damaged } from '../damage.ts'
export type { EmissionRecord } from '../emission-log.ts'
export { canHave } from '../mischief.ts'
export * from './hall.ts'
