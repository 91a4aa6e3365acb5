import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** One more than there are cores: tests of whole processes wait for timers, and leave a core idle meanwhile. */
const maxWorkers = availableParallelism() + 1

/** Where the real messages are; tests that need them say that they were skipped where it is not set. */
const captures = process.env.CRYPTOFLOW_CAPTURES

/**
 * Files of a worker share the modules that they load: a process and modules for each would cost a third of a second a
 * file, as much as most of them take.
 */
const isolate = false

/** Again, and then with all of their mutations and seeds. */
const thorough = [
  'packages/exchanges/src/*/conformance.test.ts',
  'packages/commit/src/maintain-schedule.test.ts',
  'packages/normalize/src/coverage-worlds.test.ts',
]

/** What replaces a module cannot share it. */
const mocking = ['packages/sink/src/reseal-refusal.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'],
          exclude: mocking,
          isolate,
          testTimeout: 30_000,
          maxWorkers,
          provide: { isThorough: false, captures },
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/*.test.ts', 'test/mutants/*.test.ts'],
          isolate,
          testTimeout: 240_000,
          hookTimeout: 60_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'mocking',
          include: mocking,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'long',
          include: ['test/long/*.test.ts', ...thorough],
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
