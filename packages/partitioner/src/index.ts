export * from './partition.ts'
