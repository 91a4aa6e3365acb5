import {
  type ExchangeMarket,
  keyText,
  type Operators,
  type StreamSpec,
  type StringTable,
} from '@cryptoflow/model'
import type { BookKeeper } from './book-keeper.ts'
import { type Counters, createCounters } from './counters.ts'
import { kindsOf } from './event-rows.ts'
import type { ImageGap } from './image-gaps.ts'
import { countsOfStream, type Ledger, type MessageCounts } from './minutes.ts'
import type { BarState } from './operators/bars.ts'
import { composeOperators, type KeyOperators } from './operators/registry.ts'
import { nameId } from './row-ids.ts'
import { rowKey } from './row-sink.ts'
import type { RowKey } from './row-types.ts'
import { createStream, type StreamState } from './stream.ts'
import type { StreamKeeper } from './stream-keeper.ts'
import type { Digits } from './top.ts'

/** What the instrument list last said about a key. */
export interface Instrument {
  /** Our name. */
  readonly name: string
  /** `textHash` of the exchange's own object. */
  readonly hash: number
  /** Null where the list does not say it. */
  digits: Digits | null
}

/** A key's book, by where it begins. */
export type Keeper = BookKeeper | StreamKeeper

/** Whether a snapshot of another connection, or of none, can be compared with a key's book. */
export function isAuditable(keeper: Keeper): boolean {
  return keeper.origin === 'rest' || keeper.isAuditable
}

/** Everything that is remembered of one key. No key reads another's. */
export interface KeyState {
  readonly market: ExchangeMarket
  readonly key: RowKey
  /** In order of first sight: a handful, found faster by walking than by hashing. */
  readonly streams: StreamState[]
  /** The book of the first book stream that the key had; null until then. */
  keeper: Keeper | null
  /** Where its images are not made; null: they are. */
  imageGap: ImageGap | null
  /** Null until a list names it. */
  instrument: Instrument | null
  readonly counters: Counters
  /** Of its streams in the minute at hand. */
  readonly counts: MessageCounts[]
  readonly ledgers: Ledger[]
  operators: KeyOperators
  /** Null: none are made, or no trade came yet. */
  bars: BarState | null
}

/** One stream of one key with everything that an event of it needs: looked up once, then found by two ids. */
export interface Track {
  readonly streamId: number
  /** Of the same symbol, another stream's. */
  readonly other: Track | null
  readonly state: KeyState
  readonly stream: StreamState
  readonly counts: MessageCounts
  /** Bit n is set: an event of kind n can be rows of the stream's table. */
  readonly kinds: number
  /** Whether one subscription brings the stream of all symbols. */
  readonly isMarketWide: boolean
}

/** Keys and tracks of a market by ids of names; an absent key is not ours. */
interface MarketIndex {
  readonly keys: Map<number, KeyState | null>
  /** By symbol id, the first of a handful each: found faster by walking than by hashing. */
  readonly tracks: (Track | null)[]
}

/** Makes the book keeper of a key for its first book stream. */
export type MakeKeeper = (state: KeyState, stream: StreamState) => Keeper

/** The keys of a lane, found by the ids that a batch carries without making a text. */
export class KeyIndex {
  /** In order of first sight. */
  readonly keys: KeyState[] = []
  private readonly unnamedKeys = new Map<ExchangeMarket, KeyState>()
  private readonly byText = new Map<string, KeyState>()
  private readonly byMarket = new Map<ExchangeMarket, MarketIndex>()
  /** The entry of `byMarket` that was used last: events come in runs of one market. */
  private lastMarket: ExchangeMarket | null = null
  private lastIndex: MarketIndex = { keys: new Map(), tracks: [] }
  /** Streams without a memory: one state serves all keys, since nobody reads it. */
  private readonly forgetful = new Map<StreamSpec, StreamState>()
  private readonly names: StringTable
  private readonly makeKeeper: MakeKeeper
  private operators: Operators | undefined

  constructor(names: StringTable, makeKeeper: MakeKeeper) {
    this.names = names
    this.makeKeeper = makeKeeper
  }

  /** From now on these operators are used, for keys that are there and for those that come. */
  use(operators: Operators | undefined): void {
    this.operators = operators
    for (const state of this.states()) {
      this.compose(state)
      const { idWindow } = state.operators
      for (const { ids, spec } of state.streams) ids?.resize(idWindow ?? spec.idWindow)
    }
  }

  private compose(state: KeyState): KeyState {
    state.operators = composeOperators(this.operators, state.market, state.key.symbol)
    state.key.hidden = state.operators.hidden
    return state
  }

