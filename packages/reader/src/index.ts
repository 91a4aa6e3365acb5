export * from './duck.ts'
export * from './exact.ts'
export * from './report.ts'
