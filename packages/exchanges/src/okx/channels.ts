import { type EventBatch, EventKind, type Market, type StringTable } from '@cryptoflow/model'
import { space, word } from '../bytes.ts'
import { readBook, scanBook, scanImage } from './book.ts'
import type { Element, Place } from './fields.ts'
import { readFundingRate, readMarkPrice, readOpenInterest } from './funding.ts'
import { readQuote, scanQuote } from './quotes.ts'
import { marketStreams } from './streams.ts'
import { readTrade, scanTrades } from './trades.ts'

/** Which function reads the messages of which channel of one symbol, fast and exactly. */

/**
 * Appends the events of the message whose symbol stands at `symbolAt ... symbolEnd - 1` and answers true; on false
 * the caller rolls back.
 */
export type Scanner = (
  symbolAt: number,
  symbolEnd: number,
  stream: number,
  symbol: number,
  out: EventBatch,
) => boolean

/** Appends the event that one element is, or refuses on its fields. `action` is null where messages have none. */
export type Reader = (element: Element, place: Place, out: EventBatch, action: Action | null) => void

/** What a message of an incremental book brings. */
export type Action = 'snapshot' | 'update'

interface Form {
  /** Null where the exact path is fast enough: a few times a second for a symbol. */
  readonly scan: Scanner | null
  readonly read: Reader
  /** Whether messages have an `action`. */
  readonly isIncremental?: true
}

/** One channel of one market. */
export interface Channel extends Form {
  readonly name: string
  /** `books","instId":"` as it stands in `arg`: its words, the last of which overlaps the one before. */
  readonly words: Int32Array
  readonly bytes: number
}

const incremental: Form = {
  scan: scanBook,
  read: (element, place, out, action) =>
    readBook(element, place, action === 'snapshot' ? EventKind.bookSnapshot : EventKind.bookDelta, out),
  isIncremental: true,
}
const trade: Form = { scan: scanTrades, read: readTrade }

/** Those that bring the most messages first. */
const forms: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['books', incremental],
  ['bbo-tbt', { scan: scanQuote, read: readQuote }],
  ['trades', trade],
  ['trades-all', trade],
  [
    'books5',
    {
      scan: scanImage,
      read: (element, place, out) => readBook(element, place, EventKind.bookImage, out),
    },
  ],
  ['books-l2-tbt', incremental],
  ['books50-l2-tbt', incremental],
  ['mark-price', { scan: null, read: readMarkPrice }],
  ['funding-rate', { scan: null, read: readFundingRate }],
  ['open-interest', { scan: null, read: readOpenInterest }],
])

/** A market's channels of one symbol. */
export interface Wire {
  readonly market: Market
  readonly channels: readonly Channel[]
  readonly byName: ReadonlyMap<string, Channel>
  /** Ids of the channels' names in the table asked for last. */
  ids: { readonly names: StringTable; readonly ids: Int32Array } | null
}

function wireOf(market: Market): Wire {
  const offered = new Set(marketStreams[market].map(({ name }) => name))
  const channels = [...forms]
    .filter(([name]) => offered.has(name))
    .map(([name, form]) => ({ name, ...spelled(name), ...form }))
  const byName = new Map(channels.map((channel) => [channel.name, channel]))
  return { market, channels, byName, ids: null }
}

function spelled(name: string): { words: Int32Array; bytes: number } {
  const text = `${name}","instId":"`
  const starts = Array.from({ length: Math.ceil(text.length / 4) }, (_, i) =>
    Math.min(i * 4, text.length - 4),
  )
  return { words: Int32Array.from(starts, (at) => word(text.slice(at, at + 4))), bytes: text.length }
}

/** By market. */
export const wires: Readonly<Record<Market, Wire>> = {
  spot: wireOf('spot'),
  linear: wireOf('linear'),
  inverse: wireOf('inverse'),
}

const { view } = space

/** The index of the channel whose name stands at `at`, with `","instId":"` behind it; -1 for none. */
export function channelAt({ channels }: Wire, at: number): number {
  for (let i = 0; i < channels.length; i++) if (stands(channels[i] as Channel, at)) return i
  return -1
}

function stands({ words, bytes }: Channel, at: number): boolean {
  const last = words.length - 1
  for (let i = 0; i < last; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false
  return view.getInt32(at + bytes - 4, true) === words[last]
}

/** The ids of the channels in `names`, in their order; looked up once for as long as the same table is asked for. */
export function channelIds(wire: Wire, names: StringTable): Int32Array {
  if (wire.ids?.names === names) return wire.ids.ids
  const ids = Int32Array.from(wire.channels, ({ name }) => names.idOf(name))
  wire.ids = { names, ids }
  return ids
}
