import type { ExchangeMarket, Market } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { decodeAnswer } from './answers.ts'
import { wires } from './channels.ts'
import { decodeFrame } from './frame.ts'
import { symbolMeant } from './meant.ts'
import { hears, recognise } from './recognise.ts'
import { session } from './session.ts'
import { marketCollectors, marketStreams, polledBook } from './streams.ts'

/** OKX spot, protocol version 5. */
export function okxSpot(options: MarketOptions = {}): ExchangeMarket {
  return assembled('spot', ['okex'], options)
}

/** OKX contracts on anything but US dollars: perpetual and dated, margined in stablecoins. */
export function okxLinear(options: MarketOptions = {}): ExchangeMarket {
  return assembled('linear', contractAliases, options)
}

/** OKX contracts on US dollars: perpetual and dated, margined in the coin itself. */
export function okxInverse(options: MarketOptions = {}): ExchangeMarket {
  return assembled('inverse', contractAliases, options)
}

/** As tardis-dev names its recordings. */
const contractAliases = ['okex', 'okex-futures', 'okex-swap']

/** The version changes whenever a frame's events would. */
function assembled(market: Market, aliases: readonly string[], options: MarketOptions): ExchangeMarket {
  const wire = wires[market]
  return {
    exchange: 'okx',
    market,
    aliases,
    decoderVersion: `okx-${market}-json/1`,
    quantityUnit: market === 'spot' ? 'base' : 'contracts',
    session: session(options),
    streams: [...marketStreams[market], polledBook(market, options.bookPollDepth)],
    collectors: marketCollectors[market],
    decodeFrame: (bytes, out) => decodeFrame(wire, bytes, out),
    decodeAnswer: (context, body, out) => decodeAnswer(market, context, body, out),
    recognise: (url, body) => recognise(market, url, body),
    hears: (_url, frame) => hears(market, frame),
    symbolMeant: (symbol) => symbolMeant(market, symbol),
  }
}
