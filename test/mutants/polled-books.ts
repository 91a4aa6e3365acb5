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
  {
    name: 'kraken is asked for a pair by the name that its streams have',
    file: 'packages/exchanges/src/kraken/symbols.ts',
    from: '.map((coin) => oldNames.get(coin) ?? coin)',
    to: '.map((coin) => coin)',
    tests: ['packages/exchanges/src/kraken/session.test.ts'],
  },
  {
    name: 'any of several books in an answer of kraken is taken for the one that was asked for',
    file: 'packages/exchanges/src/kraken/polled-books.ts',
    from: '|| others.length > 0',
    to: '',
    tests: ['packages/exchanges/src/kraken/answers.test.ts'],
  },
  {
    name: 'what a book of coinbase might become in an auction is stored as a book',
    file: 'packages/exchanges/src/coinbase/polled-books.ts',
    from: "if (field(json, 'auction_mode') === true) return AUCTION",
    to: '',
    tests: ['packages/exchanges/src/coinbase/answers.test.ts'],
  },
  {
    name: 'a polled book of coinbase is stored under whichever product was asked about',
    file: 'packages/exchanges/src/coinbase/polled-books.ts',
    from: "if (field(book, 'product_id') !== asked.symbol) return OTHER_SYMBOL",
    to: '',
    tests: ['packages/exchanges/src/coinbase/answers.test.ts'],
  },
  {
    name: 'a polled book of upbit is stored under the market that it names, whichever was asked about',
    file: 'packages/exchanges/src/upbit/answers.ts',
    from: 'if (field(book, restNames.code) !== symbol) return OTHER_SYMBOL',
    to: '',
    tests: ['packages/exchanges/src/upbit/answers.test.ts'],
  },
]
