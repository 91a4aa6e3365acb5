import type { ExchangeMarket, Market, SessionSpec } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { decodeAnswer, recognise } from './answers.ts'
import { wires } from './channels.ts'
import { decodeFrame } from './frame.ts'
import { hears } from './hears.ts'
import { symbolMeant } from './meant.ts'
import { inverseSession, linearSession, spotSession } from './session.ts'
import { futuresCollectors, marketStreams, polledBook, spotCollectors } from './streams.ts'

/** Binance spot as JSON over combined streams. */
export function binanceSpot(options: MarketOptions = {}): ExchangeMarket {
  return assembled('spot', spotSession(options), options)
}

/** Binance USD-M: margined in stablecoins. */
export function binanceLinear(options: MarketOptions = {}): ExchangeMarket {
  return assembled('linear', linearSession(options), options)
}

/** Binance COIN-M: margined in the coin itself, traded in contracts of a fixed worth. */
export function binanceInverse(options: MarketOptions = {}): ExchangeMarket {
  return assembled('inverse', inverseSession(options), options)
}

/** The version changes whenever a frame's events would. */
function assembled(market: Market, session: SessionSpec, { bookPollDepth }: MarketOptions): ExchangeMarket {
  const wire = wires[market]
  return {
    exchange: 'binance',
    market,
    aliases: [],
    decoderVersion: `binance-${market}-json/2`,
    quantityUnit: market === 'inverse' ? 'contracts' : 'base',
    session,
    streams: [...marketStreams[market], polledBook(market, bookPollDepth)],
    collectors: market === 'spot' ? spotCollectors : futuresCollectors,
    decodeFrame: (bytes, out) => decodeFrame(wire, bytes, out),
    decodeAnswer: (context, body, out) => decodeAnswer(market, context, body, out),
    recognise: (url, body) => recognise(market, url, body),
    hears: (url, frame) => hears(market, url, frame),
    symbolMeant: (symbol) => symbolMeant(market, symbol),
  }
}
