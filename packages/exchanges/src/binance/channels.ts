import type { EventBatch, Market, StringTable } from '@cryptoflow/model'
import type { FieldReader, JsonObject } from '../json.ts'
import type { Template } from '../templates.ts'
import { assemble } from '../templates.ts'
import {
  aggregates,
  futuresAggregates,
  readAggregate,
  readFuturesAggregate,
  takeAggregate,
} from './aggregates.ts'
import {
  diffs,
  futuresDiffs,
  readDepth,
  readFuturesDepth,
  readFuturesImage,
  takeDepth,
  takeFuturesImage,
} from './book.ts'
import { envelope, enveloped } from './envelope.ts'
import { readMarkPrice } from './funding.ts'
import { readForceOrder } from './liquidations.ts'
import { futuresQuotes, quotes, readFuturesQuote, readQuote, takeQuote } from './quotes.ts'
import { images, readImage, takeImage } from './snapshots.ts'
import { marketStreams } from './streams.ts'
import { futuresTrades, readTrade, takeFuturesTrade, takeTrade, trades } from './trades.ts'

/** Which function reads the messages of which channel, fast and exactly. */

/** Ends the event of the frame that was read as a template; on false the caller rolls back. */
type Taker = (stream: number, isBare: boolean, out: EventBatch) => boolean
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
  /** How it is written, without an envelope too; null where the exact path is fast enough: at most once a second for a symbol. */
  readonly fast: { readonly templates: (isBare: boolean) => readonly Template[]; readonly take: Taker } | null
  readonly read: Reader
}

/** One channel of one market. */
export interface Channel extends Form {
  /** Without its symbol: `depth@100ms`, `!bookTicker`. */
  readonly name: string
}

/** A way in which messages of a channel are written. */
export interface WireTemplate {
  /** Index of the channel. */
  readonly channel: number
  readonly isBare: boolean
  readonly take: Taker
}

const readLiquidation: Reader = (fields, stream, out, message) =>
  readForceOrder(message, fields, stream, out.names, out)

const spotForms = {
  trade: { type: 'trade', fast: { templates: trades, take: takeTrade }, read: readTrade },
  aggregate: { type: 'aggTrade', fast: { templates: aggregates, take: takeAggregate }, read: readAggregate },
  diff: { type: 'depthUpdate', fast: { templates: diffs, take: takeDepth }, read: readDepth },
  image: { type: undefined, fast: { templates: images, take: takeImage }, read: readImage },
  quote: { type: undefined, fast: { templates: quotes, take: takeQuote }, read: readQuote },
} as const satisfies Record<string, Form>

const futuresForms = {
  trade: { type: 'trade', fast: { templates: futuresTrades, take: takeFuturesTrade }, read: readTrade },
  aggregate: {
    type: 'aggTrade',
    fast: { templates: futuresAggregates, take: takeAggregate },
    read: readFuturesAggregate,
  },
  diff: { type: 'depthUpdate', fast: { templates: futuresDiffs, take: takeDepth }, read: readFuturesDepth },
  image: {
    type: 'depthUpdate',
    fast: { templates: futuresDiffs, take: takeFuturesImage },
    read: readFuturesImage,
  },
  quote: { type: 'bookTicker', fast: { templates: futuresQuotes, take: takeQuote }, read: readFuturesQuote },
  markPrice: { type: 'markPriceUpdate', fast: null, read: readMarkPrice },
  liquidation: { type: 'forceOrder', fast: null, read: readLiquidation },
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
  /** Reads frames as one of `templates`. */
  readonly program: number
  readonly templates: readonly WireTemplate[]
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
        ...form,
        fast: scope === 'market' ? null : form.fast,
      }
    })
  const byName = new Map(channels.map((channel) => [channel.name, channel]))
  const bare = bareNames.map((name) => byName.get(name)).filter((channel) => channel !== undefined)
  const byType = new Map(bare.map((channel) => [channel.type ?? 'bookTicker', channel]))
  return { market, kind, channels, byName, byType, ids: null, ...programOf(channels, [...byType.values()]) }
}

/** Frames in an envelope, and those without one, which may be of fewer channels. */
function programOf(
  channels: readonly Channel[],
  bare: readonly Channel[],
): Pick<Wire, 'program' | 'templates'> {
  const templates: WireTemplate[] = []
  const written = (of: readonly Channel[], isBare: boolean): Template[] =>
    of.flatMap((known) => {
      const { name, fast } = known
      if (fast === null) return []
      const { take } = fast
      return fast.templates(isBare).map((payload) => {
        templates.push({ channel: channels.indexOf(known), isBare, take })
        return isBare ? payload : enveloped(name, payload)
      })
    })
  const program = assemble([
    { head: envelope, templates: written(channels, false) },
    { head: [], templates: written(bare, true) },
  ])
  return { program, templates }
}

/** By market. Of futures `st` tells which kind: source CONN notice of 2026-06-10, 1 = USD-M, 2 = COIN-M. */
export const wires: Readonly<Record<Market, Wire>> = {
  spot: wireOf('spot', null),
  linear: wireOf('linear', 1),
  inverse: wireOf('inverse', 2),
}

/** The ids of the channels in `names`, in their order; looked up once for as long as the same table is asked for. */
export function channelIds(wire: Wire, names: StringTable): Int32Array {
  if (wire.ids?.names === names) return wire.ids.ids
  const ids = Int32Array.from(wire.channels, ({ name }) => names.idOf(name))
  wire.ids = { names, ids }
  return ids
}
