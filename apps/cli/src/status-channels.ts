import { columns, grouped } from '@cryptoflow/console'
import { escapeControls } from '@cryptoflow/reader'
import { CryptoFlowError, messageOf } from '@cryptoflow/runtime'

/** A queue of a running collector, as its health page tells it. */
export interface ChannelStatus {
  readonly name: string
  readonly depth: number
  /** Share that is filled, 0 to 1. */
  readonly occupancy: number
  readonly high_water: number
  /** Items that found no room and were read from the disk. */
  readonly left: number
}

const WITHIN_MS = 5_000

/** The channels of the collector that serves metrics and health under this address. */
export async function readChannels(address: string): Promise<readonly ChannelStatus[]> {
  try {
    const answer = await fetch(new URL('/health/components/channels', address), {
      signal: AbortSignal.timeout(WITHIN_MS),
    })
    return ((await answer.json()) as { details: { channels: ChannelStatus[] } }).details.channels
  } catch (error) {
    throw new CryptoFlowError(
      'asking a collector for its channels: expected its address with metrics.enabled, as it says it when it starts',
      { kind: 'usage', reaction: 'stop', context: { address, found: messageOf(error) } },
    )
  }
}

export function channelsText(channels: readonly ChannelStatus[]): string {
  const rows = channels.map(({ name, depth, occupancy, high_water, left }) => [
    escapeControls(name),
    `${Math.round(occupancy * 100)} %`,
    grouped(depth),
    grouped(high_water),
    grouped(left),
  ])
  return columns([['channel', 'full', 'waiting', 'most', 'left to the disk'], ...rows])
}
