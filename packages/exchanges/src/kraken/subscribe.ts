import { type Json, wholeNumber } from '../json.ts'

/**
 * What is sent to subscribe, and the names that streams have in our own planning: the exchange has none, so a wire
 * name is the channel, a colon and the symbol: `book:BTC/USD`; of the whole market the channel alone.
 *
 * Sources: docs.kraken.com as copied 2026-05-27, websocket-v2/book, trade, instrument; futures-api/websocket/book.
 */

/** The channel is as the exchange calls it; a stream within another (`trade/liquidations`) has that one's name. */
export function streamName(stream: string, symbol: string): string {
  const channel = stream.split('/')[0] as string
  return symbol === '' ? channel : `${channel}:${symbol}`
}

/** Streams of one frame are of one channel. */
export function channelOf(streamName: string): string {
  return streamName.split(':', 1)[0] as string
}

/** What stands behind the colon, whatever it is; empty for a stream of the whole market. */
function symbolOf(streamName: string): string {
  return streamName.slice(channelOf(streamName).length + 1)
}

/** A frame for spot streams of one channel; books are subscribed with `depth` levels a side. */
export function spotFrame(
  method: 'subscribe' | 'unsubscribe',
  streamNames: readonly string[],
  { id, depth }: { readonly id: number; readonly depth: number },
): string {
  const channel = channelOf(streamNames[0] as string)
  const symbols = streamNames.map(symbolOf).filter((symbol) => symbol !== '')
  const params = {
    channel,
    ...(symbols.length === 0 ? {} : { symbol: symbols }),
    // The depth belongs to the name of the subscription: without it there is nothing to unsubscribe.
    ...(channel === 'book' ? { depth } : {}),
    ...(method === 'subscribe' ? { snapshot: true } : {}),
  }
  return JSON.stringify({ method, params, req_id: requestId(id, channel) })
}

/** A frame for futures streams of one feed. Requests have no id there. */
export function futuresFrame(event: 'subscribe' | 'unsubscribe', streamNames: readonly string[]): string {
  const feed = channelOf(streamNames[0] as string)
  return JSON.stringify({ event, feed, product_ids: streamNames.map(symbolOf) })
}

/** Their places are the last digit of a request's id, from 1. */
const channels: readonly string[] = ['book', 'trade', 'instrument']
const PLACES = 10

/**
 * The `req_id` of frame `id`, which also says what it is about: a refusal names the symbol, but not the channel, and
 * the same symbol may be subscribed for both. Frame 7 of books has 71, of trades 72.
 */
function requestId(id: number, channel: string): number {
  return id * PLACES + channels.indexOf(channel) + 1
}

/** The frame and the channel that an answer's `req_id` is about; null when it is no id of ours. */
export function requestOf(json: Json | undefined): { readonly id: number; readonly channel: string } | null {
  const told = wholeNumber(json) ?? 0
  const id = Math.floor(told / PLACES)
  const channel = channels[(told % PLACES) - 1]
  return id === 0 || channel === undefined ? null : { id, channel }
}
