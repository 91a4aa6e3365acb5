import type { ExchangeMarket } from '@cryptoflow/model'
import { decodeAnswer, decodeFrame } from './decode.ts'
import { pondSession } from './session.ts'
import { pondStreams } from './streams.ts'

/** Where Pond is, when it is not at its own address: a simulator. */
export interface PondOptions {
  /** Scheme, host and port of the websocket. */
  readonly wsUrl?: string
  readonly restUrl?: string
}

/**
 * Pond spot: an exchange that nobody runs, written as a real adapter is. Its wire is described in this folder's README.
 */
export function pond(options: PondOptions = {}): ExchangeMarket {
  return {
    exchange: 'pond',
    market: 'spot',
    aliases: [],
    decoderVersion: 'pond-spot-json/1',
    quantityUnit: 'base',
    session: pondSession(options),
    streams: pondStreams,
    collectors: {
      ticks: ['trade'],
      spot_delta: ['book'],
      spot_ob: ['book'],
      instruments: ['creatures'],
    },
    decodeFrame,
    decodeAnswer,
    // One list of the whole market, and nothing in it says whose: only its address does.
    recognise: (url) => (url?.endsWith('/creatures') ? { stream: 'creatures', symbol: '' } : null),
    // Pond has one market, so that there is nothing to tell apart.
    hears: () => null,
    symbolMeant: () => null,
  }
}
