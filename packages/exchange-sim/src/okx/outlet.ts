import type { EmissionContent } from '../emission-log.ts'
import type { MessageKind } from '../mischief.ts'
import type { HouseFanout, HouseMessage } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'

/** Where what is told goes. */
export interface Outlet {
  readonly fanout: HouseFanout
  /** Something is pushed to this client: its connection is not idle. */
  readonly pushed: (peer: Peer) => void
}

/** A message whose text is the same for everybody. */
export function messageOf(
  { pushed }: Outlet,
  said: {
    readonly streamName: string
    readonly kind: MessageKind
    readonly text: string
    readonly contents: readonly EmissionContent[]
  },
): HouseMessage {
  const { streamName, kind, text, contents } = said
  return {
    streamName,
    kind,
    contents,
    textFor(peer) {
      pushed(peer)
      return text
    },
  }
}

/** What is told again and again. */
export interface Beat {
  readonly everyMs: number
  nextMs: number
}

/** Whether a beat falls due; then the next one is set. */
export function isDue(beat: Beat, nowMs: number): boolean {
  if (nowMs < beat.nextMs) return false
  while (beat.nextMs <= nowMs) beat.nextMs += beat.everyMs
  return true
}
