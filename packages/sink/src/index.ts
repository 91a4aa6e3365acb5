export * from './data-file.ts'
export type { EncodeOptions } from './parquet.ts'
export { type Resealed, resealFiles } from './reseal.ts'
export * from './seal.ts'
