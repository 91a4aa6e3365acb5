import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** One more than there are cores: tests of whole processes wait for timers, and leave a core idle meanwhile. */
const maxWorkers = availableParallelism() + 1

/** Where the real messages are; tests that need them say that they were skipped where it is not set. */
const captures = process.env.CRYPTOFLOW_CAPTURES

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers,
          provide: { isThorough: false, captures },
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/*.test.ts', 'test/mutants/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 60_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'long',
          // Conformance again, with all of its mutations.
          include: ['test/long/*.test.ts', 'packages/exchanges/src/*/conformance.test.ts'],
          provide: { isThorough: true, captures },
          maxConcurrency: 3,
          testTimeout: 240_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
