import { type DecodeOutcome, EventKind, type ExchangeMarket, type Refusal } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import { carriedOf } from './carried.ts'
import { expectationMs } from './expectation.ts'
import { firstMessages } from './first-messages.ts'
import { hourBudget } from './hour-budget.ts'
import type { IngestCounters, IngestNotice } from './intake.ts'
import type { IngestLimits } from './limits.ts'
import type { ConnectionPlan } from './plan.ts'
import { frameReader } from './reader.ts'
import { type RequestKind, requestsOf } from './requests.ts'
import { resubscriber } from './resubscriber.ts'
import type { ResyncPace } from './resync-pace.ts'
import type { Sender } from './sender.ts'
import { type StreamRequest, subscribeRequests } from './wire.ts'

export interface ConversationOptions {
  readonly market: ExchangeMarket
  readonly plan: ConnectionPlan
  readonly clock: Clock
  readonly limits: IngestLimits
  readonly expectWithinMs: Readonly<Record<string, number | null>>
  readonly counters: IngestCounters
  readonly notice: (notice: IngestNotice) => void
  readonly pace: ResyncPace
  readonly sender: Sender
  /** Calls back unless the connection has ended before. */
  readonly after: (ms: number, callback: () => void) => void
  /** The number of the connection, once it is open. */
  readonly number: () => number
  /** Every subscription is confirmed, or refused. */
  readonly subscribed: () => void
  /** A book can be had again on a new connection only. */
  readonly replace: () => void
  /** This connection is worth nothing. */
  readonly giveUp: (reason: string) => void
}

/** What is said and answered on one connection about its subscriptions. */
export interface Conversation {
  readonly isSubscribed: boolean
  /** Something is waited for, and frames must be read for it. */
  readonly isReading: boolean
  /** One of the streams that are not refused should talk. */
  readonly isTalkative: boolean
  /** The connection is open: says the opening frames and subscribes. */
  begin(): void
  /** What a frame says; while something is waited for it may be the answer. */
  read(frame: Uint8Array): DecodeOutcome
  /** A book that begins in its stream is wanted anew. */
  want(symbol: string, stream: string): void
}

/**
 * Subscribes, knows when everything is confirmed, and subscribes books again.
 *
 * Confirmed is what the exchange says is (`requests.ts`); then the first message of every stream that is expected to
 * talk is waited for (`first-messages.ts`). Frames are read for it until then, and later only while a book is being
 * subscribed again (`resubscriber.ts`): what reading costs here is bounded by the longest expectation.
 *
 * Refused streams are told and left out, and the connection lives, as long as one is left.
 */
