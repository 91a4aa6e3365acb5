export type { Files } from './disk.ts'
export * from './disk-file-io.ts'
export * from './disk-store.ts'
export * from './locations.ts'
