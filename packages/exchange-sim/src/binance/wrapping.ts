import type { Fanout, Subscriber } from '../fanout.ts'
import type { FlowMessage } from './listing.ts'
import type { TimeScale } from './text.ts'

/** A connection of this exchange as the fan-out sees it. */
export interface HostSubscriber extends Subscriber {
  /** Messages come wrapped in an object that names their stream. */
  readonly isCombined: boolean
  readonly timeScale: TimeScale
}

export type HostFanout = Fanout<FlowMessage, HostSubscriber>

/** A message as a connection gets it. */
export function textFor(
  { streamName, text }: FlowMessage,
  { isCombined, timeScale }: HostSubscriber,
): string {
  const message = text.of(timeScale)
  return isCombined ? `{"stream":${JSON.stringify(streamName)},"data":${message}}` : message
}
