import type { StreamSpec } from '@cryptoflow/model'
import { bookRule } from './book.ts'

/** Pond repeats the last trades of a symbol on subscribing, 20 at most. */
const REPEATED_TRADES_MAX = 20
const HOUR_MS = 3_600_000

const subscribed = { scope: 'symbol', route: 'shore', within: null, poll: null } as const

/** All that Pond offers. */
export const pondStreams: readonly StreamSpec[] = [
  // Ids are texts without an order, so that a hole cannot be seen, and a repeat only by its id.
  { ...subscribed, name: 'trade', table: 'ticks', follows: null, idWindow: REPEATED_TRADES_MAX, book: null },
  {
    ...subscribed,
    name: 'book',
    table: 'spot_delta',
    follows: bookRule.follows,
    idWindow: 0,
    book: bookRule,
  },
  {
    name: 'creatures',
    table: 'instruments',
    scope: 'market',
    route: null,
    within: null,
    follows: null,
    idWindow: 0,
    book: null,
    poll: { everyMs: HOUR_MS, request: () => ({ path: '/creatures', weight: 10 }) },
  },
]
