import type { ExchangeMarket } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { decodeAnswer, recognise } from './answers.ts'
import { decodeFuturesFrame } from './futures.ts'
import { hears } from './hears.ts'
import { symbolMeant } from './meant.ts'
import { depthOf, futuresSession, spotSession } from './session.ts'
import { decodeSpotFrame } from './spot.ts'
import { futuresCollectors, futuresStreams, spotCollectors, spotStreams } from './streams.ts'
import type { FuturesMarket } from './symbols.ts'

/** Kraken spot over its websocket version 2; `options.bookDepth` chooses the depth of books, 10 if nothing is said. */
export function krakenSpot(options: MarketOptions = {}): ExchangeMarket {
  const depth = depthOf(options)
  return {
    exchange: 'kraken',
    market: 'spot',
    aliases: [],
    decoderVersion: 'kraken-spot-json/1',
    quantityUnit: 'base',
    session: spotSession(options, depth),
    streams: spotStreams(depth, options.bookPollDepth),
    collectors: spotCollectors,
    decodeFrame: decodeSpotFrame,
    decodeAnswer: (context, body, out) => decodeAnswer('spot', context, body, out),
    recognise: (url, body) => recognise('spot', url, body),
    hears: (url, frame) => hears('spot', url, frame),
    symbolMeant: (symbol) => symbolMeant('spot', symbol),
  }
}

/** Kraken Futures, linear: margined in several currencies, quantities in the coin. */
export function krakenLinear(options: MarketOptions = {}): ExchangeMarket {
  return futures('linear', options)
}

/** Kraken Futures, inverse: margined in the coin itself, quantities in units of the quote. */
export function krakenInverse(options: MarketOptions = {}): ExchangeMarket {
  return futures('inverse', options)
}

/** The version changes whenever a frame's events would. */
function futures(market: FuturesMarket, options: MarketOptions): ExchangeMarket {
  return {
    exchange: 'kraken',
    market,
    // The first is cryptofeed's name, the second tardis's, from before the exchange was renamed.
    aliases: ['kraken_futures', 'cryptofacilities'],
    decoderVersion: `kraken-${market}-json/1`,
    quantityUnit: market === 'linear' ? 'base' : 'quote',
    session: futuresSession(options),
    streams: futuresStreams,
    collectors: futuresCollectors,
    decodeFrame: (bytes, out) => decodeFuturesFrame(market, bytes, out),
    decodeAnswer: (context, body, out) => decodeAnswer(market, context, body, out),
    recognise: (url, body) => recognise(market, url, body),
    hears: (url, frame) => hears(market, url, frame),
    symbolMeant: (symbol) => symbolMeant(market, symbol),
  }
}
