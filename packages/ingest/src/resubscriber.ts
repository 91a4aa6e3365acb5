import type { ExchangeMarket, Subscription } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import type { HourBudget } from './hour-budget.ts'
import type { RequestKind } from './requests.ts'
import type { ResyncPace } from './resync-pace.ts'
import { resubscribeRequests, type StreamRequest } from './wire.ts'

/** Books that are lost at one moment are renewed with common requests. */
const GATHER_MS = 20
/** A subscription that was renewed so often, confirmed, and brought no snapshot is left alone: nothing is traded. */
const SILENCES_MAX = 3

export interface ResubscriberOptions {
  readonly market: ExchangeMarket
  readonly clock: Clock
  readonly pace: ResyncPace
  readonly budget: HourBudget
  /** Whether everything that a wire name brings notices the hole that a renewal makes. */
  readonly isRenewable: (name: string) => boolean
  /** How long the snapshot of a confirmed subscription may take. */
  readonly snapshotWithinMs: (stream: string) => number
  readonly after: (ms: number, callback: () => void) => void
  /** The id that the next request gets. */
  readonly nextId: () => number
  /** Sends a request and waits for its answer; `sent` is called when it goes out. */
  readonly ask: (kind: RequestKind, request: StreamRequest, sent: () => void) => void
  readonly renewed: (book: Subscription) => void
  readonly mute: (book: Subscription, afterMs: number) => void
  /** Only a new connection helps. */
  readonly replace: () => void
}

/** Books of one connection whose subscriptions are ended and begun again, for a new snapshot. */
export interface Resubscriber {
  /** No snapshot is waited for. */
  readonly isDone: boolean
  /** A book that is being renewed already is left alone. */
  want(name: string, book: Subscription): void
  /** Every name of a request was confirmed. */
  confirmed(names: readonly string[]): void
  /** A snapshot came. */
  snapshot(name: string): void
  /** Has the connection replaced, and renews nothing more on it. */
  giveUp(): void
}

/** `resting`: until its pace allows it; `due`: for the next request; then until both have come. */
interface Renewal {
  readonly book: Subscription
  stage: 'resting' | 'due' | 'asked' | 'sent'
  isConfirmed: boolean
  hasSnapshot: boolean
  silences: number
}

/**
 * Renews subscriptions by wire name:
 *
 *     resting -> due -> asked (in line) -> sent -> confirmed and its snapshot there: done
 *        ^-------- confirmed and no snapshot, three times -------'
 *
 * Only a snapshot that comes after the request went out counts; one that comes by itself before it is in line makes it
 * needless. When the exchange knows no end of a subscription, when
 * something that comes along would lose messages unnoticed, or when the hour's requests are used up, the connection must
 * be replaced, and nothing more is renewed on this one.
 */
export function resubscriber(options: ResubscriberOptions): Resubscriber {
  const { market, pace, budget, after } = options
  const renewals = new Map<string, Renewal>()
  let isGathering = false
  let isReplaced = false

  const rest = (name: string, renewal: Renewal): void => {
    if (isReplaced || renewals.get(name) !== renewal) return
    const waitMs = pace.waitMs(name)
    if (waitMs > 0) after(waitMs, () => rest(name, renewal))
    else {
      renewal.stage = 'due'
      gather()
    }
  }
  const gather = (): void => {
    if (isGathering) return
    isGathering = true
    after(GATHER_MS, () => {
      isGathering = false
      askAll([...renewals].filter(([, { stage }]) => stage === 'due').map(([name]) => name))
    })
  }
  const giveUp = (): void => {
    if (isReplaced) return
    isReplaced = true
    renewals.clear()
    options.replace()
  }
  const askAll = (names: readonly string[]): void => {
    if (names.length === 0) return
    const isPossible = names.every(options.isRenewable)
    const pairs = isPossible ? resubscribeRequests(market.session, names, options.nextId()) : null
    if (pairs === null || 2 * pairs.length > budget.left) {
      // The pace holds for new connections as well: they must not help a book out ten times a second.
      for (const name of names) pace.renewed(name)
      giveUp()
      return
    }
    for (const { end, again } of pairs) {
      options.ask('end', end, () => {})
      for (const name of again.names) (renewals.get(name) as Renewal).stage = 'asked'
      options.ask('again', again, () => sent(again.names))
    }
  }
  const sent = (names: readonly string[]): void => {
    for (const name of names) {
      const renewal = renewals.get(name)
      if (renewal === undefined) continue
      renewal.stage = 'sent'
      pace.renewed(name)
      options.renewed(renewal.book)
    }
  }
  const settle = (name: string, renewal: Renewal): void => {
    if (renewal.isConfirmed && renewal.hasSnapshot) renewals.delete(name)
  }
  const awaitSnapshot = (name: string, renewal: Renewal): void => {
    const withinMs = options.snapshotWithinMs(renewal.book.stream)
    after(withinMs, () => {
      if (renewals.get(name) !== renewal) return
      options.mute(renewal.book, withinMs)
      renewals.delete(name)
      if (renewal.silences + 1 < SILENCES_MAX) begin(name, renewal.book, renewal.silences + 1)
    })
  }
  const begin = (name: string, book: Subscription, silences: number): void => {
    const renewal: Renewal = { book, stage: 'resting', isConfirmed: false, hasSnapshot: false, silences }
    renewals.set(name, renewal)
    rest(name, renewal)
  }
  return {
    get isDone() {
      return renewals.size === 0
    },
    want(name, book) {
      if (!isReplaced && !renewals.has(name)) begin(name, book, 0)
    },
    confirmed(names) {
      for (const name of names) {
        const renewal = renewals.get(name)
        if (renewal?.stage !== 'sent' || renewal.isConfirmed) continue
        renewal.isConfirmed = true
        settle(name, renewal)
        if (!renewal.hasSnapshot) awaitSnapshot(name, renewal)
      }
    },
    snapshot(name) {
      const renewal = renewals.get(name)
      if (renewal === undefined) return
      // The book has what it asked for; to end its subscription now would lose messages.
      if (renewal.stage === 'resting' || renewal.stage === 'due') renewals.delete(name)
      if (renewal.stage !== 'sent') return
      renewal.hasSnapshot = true
      settle(name, renewal)
    },
    giveUp,
  }
}
