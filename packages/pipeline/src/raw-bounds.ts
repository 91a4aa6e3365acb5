import type { ChannelBounds } from '@cryptoflow/channels'
import type { ExchangeMarket, TableName } from '@cryptoflow/model'

/** How much of one table may wait in memory to be decoded; null or absent: as `defaults` says. */
interface RawBounds<V> {
  readonly rawCap: V
  readonly rawBytes: V
}

/** What the channels of a process are told. */
export interface ChannelSettings {
  readonly defaults: RawBounds<number>
  /** By exchange and table. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, RawBounds<number | null>>>>>
}

/** A market and the tables that are stored of it. */
interface Stored {
  readonly market: Pick<ExchangeMarket, 'exchange'>
  readonly tables: readonly TableName[]
}

/**
 * Bounds of a lane's raw channel. All tables of all its markets wait in one line, since their records are in one order:
 * it has the room of all of them together, and a busy table may take what a quiet one does not need.
 */
export function rawBounds(
  markets: readonly Stored[],
  { defaults, overrides }: ChannelSettings,
): ChannelBounds {
  const own = markets.flatMap(({ market, tables }) =>
    tables.map((table) => overrides[market.exchange]?.[table] ?? { rawCap: null, rawBytes: null }),
  )
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  return {
    itemsMax: sum(own.map(({ rawCap }) => rawCap ?? defaults.rawCap)),
    bytesMax: sum(own.map(({ rawBytes }) => rawBytes ?? defaults.rawBytes)),
  }
}
