import { type DecodeOutcome, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { field, isArray, isObject, type Json, type JsonObject, malformed, printable } from '../json.ts'

/**
 * Subscriptions of both sockets and what answers them. No message has an id: an answer lists all that is subscribed
 * on the connection. Source: docs.cdp.coinbase.com, Advanced Trade and Exchange WebSocket overviews, read 2026-09-27.
 */

/** Longest part of a refusal's text that is passed on. */
const DETAIL_CHARACTERS_MAX = 200
/** Channels of the Advanced socket, which takes one a message; the Exchange socket takes a list. */
const advancedChannels: readonly string[] = ['level2', 'market_trades']
/** Channels of the Exchange socket by what its answers call them. */
const exchangeChannels = new Map([
  ['matches', 'matches'],
  ['level2_batch', 'level2_batch'],
  ['level2_50', 'level2_batch'],
])

/** Wire name of a stream: channel and product, as no message writes them together. */
export function streamName(stream: string, symbol: string): string {
  return `${stream}:${symbol}`
}

/** The channel of a wire name: one message subscribes one channel. */
export function channelOf(streamName: string): string {
  return streamName.slice(0, streamName.indexOf(':'))
}

/** The text to send for a subscription; all names are of one channel. */
export function subscribeFrame(streamNames: readonly string[]): string {
  return controlFrame('subscribe', streamNames)
}

/** The text to send for the end of a subscription. */
export function unsubscribeFrame(streamNames: readonly string[]): string {
  return controlFrame('unsubscribe', streamNames)
}

function controlFrame(type: string, streamNames: readonly string[]): string {
  const channel = channelOf(streamNames[0] ?? '')
  const product_ids = streamNames.map((name) => name.slice(channel.length + 1))
  const channels = advancedChannels.includes(channel) ? { channel } : { channels: [channel] }
  return JSON.stringify({ type, product_ids, ...channels })
}

const NO_LIST = malformed('malformed', 'the list of subscriptions cannot be read')

/** Reads `{"channel":"subscriptions","events":[{"subscriptions":{"level2":["BTC-USD"]}}]}`; other channels are passed. */
export function readAdvancedAck(message: JsonObject): DecodeOutcome {
  const events = field(message, 'events')
  if (!isArray(events)) return NO_LIST
  const streams: string[] = []
  for (const event of events) {
    const lists = isObject(event) ? field(event, 'subscriptions') : undefined
    if (!isObject(lists)) return NO_LIST
    for (const channel of advancedChannels) {
      const products = field(lists, channel)
      if (products !== undefined && !appendNames(channel, products, streams)) return NO_LIST
    }
  }
  return { kind: 'ack', id: null, streams }
}

/** Reads `{"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD"]}]}` in the same way. */
export function readExchangeAck(message: JsonObject): DecodeOutcome {
  const channels = field(message, 'channels')
  if (!isArray(channels)) return NO_LIST
  const streams: string[] = []
  for (const listed of channels) {
    const name = isObject(listed) ? field(listed, 'name') : undefined
    if (!isObject(listed) || typeof name !== 'string') return NO_LIST
    const channel = exchangeChannels.get(name)
    if (channel !== undefined && !appendNames(channel, field(listed, 'product_ids'), streams)) return NO_LIST
  }
  return { kind: 'ack', id: null, streams }
}

function appendNames(channel: string, products: Json | undefined, streams: string[]): boolean {
  if (!isArray(products)) return false
  for (const product of products) {
    if (typeof product !== 'string' || product.length > SYMBOL_BYTES_MAX) return false
    streams.push(streamName(channel, product))
  }
  return true
}

/** Reads `{"type":"error","message":"Failed to subscribe","reason":"..."}`; the Advanced socket gives no reason. */
export function readError(message: JsonObject): DecodeOutcome {
  const texts = [field(message, 'message'), field(message, 'reason')]
  const detail = texts.filter((text) => typeof text === 'string' && text !== '').join(': ')
  return { kind: 'refused', id: null, detail: printable(detail, DETAIL_CHARACTERS_MAX) || 'no text' }
}
