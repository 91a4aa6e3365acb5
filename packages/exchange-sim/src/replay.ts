import { REPLAYED_MESSAGES_MAX } from './faults.ts'
import type { HeldEmission, HeldLog } from './held-log.ts'

/** A replay that nobody came back for by then is given up: its log entries wait for it. */
export const REPLAY_WITHIN_MS = 10_000

interface Kept<M> {
  readonly message: M
  readonly entries: readonly HeldEmission[]
}

/**
 * The last messages of one stream before an injected disconnect, for whoever subscribes next.
 *
 * Its log entries are held until it is settled, because they count their copies. `collecting`: messages are
 * delivered and kept; `waiting`: the connection is closed; `settled`: sent again or given up.
 */
export class Replay<M, S> {
  private readonly log: HeldLog
  private readonly hold: number
  private readonly kept: Kept<M>[] = []
  private missing: number
  private deadlineMs: number
  private receiver: S | null = null
  private state: 'collecting' | 'waiting' | 'settled' = 'collecting'

  /** Collects `messages` of them, 1 to REPLAYED_MESSAGES_MAX. */
  constructor(log: HeldLog, messages: number, nowMs: number) {
    this.log = log
    this.hold = log.hold()
    this.missing = Math.min(messages, REPLAYED_MESSAGES_MAX)
    this.deadlineMs = nowMs + REPLAY_WITHIN_MS
  }

  get isSettled(): boolean {
    return this.state === 'settled'
  }

  /** Keeps a delivered message; true when it was the last one, and the connection is to be closed. */
  keep(message: M, entries: readonly HeldEmission[], nowMs: number): boolean {
    if (this.state !== 'collecting') return false
    this.kept.push({ message, entries })
    this.missing -= 1
    if (this.missing > 0) return false
    this.state = 'waiting'
    this.deadlineMs = nowMs + REPLAY_WITHIN_MS
    return true
  }

  /** A connection has subscribed to the stream. */
  welcome(subscriber: S): void {
    if (this.state === 'waiting') this.receiver ??= subscriber
  }

  /** Sends the kept messages to whoever came, and answers how many; 0 while nobody is there. */
  play(send: (subscriber: S, message: M) => boolean): number {
    if (this.state !== 'waiting' || this.receiver === null) return 0
    let sent = 0
    for (const { message, entries } of this.log.isKept(this.hold) ? this.kept : []) {
      if (!send(this.receiver, message)) break
      sent += 1
      for (const entry of entries) {
        entry.copies += 1
        entry.fault = 'duplicateAfterReconnect'
      }
    }
    this.settle()
    return sent
  }

  /** Gives up when it is too late; at once without a time. */
  giveUp(nowMs = Number.POSITIVE_INFINITY): void {
    if (this.state !== 'settled' && nowMs >= this.deadlineMs) this.settle()
  }

  private settle(): void {
    this.state = 'settled'
    this.log.release()
  }
}
