import type { Mutant } from './mutants.ts'

/** Bugs of books that are asked for by REST. */
export const polledBooks: readonly Mutant[] = [
  {
    name: 'a polled book of bybit is stored under whichever symbol was asked about',
    file: 'packages/exchanges/src/bybit/answers.ts',
    from: "if (field(result, 's') !== symbol) return OTHER_SYMBOL",
    to: '',
    tests: ['packages/exchanges/src/bybit/answers.test.ts'],
  },
  {
    name: 'bybit is asked for more levels than it gives',
    file: 'packages/exchanges/src/bybit/streams.ts',
    from: 'const limit = Math.min(depth, POLLED_LEVELS_MAX)',
    to: 'const limit = depth',
    tests: ['packages/exchanges/src/bybit/session.test.ts'],
  },
  {
    name: 'okx is asked for more levels than it gives',
    file: 'packages/exchanges/src/okx/streams.ts',
    from: 'const limit = Math.min(depth, POLLED_LEVELS_MAX)',
    to: 'const limit = depth',
    tests: ['packages/exchanges/src/okx/session.test.ts'],
  },
]