  /** The key, made when new. */
  key(market: ExchangeMarket, symbol: string): KeyState {
    const text = keyText({ exchange: market.exchange, market: market.market, symbol })
    const known = this.byText.get(text)
    if (known !== undefined) return known
    const state = this.compose(createKey(market, rowKey(market, symbol, this.names)))
    this.byText.set(text, state)
    this.keys.push(state)
    return state
  }

  /** Stands for the keys of a market that messages do not name; its symbol is empty. */
  unnamed(market: ExchangeMarket): KeyState {
    const state =
      this.unnamedKeys.get(market) ?? this.compose(createKey(market, rowKey(market, '', this.names)))
    this.unnamedKeys.set(market, state)
    return state
  }

  /** The keys, then what stands for unnamed ones. */
  *states(): Iterable<KeyState> {
    yield* this.keys
    yield* this.unnamedKeys.values()
  }

  /** The key of a symbol id, made when new; null when `owns` refuses it. The answer is remembered. */
  keyOfId(
    market: ExchangeMarket,
    symbolId: number,
    owns: (market: ExchangeMarket, symbol: string) => boolean,
  ): KeyState | null {
    if (market !== this.lastMarket) this.turnTo(market)
    const { keys } = this.lastIndex
    let state = keys.get(symbolId)
    if (state === undefined) {
      const symbol = this.names.text(symbolId)
      state = owns(market, symbol) ? this.key(market, symbol) : null
      keys.set(symbolId, state)
    }
    return state
  }

  /** The track of two ids; null when `openTrack` has not made it, or will not. */
  track(market: ExchangeMarket, symbolId: number, streamId: number): Track | null {
    if (market !== this.lastMarket) this.turnTo(market)
    const { tracks } = this.lastIndex
    let track = symbolId < tracks.length ? (tracks[symbolId] as Track | null) : null
    while (track !== null && track.streamId !== streamId) track = track.other
    return track
  }

  /** Makes the track of a key's stream; null when the market offers none of that name. */
  openTrack(state: KeyState, symbolId: number, streamId: number): Track | null {
    const stream = this.stream(state, this.names.text(streamId))
    if (stream === null) return null
    this.turnTo(state.market)
    const { tracks } = this.lastIndex
    // Ids are dense: an array without holes is no larger than the table of names.
    while (tracks.length <= symbolId) tracks.push(null)
    const { table, scope } = stream.spec
    const track: Track = {
      streamId,
      other: tracks[symbolId] as Track | null,
      state,
      stream,
      counts: countsOfStream(state.counts, stream.spec),
      kinds: kindsOf(table),
      isMarketWide: scope === 'market',
    }
    tracks[symbolId] = track
    return track
  }

  private turnTo(market: ExchangeMarket): void {
    const index = this.byMarket.get(market) ?? { keys: new Map(), tracks: [] }
    this.byMarket.set(market, index)
    this.lastMarket = market
    this.lastIndex = index
  }

  /** The key's stream of this name, made when new; null when the market offers none. */
  stream(state: KeyState, name: string): StreamState | null {
    const known = state.streams.find(({ spec }) => spec.name === name)
    if (known !== undefined) return known
    const spec = state.market.streams.find((candidate) => candidate.name === name)
    if (spec === undefined) return null
    const stream = createStream(spec, state.operators.idWindow)
    if (!stream.isRemembered) return this.forgetfulStream(stream)
    state.streams.push(stream)
    if (spec.book !== null && state.keeper === null) state.keeper = this.makeKeeper(state, stream)
    return stream
  }

  /** From now on every row of the key carries this name. */
  nameInstrument(state: KeyState, instrument: Instrument): void {
    state.instrument = instrument
    state.key.instrumentId = nameId(this.names, instrument.name)
  }

  private forgetfulStream(made: StreamState): StreamState {
    const known = this.forgetful.get(made.spec)
    if (known === undefined) this.forgetful.set(made.spec, made)
    return known ?? made
  }
}

function createKey(market: ExchangeMarket, key: RowKey): KeyState {
  return {
    market,
    key,
    streams: [],
    keeper: null,
    imageGap: null,
    instrument: null,
    counters: createCounters(),
    counts: [],
    ledgers: [],
    operators: composeOperators(undefined, market, key.symbol),
    bars: null,
  }
}

/** A key's counts, those of its quotes as they stand now. */
export function countsOf({ counters, keeper }: KeyState): Counters {
  if (keeper !== null) {
    const { points, equal } = keeper.quotes.counts()
    counters.quotePoints = points
    counters.quoteEqual = equal
  }
  return counters
}
