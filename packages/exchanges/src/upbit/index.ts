import type { ExchangeMarket } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { decodeAnswer } from './answers.ts'
import { decodeFrame } from './frame.ts'
import { symbolMeant } from './meant.ts'
import { hears, recognise } from './recognise.ts'
import { spotSession } from './session.ts'
import { polledBook, spotCollectors, spotStreams } from './streams.ts'

/** Upbit spot, Korea; `options.bookDepth` chooses how many levels a side its books have, 30 if nothing is said. */
export function upbitSpot(options: MarketOptions = {}): ExchangeMarket {
  return {
    exchange: 'upbit',
    market: 'spot',
    aliases: [],
    // The version changes whenever a frame's events would.
    decoderVersion: 'upbit-spot-json/1',
    quantityUnit: 'base',
    session: spotSession(options),
    streams: [...spotStreams, polledBook(options.bookPollDepth)],
    collectors: spotCollectors,
    decodeFrame,
    decodeAnswer,
    recognise,
    hears: (url) => hears(url),
    symbolMeant,
  }
}
