import type { ExchangeMarket } from '@cryptoflow/model'
import type { MarketUrls } from '../urls.ts'
import { spotBookRule } from './book.ts'
import { decodeAnswer, decodeFrame } from './frame.ts'
import { channels } from './names.ts'
import { binanceSession } from './session.ts'
import { followsTrade } from './trades.ts'

/** Binance spot as JSON over combined streams. The version changes whenever a frame's events would. */
export function binanceSpot(urls: MarketUrls = {}): ExchangeMarket {
  return {
    exchange: 'binance',
    market: 'spot',
    decoderVersion: 'binance-spot-json/1',
    quantityUnit: 'base',
    session: binanceSession(urls),
    streams: [
      { name: channels.trade, table: 'ticks', follows: followsTrade, book: null },
      { name: channels.depth100ms, table: 'spot_delta', follows: spotBookRule.follows, book: spotBookRule },
      { name: channels.quote, table: null, follows: null, book: null },
    ],
    decodeFrame,
    decodeAnswer,
  }
}
