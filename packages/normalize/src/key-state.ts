import { type ExchangeMarket, keyText, type StreamSpec, type StringTable } from '@cryptoflow/model'
import type { BookKeeper } from './book-keeper.ts'
import { type Counters, createCounters } from './counters.ts'
import { nameId, rowKey } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import { createStream, isRemembered, type StreamState } from './stream.ts'

/** What the instrument list last said about a key. */
export interface Instrument {
  /** Our name. */
  readonly name: string
  /** `textHash` of the exchange's own object. */
  readonly hash: number
}

/** Everything that is remembered of one key. No key reads another's. */
export interface KeyState {
  readonly market: ExchangeMarket
  readonly key: RowKey
  /** In order of first sight: a handful, found faster by walking than by hashing. */
  readonly streams: StreamState[]
  /** The book of the first book stream that the key had; null until then. */
  keeper: BookKeeper | null
  /** Null until a list names it. */
  instrument: Instrument | null
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
  /** The entry of `byIds` that was used last: events come in runs of one market. */
  private lastMarket: ExchangeMarket | null = null
  private lastById = new Map<number, KeyState | null>()
  /** Streams without a memory: one state serves all keys, since nobody reads it. */
  private readonly forgetful = new Map<StreamSpec, StreamState>()
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
      streams: [],
      keeper: null,
      instrument: null,
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
    if (market !== this.lastMarket) this.turnTo(market)
    let state = this.lastById.get(symbolId)
    if (state === undefined) {
      const symbol = this.names.text(symbolId)
      state = owns(market, symbol) ? this.key(market, symbol) : null
      this.lastById.set(symbolId, state)
    }
    return state
  }

  private turnTo(market: ExchangeMarket): void {
    const byId = this.byIds.get(market) ?? new Map<number, KeyState | null>()
    this.byIds.set(market, byId)
    this.lastMarket = market
    this.lastById = byId
  }

  /** The key's stream whose name has this id, made when new; null when the market offers none of that name. */
  streamOfId(state: KeyState, id: number): StreamState | null {
    const { streams } = state
    for (let i = 0; i < streams.length; i++) {
      const stream = streams[i] as StreamState
      if (stream.nameId === id) return stream
    }
    return this.stream(state, this.names.text(id))
  }

  /** The same by its name. */
  stream(state: KeyState, name: string): StreamState | null {
    const known = state.streams.find(({ spec }) => spec.name === name)
    if (known !== undefined) return known
    const spec = state.market.streams.find((candidate) => candidate.name === name)
    if (spec === undefined) return null
    if (!isRemembered(spec)) return this.forgetfulStream(spec)
    const stream = createStream(spec, this.names.idOf(name))
    state.streams.push(stream)
    if (spec.book !== null && state.keeper === null) state.keeper = this.makeKeeper(state, stream)
    return stream
  }

  /** From now on every row of the key carries this name. */
  nameInstrument(state: KeyState, instrument: Instrument): void {
    state.instrument = instrument
    state.key.instrumentId = nameId(this.names, instrument.name)
  }

  private forgetfulStream(spec: StreamSpec): StreamState {
    let stream = this.forgetful.get(spec)
    if (stream === undefined) {
      stream = createStream(spec, -1)
      this.forgetful.set(spec, stream)
    }
    return stream
  }
}
