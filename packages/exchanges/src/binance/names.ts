import type { StringTable } from '@cryptoflow/model'

/** Channels as the exchange writes them, without their symbol. */
export const channels = {
  trade: 'trade',
  depth100ms: 'depth@100ms',
  depth: 'depth',
  quote: 'bookTicker',
} as const

/** Ids of the channels in one table of names; -1 where the table is full. */
export interface ChannelIds {
  readonly names: StringTable
  readonly trade: number
  readonly depth100ms: number
  readonly depth: number
  readonly quote: number
}

let latest: ChannelIds | null = null

/** The ids in `names`, looked up once for as long as the same table is asked for: frames come in runs. */
export function channelIds(names: StringTable): ChannelIds {
  if (latest?.names === names) return latest
  latest = {
    names,
    trade: names.idOf(channels.trade),
    depth100ms: names.idOf(channels.depth100ms),
    depth: names.idOf(channels.depth),
    quote: names.idOf(channels.quote),
  }
  return latest
}