export function conversation(options: ConversationOptions): Conversation {
  const { market, plan, clock, limits, counters, notice, sender, after } = options
  const { session } = market
  const carried = carriedOf(market, plan.note.subscriptions)
  const reader = frameReader(market)
  const budget = hourBudget(session.subscribesPerHourMax?.value ?? null, clock)
  const expectMs = (name: string): number | null => {
    const spec = market.streams.find((known) => known.name === name)
    return spec === undefined ? null : expectationMs(spec, limits.muteAfterMs, options.expectWithinMs)
  }
  let lastId = 0
  let isSubscribed = false
  let isAnyHeard = false
  let isOver = false

  const giveUp = (reason: string): void => {
    isOver = true
    options.giveUp(reason)
  }

  const mute = ({ symbol, stream }: { symbol: string; stream: string }, afterMs: number): void => {
    counters.mute += 1
    notice({ kind: 'mute', connection: options.number(), symbol, stream, afterMs })
  }
  const requests = requestsOf(session.confirms, carried.names, (kind, names) => {
    if (kind === 'again') renewals.confirmed(names)
  })
  const firsts = firstMessages({
    subscriptions: plan.note.subscriptions,
    expectWithinMs: expectMs,
    after,
    mute,
  })
  const ask = (kind: RequestKind, request: StreamRequest, sent = () => {}): void => {
    lastId = request.id
    const spend = budget.take()
    // Only where one answer speaks for a frame, the end of a subscription has one of its own that can be told.
    if (kind !== 'end' || session.confirms === 'frame') requests.add(kind, request)
    sender.send(request.text, () => {
      spend()
      requests.sent(request.id)
      sent()
      after(limits.answerWithinMs, () => late(kind, request.id))
    })
  }
  const renewals = resubscriber({
    ...options,
    budget,
    isRenewable: carried.isRenewable,
    snapshotWithinMs: (stream) => expectMs(stream) ?? limits.muteAfterMs,
    nextId: () => lastId + 1,
    ask,
    mute,
    renewed({ symbol, stream }) {
      counters.resubscribes += 1
      notice({ kind: 'resubscribed', connection: options.number(), symbol, stream })
    },
  })
  const isTalkative = (): boolean =>
    [...requests.standing].some((name) =>
      carried.listed(name).some(({ stream }) => expectMs(stream) !== null),
    )

  const late = (kind: RequestKind, id: number): void => {
    if (!requests.expire(id)) return
    if (kind !== 'first') renewals.giveUp()
    else if (session.confirms === 'data') check()
    else giveUp('a subscription was not acknowledged in time')
  }
  /** Looks whether the subscriptions are complete. */
  const check = (): void => {
    if (isSubscribed || isOver || requests.firstsWaiting > 0) return
    if (session.confirms === 'data' && !isAnyHeard && isTalkative()) {
      giveUp('nothing of what was subscribed was heard in time')
      return
    }
    isSubscribed = true
    firsts.start()
    options.subscribed()
  }
  const hear = (): void => {
    for (const { stream, symbol, kind } of reader.events()) {
      const subscription = carried.subscriptionOf(stream, symbol)
      const name = carried.bringing(subscription)
      if (name === null) continue
      isAnyHeard = true
      firsts.heard(subscription)
      requests.heard('first', name)
      if (kind !== EventKind.bookSnapshot) continue
      renewals.snapshot(name)
      requests.heard('again', name)
    }
  }
  const refuse = (refusal: Refusal): void => {
    const { detail } = refusal
    const verdict = requests.refuse(refusal)
    if (verdict.kind === 'none') return
    const streams = verdict.kind === 'some' ? { streams: verdict.refused } : {}
    notice({ kind: 'refused', connection: options.number(), detail, ...streams })
    if (verdict.kind === 'renewal') renewals.giveUp()
    else if (verdict.kind === 'all' || requests.standing.size === 0) {
      giveUp(`a subscription was refused: ${detail}`)
    } else if (verdict.kind === 'some') {
      for (const name of verdict.refused) firsts.drop(carried.listed(name))
      for (const request of subscribeRequests(session, verdict.again, lastId + 1)) ask('first', request)
    }
  }
  const answer = (outcome: DecodeOutcome): void => {
    if (outcome.kind === 'ack') requests.ack(outcome)
    else if (outcome.kind === 'refused') refuse(outcome)
    else if (outcome.kind === 'events') hear()
    check()
  }
  const isReading = (): boolean => !isOver && (requests.waiting > 0 || !firsts.isDone || !renewals.isDone)
  return {
    get isSubscribed() {
      return isSubscribed
    },
    get isReading() {
      return isReading()
    },
    get isTalkative() {
      return isTalkative()
    },
    begin() {
      for (const text of session.openingFrames[plan.route] ?? []) sender.send(text, budget.take())
      for (const request of subscribeRequests(session, carried.names, 1)) ask('first', request)
    },
    read(frame) {
      const outcome = reader.read(frame)
      if (isReading()) answer(outcome)
      return outcome
    },
    want(symbol, stream) {
      const name = carried.nameOf({ symbol, stream })
      if (name === null || !requests.standing.has(name)) return
      // Its first snapshot is on its way.
      if (firsts.isAwaited({ symbol, stream })) return
      renewals.want(name, { symbol, stream })
    },
  }
}
