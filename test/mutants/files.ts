import type { Mutant } from './mutants.ts'

/** Bugs in data files, in what joins them, and in what reads journals again. */
export const files: readonly Mutant[] = [
  {
    name: 'a row group is found where it was in a file of its own',
    file: 'packages/sink/src/row-groups.ts',
    from: 'moveGroup(group, shift)',
    to: 'moveGroup(group, 0n)',
    tests: ['packages/sink/src/seal.test.ts'],
  },
  {
    name: 'bounds of a file are those of its last row group',
    file: 'packages/sink/src/file-writer.ts',
    from: 'summary.bounds = widerBounds(type, summary.bounds, bounds)',
    to: 'summary.bounds = bounds',
    tests: ['packages/sink/src/seal.test.ts'],
  },
  {
    name: 'a merge does not wait for rows that are not read yet',
    file: 'packages/sink/src/merge.ts',
    from: 'if (lasts.size === 0) return',
    to: 'if (lasts.size >= 0) return',
    tests: ['packages/sink/src/reseal.test.ts'],
  },
  {
    name: 'what is written of a row group is not compared',
    file: 'packages/sink/src/reseal.ts',
    from: 'if (why !== null) return { source: null, why }',
    to: '',
    tests: ['packages/sink/src/reseal-refusal.test.ts'],
  },
  {
    name: 'large records wait for many rows',
    file: 'packages/pipeline/src/collecting.ts',
    from: 'bytesSinceCut += block.bytes.length',
    to: 'bytesSinceCut += 0',
    tests: ['packages/pipeline/src/late-cut.test.ts'],
  },
  {
    name: 'a paced replay waits for nothing',
    file: 'packages/pipeline/src/pace.ts',
    from: 'if (waitUs > 0) await',
    to: 'if (waitUs > 1e15) await',
    tests: ['packages/pipeline/src/pace.test.ts'],
  },
  {
    name: 'a second replay that gives other rows is taken for equal',
    file: 'packages/console/src/replay/contents.ts',
    from: 'one.expected?.content_hash !== one.found?.content_hash',
    to: 'one.expected?.rows === -1',
    tests: ['packages/console/src/replay'],
  },
  {
    name: 'what a writer on another disk has sealed is an orphan when it is old',
    file: 'packages/commit/src/sweep.ts',
    from: '...undecided.files, ...elsewhere]',
    to: '...undecided.files]',
    tests: ['packages/commit/src/sweep.test.ts'],
  },
  {
    name: "row groups of another writer's file are merged as if they were sorted",
    file: 'packages/sink/src/merge.ts',
    from: 'if (!createdByOf(file).startsWith(CREATOR)) return',
    to: 'if (createdByOf(file) === CREATOR) return',
    tests: ['packages/sink/src/reseal.test.ts'],
  },
]
