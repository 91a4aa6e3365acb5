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
  {
    name: 'a redrive looks at the tables before it brought there what a killed one had decided',
    file: 'packages/pipeline/src/redrive.ts',
    from: '  await publish(startRecord)\n',
    to: '',
    tests: ['apps/cli/src/redrive.test.ts'],
  },
  {
    name: 'a redriven trade is not looked for in the tables',
    file: 'apps/cli/src/redrive-plan.ts',
    from: '(stored.has(identity.text) || decided.has(identity.text))',
    to: 'decided.has(identity.text)',
    tests: ['apps/cli/src/redrive.test.ts'],
  },
  {
    name: 'a redriven letter is still counted as dead',
    file: 'packages/normalize/src/redrive.ts',
    from: 'place.deadLetters -= note.letters',
    to: 'place.deadLetters -= 0',
    tests: ['apps/cli/src/redrive.test.ts'],
  },
]
