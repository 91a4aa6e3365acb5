import type { Clock } from '@cryptoflow/runtime'
import type { Channel, ChannelPolicy } from './channel.ts'

/** How often channels are looked at. */
const LOOK_EVERY_MS = 250
/** A channel is filling while it is fuller than this ... */
const ALERT_OCCUPANCY = 0.8
/** ... at so many looks in a row: a burst that is gone within a second needs nobody. As many others end it. */
const ALERT_LOOKS = 4

/** A channel as it was at the last look. */
export interface ChannelReading {
  readonly name: string
  readonly policy: ChannelPolicy
  readonly depth: number
  readonly itemsMax: number
  readonly bytes: number
  readonly bytesMax: number
  /** Share that was filled, 0 to 1. */
  readonly occupancy: number
  /** Most items that ever waited. */
  readonly highWater: number
  /** Seconds that what was taken last had waited. */
  readonly delaySeconds: number
  /** Items so far; see `Channel.counters`. */
  readonly offered: number
  readonly taken: number
  readonly left: number
  readonly dropped: number
  /** It has been fuller than 80 % for a second. */
  readonly isFilling: boolean
}

export interface ChannelWatch {
  /** As of the last look, at most 250 ms ago. */
  readings(): readonly ChannelReading[]
  /** Tells the seconds that each thing of each channel waited, from now on. */
  delays(told: (channel: string, seconds: number) => void): void
  stop(): void
}

/** Any channel, whatever it holds. */
type WatchedChannel = Omit<Channel<unknown>, 'offer'>

/** Looks at channels every 250 ms, and tells when one begins to fill up and when it has room again. */
export function watchChannels(
  clock: Clock,
  channels: readonly WatchedChannel[],
  changed: (reading: ChannelReading) => void,
): ChannelWatch {
  const watched = channels.map((channel) => ({ channel, looks: 0, reading: readingOf(channel, false) }))
  const look = (one: (typeof watched)[number]): void => {
    const { isFilling } = one.reading
    const isOther = one.channel.occupancy > ALERT_OCCUPANCY !== isFilling
    one.looks = isOther ? one.looks + 1 : 0
    const isChanged = one.looks >= ALERT_LOOKS
    if (isChanged) one.looks = 0
    one.reading = readingOf(one.channel, isChanged ? !isFilling : isFilling)
    if (isChanged) changed(one.reading)
  }
  const stop = clock.every(LOOK_EVERY_MS, () => {
    for (const one of watched) look(one)
  })
  return {
    readings: () => watched.map(({ reading }) => reading),
    delays(told) {
      for (const channel of channels) channel.onDelay = (seconds) => told(channel.name, seconds)
    },
    stop,
  }
}

function readingOf(channel: WatchedChannel, isFilling: boolean): ChannelReading {
  const { name, policy, depth, itemsMax, bytes, bytesMax, occupancy, highWater, delaySeconds } = channel
  const now = { depth, itemsMax, bytes, bytesMax, occupancy, highWater, delaySeconds }
  return { name, policy, ...now, ...channel.counters, isFilling }
}
