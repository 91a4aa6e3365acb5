import type { HouseMessage, HouseOptions } from '../stage/house.ts'

/**
 * The last trades of a symbol that somebody was sent, as a new subscription repeats them.
 *
 * A trade that was withheld, or told while nobody listened, is not among them: the log says that nobody has it, and
 * that must stay true.
 */
export class ToldTrades {
  private readonly max: number
  private readonly options: Pick<HouseOptions, 'fanout' | 'counters'>
  private rows: string[] = []

  /** Keeps `max` of them. */
  constructor(max: number, options: Pick<HouseOptions, 'fanout' | 'counters'>) {
    this.max = max
    this.options = options
  }

  /** Their JSON, oldest first. */
  get latest(): readonly string[] {
    return this.rows
  }

  /** Delivers a message of trades whose JSON is `rows`, and keeps them when somebody was sent it whole. */
  tell(message: HouseMessage, rows: readonly string[], nowMs: number): void {
    if (this.deliver(message, nowMs)) this.rows = [...this.rows, ...rows].slice(-this.max)
  }

  /**
   * The fan-out does not say what became of a message, but it counts: its text is asked for when everything else of the
   * delivery is done, such as older messages sent again, and what is sent from then on is the message, or its ruins.
   */
  private deliver(message: HouseMessage, nowMs: number): boolean {
    const { fanout, counters } = this.options
    let before = Number.NaN
    const damaged = counters.faults.malformed
    const textFor: HouseMessage['textFor'] = (peer) => {
      before = counters.framesSent
      return message.textFor(peer)
    }
    fanout.deliver({ ...message, textFor }, nowMs)
    return counters.framesSent > before && counters.faults.malformed === damaged
  }
}
