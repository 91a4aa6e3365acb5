import { type ExchangeMarket, keyText, type StringTable } from '@cryptoflow/model'
import type { BookKeeper } from './book-keeper.ts'
import { type Counters, createCounters } from './counters.ts'
import type { RowKey } from './row-types.ts'
import { rowKey } from './rows.ts'
import { createStream, type StreamState } from './stream.ts'

/** Everything that is remembered of one key. No key reads another's. */
export interface KeyState {
  readonly market: ExchangeMarket
  readonly key: RowKey
  /** By stream name, in order of first sight. */
  readonly streams: Map<string, StreamState>
  /** The book of the first book stream that the key had; null until then. */
  keeper: BookKeeper | null
  readonly counters: Counters
}

/** Makes the book keeper of a key for its first book stream. */
export type MakeKeeper = (state: KeyState, stream: StreamState) => BookKeeper

/** The keys of a lane, found by the ids that a batch carries without making a text. */
export class KeyIndex {
  /** In order of first sight. */
  readonly keys: KeyState[] = []
  private readonly byText = new Map<string, KeyState>()
  private readonly byIds = new Map<ExchangeMarket, Map<number, KeyState | null>>()
  private readonly names: StringTable
  private readonly makeKeeper: MakeKeeper

  constructor(names: StringTable, makeKeeper: MakeKeeper) {
    this.names = names
    this.makeKeeper = makeKeeper
  }

  /** The key, made when new. */
  key(market: ExchangeMarket, symbol: string): KeyState {
    const text = keyText({ exchange: market.exchange, market: market.market, symbol })
    const known = this.byText.get(text)
    if (known !== undefined) return known
    const state: KeyState = {
      market,
      key: rowKey(market, symbol, this.names),
      streams: new Map(),
      keeper: null,
      counters: createCounters(),
    }
    this.byText.set(text, state)
    this.keys.push(state)
    return state
  }

  /** The key of a symbol id, made when new; null when `owns` refuses it. The answer is remembered. */
  keyOfId(
    market: ExchangeMarket,
    symbolId: number,
    owns: (market: ExchangeMarket, symbol: string) => boolean,
  ): KeyState | null {
    let byId = this.byIds.get(market)
    if (byId === undefined) {
      byId = new Map()
      this.byIds.set(market, byId)
    }
    let state = byId.get(symbolId)
    if (state === undefined) {
      const symbol = this.names.text(symbolId)
      state = owns(market, symbol) ? this.key(market, symbol) : null
      byId.set(symbolId, state)
    }
    return state
  }

  /** The key's stream of that name, made when new; null when the market offers none of that name. */
  stream(state: KeyState, name: string): StreamState | null {
    const known = state.streams.get(name)
    if (known !== undefined) return known
    const spec = state.market.streams.find((candidate) => candidate.name === name)
    if (spec === undefined) return null
    const stream = createStream(spec)
    state.streams.set(name, stream)
    if (spec.book !== null && state.keeper === null) state.keeper = this.makeKeeper(state, stream)
    return stream
  }
}
