import { findMarket } from '@cryptoflow/exchanges'
import type { ExchangeMarket, StreamSpec, TableName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { MarketCollection } from './collect-options.ts'

/** What is heard of a market, and what of it is stored. */
export interface ResolvedStreams {
  readonly streams: readonly string[]
  readonly tables: readonly TableName[]
}

/** A market as a collection wants it. */
export interface ResolvedCollection extends ResolvedStreams {
  readonly market: ExchangeMarket
  /** Distance of two questions by polled stream, milliseconds, where it is not the stream's own. */
  readonly pollEveryMs: Readonly<Record<string, number>>
}

/** Tables of book updates, which nothing fills where books are polled. */
const DELTA_TABLES: readonly string[] = ['spot_delta', 'futures_delta']

/**
 * The market of a collection, and what is heard of it. With `bookPoll` the images of books come from the market's
 * polled stream, and their updates are not heard. Throws `config` as `resolveStreams` does, and where books of the
 * market cannot be polled, or are to be heard as well.
 */
export function resolveCollection(collection: MarketCollection): ResolvedCollection {
  const { exchange, urls, streams, pollEveryMs = {}, bookPoll } = collection
  if (bookPoll === undefined) {
    const market = findMarket(exchange, collection.market, urls)
    return { market, ...resolveStreams(market, streams), pollEveryMs }
  }
  const market = findMarket(exchange, collection.market, { ...urls, bookPollDepth: bookPoll.depth })
  const spec = polledBookOf(market)
  if (spec === null) throw mistake(market, 'has no books that can be asked for by REST')
  const kept = Object.entries(market.collectors).filter(([table]) => !DELTA_TABLES.includes(table))
  const collectors = { ...Object.fromEntries(kept), [spec.table]: [spec.name] }
  const resolved = resolveStreams({ ...market, collectors }, streams)
  const heard = market.streams.find(({ name, book }) => book !== null && resolved.streams.includes(name))
  if (heard !== undefined) throw mistake(market, `has books to be polled and heard by ${heard.name} as well`)
  return { market, ...resolved, pollEveryMs: { ...pollEveryMs, [spec.name]: bookPoll.everyMs } }
}

/** The stream that asks for whole images of books by REST; null where the market has none. */
function polledBookOf({ streams }: ExchangeMarket): StreamSpec | null {
  const isImage = ({ table }: StreamSpec): boolean => table === 'spot_ob' || table === 'futures_ob'
  return streams.find((spec) => spec.poll !== null && isImage(spec)) ?? null
}

function mistake({ exchange, market }: ExchangeMarket, what: string): CryptoFlowError {
  return new CryptoFlowError(`polling books: ${exchange} ${market} ${what}`, {
    kind: 'config',
    reaction: 'stop',
  })
}

/**
 * The channels that fill what is asked for: tables by their usual channels, channels as they are; nothing asked for
 * is every table that the market can fill. Only tables that are named, or that a named channel fills, are stored: a
 * book's images without its deltas, if so wished.
 *
 * Throws `config` for a name that is neither, naming what there is.
 */
export function resolveStreams(
  market: ExchangeMarket,
  wanted: readonly string[] | undefined,
): ResolvedStreams {
  const { collectors } = market
  const streams = new Set<string>()
  const tables = new Set<TableName>()
  for (const name of wanted ?? Object.keys(collectors)) {
    const channels = Object.hasOwn(collectors, name) ? collectors[name as TableName] : undefined
    const spec = market.streams.find((candidate) => candidate.name === name)
    if (channels !== undefined) {
      tables.add(name as TableName)
      for (const channel of channels) streams.add(channel)
    } else if (spec !== undefined && isCollected(market, spec)) {
      tables.add(spec.table)
      if (spec.changes !== undefined) tables.add(spec.changes)
      streams.add(name)
    } else throw unknownName(market, name)
  }
  return { streams: [...streams], tables: [...tables] }
}

/** Subscribed or polled, itself or within another. */
function isCollected({ streams }: ExchangeMarket, spec: StreamSpec): boolean {
  const carrier = streams.find(({ name }) => name === spec.within) ?? spec
  return carrier.route !== null || carrier.poll !== null
}

function unknownName(
  { exchange, market, collectors, streams }: ExchangeMarket,
  name: string,
): CryptoFlowError {
  return new CryptoFlowError(
    `collecting: ${exchange} ${market} has no table or channel ${JSON.stringify(name)}`,
    {
      kind: 'config',
      reaction: 'stop',
      context: {
        tables: Object.keys(collectors).join(' '),
        channels: streams.map((spec) => spec.name).join(' '),
      },
    },
  )
}
