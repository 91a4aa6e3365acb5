import type { ExchangeMarket, Market, SessionSpec, StreamSpec, TableName } from '@cryptoflow/model'
import type { MarketOptions } from '../market-options.ts'
import { decodeAnswer } from './answers.ts'
import { decodeFrame } from './frame.ts'
import { symbolMeant } from './meant.ts'
import { hears, recognise } from './recognise.ts'
import { linearSession, spotSession } from './session.ts'
import { linearCollectors, linearStreams, polledBook, spotCollectors, spotStreams } from './streams.ts'

/** Coinbase spot: the Advanced socket, and the Exchange socket beside it. */
export function coinbaseSpot(options: MarketOptions = {}): ExchangeMarket {
  return {
    ...assembled('spot', spotSession(options), streamsOf('spot', spotStreams, options), spotCollectors),
    aliases: ['coinbase_pro'],
  }
}

/** The perpetual contracts of Coinbase International that Advanced Trade shows, `BTC-PERP-INTX`. */
export function coinbaseLinear(options: MarketOptions = {}): ExchangeMarket {
  return assembled(
    'linear',
    linearSession(options),
    streamsOf('linear', linearStreams, options),
    linearCollectors,
  )
}

function streamsOf(
  market: Market,
  streams: readonly StreamSpec[],
  { bookPollDepth }: MarketOptions,
): readonly StreamSpec[] {
  return [...streams, polledBook(market, bookPollDepth)]
}

/** The version changes whenever a frame's events would. */
function assembled(
  market: Market,
  session: SessionSpec,
  streams: readonly StreamSpec[],
  collectors: Readonly<Partial<Record<TableName, readonly string[]>>>,
): ExchangeMarket {
  return {
    exchange: 'coinbase',
    market,
    aliases: [],
    decoderVersion: `coinbase-${market}-json/1`,
    quantityUnit: 'base',
    session,
    streams,
    collectors,
    decodeFrame: (bytes, out) => decodeFrame(market, bytes, out),
    decodeAnswer: (context, body, out) => decodeAnswer(market, context, body, out),
    recognise: (url, body) => recognise(market, url, body),
    hears: (url, frame) => hears(market, url, frame),
    symbolMeant: (symbol) => symbolMeant(market, symbol),
  }
}
