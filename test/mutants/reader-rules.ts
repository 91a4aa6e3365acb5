import type { Mutant } from './mutants.ts'

/** How frames are read as templates, and how what was read becomes rows. */
export const readerRules: readonly Mutant[] = [
  {
    name: 'one batch writes into the columns of another',
    file: 'packages/exchanges/src/template-reader.ts',
    from: 'if (out.price.mantissas !== prices && !lend(out)) return -1',
    to: 'if (owner === null && !lend(out)) return -1',
    tests: ['packages/exchanges/src/templates.test.ts'],
  },
  {
    name: 'a batch that lends its columns goes on without what they held',
    file: 'packages/exchanges/src/template-reader.ts',
    from: 'owner.quantity.mantissas = quantities.slice(0, kept)',
    to: 'owner.quantity.mantissas = new Float64Array(kept)',
    tests: ['packages/exchanges/src/templates.test.ts'],
  },
  {
    name: 'a number that no column takes is none',
    file: 'packages/exchanges/src/template-reader.ts',
    from: 'return rareCount === 0 || takeRares(rareCount, out)',
    to: 'return true',
    tests: ['packages/exchanges/src/templates.test.ts'],
  },
  {
    name: 'symbols are those of another table of names',
    file: 'packages/exchanges/src/template-reader.ts',
    from: '  pairBytes.fill(0)\n',
    to: '',
    tests: ['packages/exchanges/src/binance'],
  },
  {
    name: 'a template is not tried again from where it began',
    file: 'packages/exchanges/src/templates.ts',
    from: 'argument: literal.length, detail: between - 1',
    to: 'argument: 0, detail: between - 1',
    tests: ['packages/exchanges/src/templates.test.ts'],
  },
  {
    name: 'a hole before a message is not asked for',
    file: 'packages/model/src/continuity.ts',
    from: 'return firstSeq === lastSeq + 1 &&',
    to: 'return firstSeq > lastSeq &&',
    tests: ['packages/exchanges/src/binance/conformance.test.ts', 'packages/normalize/src/worlds.test.ts'],
  },
  {
    name: 'an id loses its zeros',
    file: 'packages/normalize/src/id-text.ts',
    from: ".padStart(DIGITS, '0')",
    to: '',
    tests: ['packages/normalize/src/id-text.test.ts'],
  },
  {
    name: 'an update says what the one before it said',
    file: 'packages/normalize/src/rooms.ts',
    from: '(this.heads[this.next - 1] as number) + 1',
    to: '(this.heads[this.next - 1] as number)',
    tests: ['packages/normalize/src'],
  },
]
