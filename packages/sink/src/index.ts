export * from './data-file.ts'
export type { EncodeOptions } from './parquet.ts'
export * from './seal.ts'
