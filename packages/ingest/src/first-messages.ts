import type { Subscription } from '@cryptoflow/model'

/** The first message of every stream that is expected to talk. */
export interface FirstMessages {
  /** Nothing is waited for. */
  readonly isDone: boolean
  /** Expected, neither heard nor given up yet. */
  isAwaited(subscription: Subscription): boolean
  /** The waiting time begins. */
  start(): void
  heard(subscription: Subscription): void
  /** Not expected any more. */
  drop(subscriptions: readonly Subscription[]): void
}

export interface FirstMessagesOptions {
  readonly subscriptions: readonly Subscription[]
  /** Milliseconds within which a stream must be heard first; null: it may be silent. */
  readonly expectWithinMs: (stream: string) => number | null
  readonly after: (ms: number, callback: () => void) => void
  /** Expected to talk, and silent for `afterMs` since the start. */
  readonly mute: (subscription: Subscription, afterMs: number) => void
}

/**
 * Waits for the first message of every stream that is expected to talk. An acknowledgement proves nothing: exchanges
 * acknowledge unknown symbols and wrong routes, and stay silent.
 */
export function firstMessages(options: FirstMessagesOptions): FirstMessages {
  const unheard = new Map<string, { subscription: Subscription; withinMs: number }>()
  for (const subscription of options.subscriptions) {
    const withinMs = options.expectWithinMs(subscription.stream)
    if (withinMs !== null) unheard.set(keyOf(subscription), { subscription, withinMs })
  }
  const callMute = (afterMs: number): void => {
    for (const [key, { subscription, withinMs }] of unheard) {
      if (withinMs !== afterMs) continue
      unheard.delete(key)
      options.mute(subscription, afterMs)
    }
  }
  return {
    get isDone() {
      return unheard.size === 0
    },
    isAwaited: (subscription) => unheard.has(keyOf(subscription)),
    start() {
      for (const withinMs of new Set([...unheard.values()].map((expected) => expected.withinMs))) {
        options.after(withinMs, () => callMute(withinMs))
      }
    },
    heard(subscription) {
      unheard.delete(keyOf(subscription))
    },
    drop(subscriptions) {
      for (const subscription of subscriptions) unheard.delete(keyOf(subscription))
    },
  }
}

/** One text for a subscription, for maps. */
export function keyOf({ stream, symbol }: Subscription): string {
  return `${stream}\0${symbol}`
}
