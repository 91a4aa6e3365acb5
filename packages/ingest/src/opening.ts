import { EventBatch, type ExchangeMarket, StringTable, type Subscription } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'

/** Reads a connection's first frames, and only as long as it waits for something. */
export interface Opening {
  /** Nothing is waited for any more: frames pass unread. */
  readonly isDone: boolean
  /** A subscribe frame went out; an answer to an id that did not is none. */
  sent(id: number): void
  /** The detail of a refusal, else null. */
  read(frame: Uint8Array): string | null
  /** Stops every wait. */
  cancel(): void
}

export interface OpeningOptions {
  readonly market: ExchangeMarket
  readonly subscriptions: readonly Subscription[]
  readonly clock: Clock
  /** How many subscribe frames need an answer, ids from 1. */
  readonly frames: number
  /** Milliseconds within which a stream must be heard first; null: it may be silent. */
  readonly expectWithinMs: (stream: string) => number | null
  /** Every subscribe frame is acknowledged. */
  readonly subscribed: () => void
  /** Acknowledged, expected to talk, and silent for `afterMs` since. */
  readonly mute: (subscription: Subscription, afterMs: number) => void
}

/**
 * Waits for an acknowledgement of every subscribe frame, then for the first message of every stream that is expected
 * to talk. An acknowledgement proves nothing: exchanges acknowledge unknown symbols and wrong routes, and stay silent.
 *
 * Frames are decoded for it until every such stream was heard or its time is over, and never again on this
 * connection: what it costs is bounded by the longest expectation.
 */
export function openingOf(options: OpeningOptions): Opening {
  const { market, clock } = options
  const unsent = new Set(Array.from({ length: options.frames }, (_, index) => index + 1))
  const unanswered = new Set(unsent)
  const unheard = new Map<string, { subscription: Subscription; withinMs: number }>()
  for (const subscription of options.subscriptions) {
    const withinMs = options.expectWithinMs(subscription.stream)
    if (withinMs !== null) unheard.set(keyOf(subscription), { subscription, withinMs })
  }
  const marketWide = new Set(market.streams.filter(({ scope }) => scope === 'market').map(({ name }) => name))
  const names = new StringTable()
  const scratch = new EventBatch(names)
  const cancels: (() => void)[] = []

  const hear = (): void => {
    for (let event = 0; event < scratch.count; event++) {
      const stream = names.text(scratch.stream[event] as number)
      const symbol = marketWide.has(stream) ? '' : names.text(scratch.symbol[event] as number)
      unheard.delete(keyOf({ stream, symbol }))
    }
  }
  const startDeadlines = (): void => {
    for (const withinMs of new Set([...unheard.values()].map((expected) => expected.withinMs))) {
      cancels.push(clock.after(withinMs, () => callMute(withinMs)))
    }
  }
  const callMute = (afterMs: number): void => {
    for (const [key, { subscription, withinMs }] of unheard) {
      if (withinMs !== afterMs) continue
      unheard.delete(key)
      options.mute(subscription, afterMs)
    }
  }
  const acknowledge = (id: number): void => {
    if (unsent.has(id) || !unanswered.delete(id) || unanswered.size > 0) return
    startDeadlines()
    options.subscribed()
  }
  return {
    get isDone() {
      return unanswered.size === 0 && unheard.size === 0
    },
    sent(id) {
      unsent.delete(id)
    },
    read(frame) {
      scratch.clear()
      const outcome = market.decodeFrame(frame, scratch)
      if (outcome.kind === 'refused') return outcome.detail
      if (outcome.kind === 'ack') acknowledge(outcome.id)
      else if (outcome.kind === 'events') hear()
      return null
    },
    cancel() {
      for (const cancel of cancels) cancel()
    },
  }
}

function keyOf({ stream, symbol }: Subscription): string {
  return `${stream}\0${symbol}`
}
