import type { Mutant } from './mutants.ts'

/** Planted bugs of what tells whether the tables are complete and right. */
export const truthRules: readonly Mutant[] = [
  {
    name: 'a day is derived without the state before it',
    file: 'packages/pipeline/src/derive.ts',
    from: 'image: anchor === null ? null : await readAnchor(journalDirectory, anchor)',
    to: 'image: null',
    tests: ['packages/pipeline/src/derive.test.ts'],
  },
  {
    name: 'a day begins with the state of a later midnight',
    file: 'packages/pipeline/src/derive.ts',
    from: 'anchor.day <= day).at(-1)',
    to: 'anchor.day <= day + 1).at(-1)',
    tests: ['packages/pipeline/src/derive.test.ts'],
  },
]
