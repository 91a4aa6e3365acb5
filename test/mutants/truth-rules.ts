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
  {
    name: 'a wrong book is named and kept',
    file: 'packages/normalize/src/book-audit.ts',
    from: '    keeper.adopt(other)\n',
    to: '',
    tests: ['packages/normalize/src/book-audit.test.ts'],
  },
  {
    name: 'the second book of an audit hears nothing before it is live',
    file: 'packages/normalize/src/book-keeper.ts',
    from: 'if (this.audit !== null) this.audit.book.delta(',
    to: 'if (this.audit?.book.live) this.audit.book.delta(',
    tests: ['packages/normalize/src/book-audit.test.ts'],
  },
  {
    name: 'levels that one of two books does not know are judged',
    file: 'packages/normalize/src/book-differences.ts',
    from: 'if (!isKnown(levels.price, at)) break',
    to: '',
    tests: ['packages/normalize/src/book-audit.test.ts'],
  },
  {
    name: 'the second book of an audit is not in the state image',
    file: 'packages/normalize/src/state-image.ts',
    from: '...(audit === null ? {}',
    to: '...(audit === null || audit.number > 0 ? {}',
    tests: ['packages/normalize/src/book-audit.test.ts'],
  },
  {
    name: 'an audit is sent without a record of its question',
    file: 'packages/ingest/src/audits.ts',
    from: "number = note('asked')",
    to: 'number = 1',
    tests: ['packages/ingest/src/audits.test.ts'],
  },
  {
    name: 'what the slower of two connections brings is stored again',
    file: 'packages/normalize/src/stream.ts',
    from: "return fillHole(stream.holes, beginOf(first, last), last, prev) ? 'late' : 'duplicate'",
    to: "return 'late'",
    tests: ['packages/normalize/src/two-legs.test.ts'],
  },
]
