/**
 * Texts of some of a batch's events, by the event's number. As a Map of number to string to whoever reads it; made for
 * batches in which every event has one, where a Map costs more than the reading of the message.
 */
export class EventTexts {
  /** How many events have a text. */
  size = 0
  /** What stands from `end` on is left from before and counts as absent; there is never more than the largest batch had. */
  private readonly texts: (string | undefined)[] = []
  private end = 0

  get(event: number): string | undefined {
    return event < this.end ? this.texts[event] : undefined
  }

  set(event: number, text: string): void {
    for (; this.end <= event; this.end++) this.texts[this.end] = undefined
    if (this.texts[event] === undefined) this.size += 1
    this.texts[event] = text
  }

  /** Forgets the texts of the events `count ...`. */
  forgetFrom(count: number): void {
    if (count === 0) {
      this.end = 0
      this.size = 0
    }
    for (; this.end > count; this.end--) if (this.texts[this.end - 1] !== undefined) this.size -= 1
  }

  /** The events that have a text, ascending. */
  *keys(): Generator<number> {
    for (let event = 0; event < this.end; event++) if (this.texts[event] !== undefined) yield event
  }

  /** Event and text, by ascending event. */
  *[Symbol.iterator](): Generator<[number, string]> {
    for (const event of this.keys()) yield [event, this.texts[event] as string]
  }
}
