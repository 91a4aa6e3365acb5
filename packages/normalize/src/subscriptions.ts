import type { ExchangeMarket, Subscription } from '@cryptoflow/model'
import type { KeyIndex, KeyState } from './key-state.ts'
import { joinConnection } from './stream.ts'

/** A connection carries a stream of a key: a book heard of for the first time is asked for. */
export function carry(
  index: KeyIndex,
  state: KeyState,
  { stream: name, depth }: Subscription,
  connection: number,
): void {
  const stream = index.stream(state, name)
  if (stream === null || !stream.isRemembered) return
  joinConnection(stream, connection)
  const { keeper } = state
  if (keeper?.stream !== name) return
  if (keeper.origin === 'rest') keeper.subscribed()
  else keeper.subscribedDepth = depth ?? null
}

/** A subscription for the whole market carries the stream of every key that was heard on it before. */
export function carryForAll(index: KeyIndex, market: ExchangeMarket, name: string, connection: number): void {
  for (const state of index.keys) {
    if (state.market !== market) continue
    const stream = state.streams.find(({ spec }) => spec.name === name)
    if (stream !== undefined) joinConnection(stream, connection)
  }
}
