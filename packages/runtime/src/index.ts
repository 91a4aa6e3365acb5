export * from './chance.ts'
export * from './clock.ts'
export * from './errors.ts'
export * from './retry.ts'
