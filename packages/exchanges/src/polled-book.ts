import type { Market, PollSpec, StreamSpec } from '@cryptoflow/model'

/** Levels a side of a polled book where nothing else is said. */
export const POLL_DEPTH = 100
const SECOND_MS = 1_000

/**
 * A stream of images of books that are asked for by REST, symbol by symbol. Without `levelsMax` there is no depth to
 * choose: what `request` asks for is the whole book.
 */
export function polledImages(
  name: string,
  market: Market,
  poll: Pick<PollSpec, 'levelsMax' | 'request'>,
): StreamSpec {
  return {
    name,
    table: market === 'spot' ? 'spot_ob' : 'futures_ob',
    scope: 'symbol',
    route: null,
    within: null,
    follows: null,
    idWindow: 0,
    book: null,
    poll: { everyMs: SECOND_MS, ...poll },
  }
}
