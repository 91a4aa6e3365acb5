import type { DecodeOutcome, EventBatch, Market, StringTable } from '@cryptoflow/model'
import { space, word } from '../bytes.ts'
import type { FieldReader, Json } from '../json.ts'
import { readBook, readQuote, scanBook, scanQuote } from './book.ts'
import { readLiquidations } from './liquidations.ts'
import { marketStreams } from './streams.ts'
import { readTickers } from './tickers.ts'
import { scanTrades } from './trade-scan.ts'
import { readTrades } from './trades.ts'

/** Which function reads the messages of which channel, fast and exactly. */

/** Where a message on the fast path stands, and what its topic says. */
export interface Place {
  /** Behind the topic's symbol, at its closing quote. */
  at: number
  /** Where the symbol begins, and its length in bytes. */
  symbolAt: number
  symbolBytes: number
  /** Id of the stream's name in the batch's table; -1 when the table is full. */
  stream: number
}

/** Appends the events of the message and answers true; on false the caller rolls back. */
export type Scanner = (place: Place, out: EventBatch) => boolean

/** A message on the exact path. */
export interface Message {
  /** Of the whole message. */
  readonly fields: FieldReader
  readonly data: Json | undefined
  /** The symbol in the topic. */
  readonly symbol: string
  /** Id of the stream's name. */
  readonly stream: number
}

/** Appends the message's events, or says what else it is; on anything but `events` the caller rolls back. */
export type Reader = (message: Message, out: EventBatch) => DecodeOutcome

interface Form {
  /** Null where the exact path is fast enough. */
  readonly scan: Scanner | null
  readonly read: Reader
}

/** One channel of one market. */
export interface Channel extends Form {
  /** `orderbook.50`. */
  readonly name: string
  /** What stands before the symbol in a topic: `orderbook.50.`. */
  readonly prefix: string
  /** The prefix as its words, the last of which overlaps the one before. */
  readonly words: Int32Array
}

/** A market's channels. */
export interface Wire {
  readonly market: Market
  readonly channels: readonly Channel[]
  /** Ids of the channels' names in the table asked for last. */
  ids: { readonly names: StringTable; readonly ids: Int32Array } | null
}

const forms: Readonly<Record<string, Form>> = {
  publicTrade: { scan: scanTrades, read: readTrades },
  tickers: { scan: null, read: readTickers },
  allLiquidation: { scan: null, read: readLiquidations },
  'orderbook.1': { scan: scanQuote, read: readQuote },
}
const bookForm: Form = { scan: scanBook, read: readBook }

/** Channels that bring the most messages, which are looked for first. */
const busiest = ['orderbook.50', 'orderbook.1', 'publicTrade', 'tickers', 'orderbook.200', 'orderbook.1000']
const rankOf = (name: string): number => (busiest.includes(name) ? busiest.indexOf(name) : busiest.length)

function wireOf(market: Market): Wire {
  const channels = marketStreams[market]
    .filter(({ route, within }) => route !== null && within === null)
    .sort((a, b) => rankOf(a.name) - rankOf(b.name))
    .map(({ name }) => {
      const prefix = `${name}.`
      return { name, prefix, words: wordsOf(prefix), ...(forms[name] ?? bookForm) }
    })
  return { market, channels, ids: null }
}

function wordsOf(text: string): Int32Array {
  const starts = Array.from({ length: Math.ceil(text.length / 4) }, (_, i) =>
    Math.min(i * 4, text.length - 4),
  )
  return Int32Array.from(starts, (at) => word(text.slice(at, at + 4)))
}

/** By market. */
export const wires: Readonly<Record<Market, Wire>> = {
  spot: wireOf('spot'),
  linear: wireOf('linear'),
  inverse: wireOf('inverse'),
}

const { view } = space

/** The index of the channel whose prefix stands at `at`; -1 for none. */
export function channelAt({ channels }: Wire, at: number): number {
  for (let i = 0; i < channels.length; i++) if (stands(channels[i] as Channel, at)) return i
  return -1
}

function stands({ words, prefix }: Channel, at: number): boolean {
  const last = words.length - 1
  for (let i = 0; i < last; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false
  return view.getInt32(at + prefix.length - 4, true) === words[last]
}

/** The channel of a topic; undefined when the market offers none such. */
export function channelOf({ channels }: Wire, topic: string): Channel | undefined {
  return channels.find(({ prefix }) => topic.startsWith(prefix))
}

/** The ids of the channels in `names`, in their order; looked up once for as long as the same table is asked for. */
export function channelIds(wire: Wire, names: StringTable): Int32Array {
  if (wire.ids?.names === names) return wire.ids.ids
  const ids = Int32Array.from(wire.channels, ({ name }) => names.idOf(name))
  wire.ids = { names, ids }
  return ids
}
