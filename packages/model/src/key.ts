/** The exchange's market segment. Binance USD-M is `linear`, COIN-M is `inverse`. */
export type Market = 'spot' | 'linear' | 'inverse'

/** The key of everything: books, dedupe, sequences, shards, coverage. */
export interface InstrumentKey {
  readonly exchange: string
  readonly market: Market
  /** The exchange's own text, byte for byte. */
  readonly symbol: string
}

/** One text for one key; NUL cannot be part of a symbol, so two keys never share a text. */
export function keyText(key: InstrumentKey): string {
  return `${key.exchange}\0${key.market}\0${key.symbol}`
}
