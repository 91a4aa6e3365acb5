export * from './collect.ts'
export * from './images.ts'
export * from './progress.ts'
export * from './terminal.ts'
