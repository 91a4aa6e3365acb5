import type { ExchangeMarket, Market } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { decodeAnswer, recognise } from './answers.ts'
import { wires } from './channels.ts'
import { decodeFrame } from './frame.ts'
import { hears } from './hears.ts'
import { symbolMeant } from './meant.ts'
import { sessionOf } from './session.ts'
import { futuresCollectors, marketStreams, polledBook, spotCollectors } from './streams.ts'

/** Bybit spot, protocol v5. */
export function bybitSpot(options: MarketOptions = {}): ExchangeMarket {
  return assembled('spot', options)
}

/** Bybit contracts settled in USDT or USDC, perpetual and dated. */
export function bybitLinear(options: MarketOptions = {}): ExchangeMarket {
  return assembled('linear', options)
}

/** Bybit contracts settled in the coin itself, each worth 1 USD. */
export function bybitInverse(options: MarketOptions = {}): ExchangeMarket {
  return assembled('inverse', options)
}

/** The version changes whenever a frame's events would. */
function assembled(market: Market, options: MarketOptions): ExchangeMarket {
  const wire = wires[market]
  return {
    exchange: 'bybit',
    market,
    aliases: market === 'spot' ? ['bybit-spot'] : [],
    decoderVersion: `bybit-${market}-json/1`,
    quantityUnit: market === 'inverse' ? 'contracts' : 'base',
    session: sessionOf(market, options),
    streams: [...marketStreams[market], polledBook(market, options.bookPollDepth)],
    collectors: market === 'spot' ? spotCollectors : futuresCollectors,
    decodeFrame: (bytes, out) => decodeFrame(wire, bytes, out),
    decodeAnswer: (context, body, out) => decodeAnswer(market, context, body, out),
    recognise: (url, body) => recognise(market, url, body),
    hears: (url, frame) => hears(market, url, frame),
    symbolMeant: (symbol) => symbolMeant(market, symbol),
  }
}
