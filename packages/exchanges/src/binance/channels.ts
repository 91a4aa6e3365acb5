import type { EventBatch, Market, StringTable } from '@cryptoflow/model'
import type { FieldReader, JsonObject } from '../json.ts'
import { isSpelled, type Spelled, spelled } from '../spelled.ts'
import { readAggregate, readFuturesAggregate, scanAggregate, scanFuturesAggregate } from './aggregates.ts'
import {
  readDepth,
  readFuturesDepth,
  readFuturesImage,
  scanDepth,
  scanFuturesDepth,
  scanFuturesImage,
} from './book.ts'
import { readMarkPrice } from './funding.ts'
import { readForceOrder } from './liquidations.ts'
import { readFuturesQuote, readQuote, scanFuturesQuote, scanQuote } from './quotes.ts'
import { readImage, scanImage } from './snapshots.ts'
import { marketStreams } from './streams.ts'
import { readTrade, scanFuturesTrade, scanTrade } from './trades.ts'

/** Which function reads the messages of which channel, fast and exactly. */

/** Appends the event of the message at `at` and answers true; on false the caller rolls back. */
export type Scanner = (at: number, symbolBytes: number, stream: number, out: EventBatch) => boolean
/**
 * Appends the event that the fields of `message` give, or refuses on them. `streamSymbol` is the symbol in the
 * stream's name as it stands there, empty where there is none.
 */
export type Reader = (
  fields: FieldReader,
  stream: number,
  out: EventBatch,
  message: JsonObject,
  streamSymbol: string,
) => void

/** Messages of one type: what their `e` says, undefined where they have none. */
interface Form {
  readonly type: string | undefined
  /** Null where the exact path is fast enough: at most once a second for a symbol. */
  readonly scan: Scanner | null
  readonly read: Reader
}

/** One channel of one market. */
export interface Channel extends Form {
  /** Without its symbol: `depth@100ms`, `!bookTicker`. */
  readonly name: string
  /** `@depth@100ms","data":` as it stands behind the symbol. */
  readonly text: Spelled
}

const readLiquidation: Reader = (fields, stream, out, message) =>
  readForceOrder(message, fields, stream, out.names, out)

const spotForms = {
  trade: { type: 'trade', scan: scanTrade, read: readTrade },
  aggregate: { type: 'aggTrade', scan: scanAggregate, read: readAggregate },
  diff: { type: 'depthUpdate', scan: scanDepth, read: readDepth },
  image: { type: undefined, scan: scanImage, read: readImage },
  quote: { type: undefined, scan: scanQuote, read: readQuote },
} as const satisfies Record<string, Form>

const futuresForms = {
  trade: { type: 'trade', scan: scanFuturesTrade, read: readTrade },
  aggregate: { type: 'aggTrade', scan: scanFuturesAggregate, read: readFuturesAggregate },
  diff: { type: 'depthUpdate', scan: scanFuturesDepth, read: readFuturesDepth },
  image: { type: 'depthUpdate', scan: scanFuturesImage, read: readFuturesImage },
  quote: { type: 'bookTicker', scan: scanFuturesQuote, read: readFuturesQuote },
  markPrice: { type: 'markPriceUpdate', scan: null, read: readMarkPrice },
  liquidation: { type: 'forceOrder', scan: null, read: readLiquidation },
} as const satisfies Record<string, Form>

type FormName = keyof typeof futuresForms

function formOf(name: string): FormName {
  if (name === 'trade') return 'trade'
  if (name === 'aggTrade') return 'aggregate'
  if (name.endsWith('bookTicker')) return 'quote'
  if (name.includes('markPrice')) return 'markPrice'
  if (name.includes('forceOrder')) return 'liquidation'
  return /^depth\d/.test(name) ? 'image' : 'diff'
}

/** A market's channels, and how its messages without an envelope are told apart. */
export interface Wire {
  readonly market: Market
  /** The value of `st` that says that a message is of this market; null where there is no such field. */
  readonly kind: number | null
  readonly channels: readonly Channel[]
  readonly byName: ReadonlyMap<string, Channel>
  /** By type, the channel that a message without an envelope counts as: the one that is collected by default. */
  readonly byType: ReadonlyMap<string, Channel>
  /** Ids of the channels' names in the table asked for last. */
  ids: { readonly names: StringTable; readonly ids: Int32Array } | null
}

/** Channels that bring the most messages, which are looked for first. */
const busiest = ['bookTicker', 'depth@100ms', 'trade', 'aggTrade', 'depth@0ms']
const rankOf = (name: string): number => (busiest.includes(name) ? busiest.indexOf(name) : busiest.length)

/** Channels that messages without an envelope count as. */
const bareNames = ['trade', 'aggTrade', 'depth@100ms', 'bookTicker', 'markPrice@1s', 'forceOrder']

function wireOf(market: Market, kind: number | null): Wire {
  const forms: Partial<Record<FormName, Form>> = market === 'spot' ? spotForms : futuresForms
  const channels = marketStreams[market]
    .filter((stream) => stream.route !== null)
    .sort((a, b) => rankOf(a.name) - rankOf(b.name))
    .map(({ name, scope }) => {
      const form = forms[formOf(name)] as Form
      return {
        name,
        text: spelled(`@${name}","data":`),
        ...form,
        scan: scope === 'market' ? null : form.scan,
      }
    })
  const byName = new Map(channels.map((channel) => [channel.name, channel]))
  const bare = bareNames.map((name) => byName.get(name)).filter((channel) => channel !== undefined)
  const byType = new Map(bare.map((channel) => [channel.type ?? 'bookTicker', channel]))
  return { market, kind, channels, byName, byType, ids: null }
}

/** By market. Of futures `st` tells which kind: source CONN notice of 2026-06-10, 1 = USD-M, 2 = COIN-M. */
export const wires: Readonly<Record<Market, Wire>> = {
  spot: wireOf('spot', null),
  linear: wireOf('linear', 1),
  inverse: wireOf('inverse', 2),
}

/** The index of the channel whose name stands at `at`, with the envelope's `","data":` behind it; -1 for none. */
export function channelAt(wire: Wire, at: number): number {
  const { channels } = wire
  for (let i = 0; i < channels.length; i++) if (isSpelled(at, (channels[i] as Channel).text)) return i
  return -1
}

/** The ids of the channels in `names`, in their order; looked up once for as long as the same table is asked for. */
export function channelIds(wire: Wire, names: StringTable): Int32Array {
  if (wire.ids?.names === names) return wire.ids.ids
  const ids = Int32Array.from(wire.channels, ({ name }) => names.idOf(name))
  wire.ids = { names, ids }
  return ids
}
