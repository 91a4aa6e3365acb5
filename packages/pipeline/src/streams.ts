import type { ExchangeMarket, StreamSpec, TableName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'

/** What is heard of a market, and what of it is stored. */
export interface ResolvedStreams {
  readonly streams: readonly string[]
  readonly tables: readonly TableName[]
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
