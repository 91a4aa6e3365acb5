/** Slots of a new ring; a power of two, as every size of a ring. */
const SLOTS_MIN = 16

/**
 * Items in the order in which they came, with three numbers beside each. It grows by doubling and never shrinks, so
 * that in the steady state nothing is allocated; whoever owns it bounds it.
 */
export class Ring<T> {
  length = 0
  #items: (T | undefined)[] = new Array<T | undefined>(SLOTS_MIN).fill(undefined)
  #bytes = new Float64Array(SLOTS_MIN)
  #counts = new Float64Array(SLOTS_MIN)
  #timesUs = new Float64Array(SLOTS_MIN)
  #mask = SLOTS_MIN - 1
  #head = 0

  push(item: T, bytes: number, count: number, timeUs: number): void {
    if (this.length > this.#mask) this.#grow()
    this.#put((this.#head + this.length) & this.#mask, item, bytes, count, timeUs)
    this.length += 1
  }

  /** The oldest item, undefined when there is none; likewise its numbers. */
  get item(): T | undefined {
    return this.#items[this.#head]
  }

  get bytes(): number {
    return this.#bytes[this.#head] as number
  }

  get count(): number {
    return this.#counts[this.#head] as number
  }

  get timeUs(): number {
    return this.#timesUs[this.#head] as number
  }

  /** Forgets the oldest item, which there must be. */
  shift(): void {
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.length -= 1
  }

  /** Moves the oldest item behind the newest. */
  rotate(): void {
    const { item, bytes, count, timeUs } = this
    this.shift()
    this.push(item as T, bytes, count, timeUs)
  }

  #put(at: number, item: T, bytes: number, count: number, timeUs: number): void {
    this.#items[at] = item
    this.#bytes[at] = bytes
    this.#counts[at] = count
    this.#timesUs[at] = timeUs
  }

  #grow(): void {
    const [items, bytes, counts, timesUs] = [this.#items, this.#bytes, this.#counts, this.#timesUs]
    const slots = items.length * 2
    this.#items = new Array<T | undefined>(slots).fill(undefined)
    this.#bytes = new Float64Array(slots)
    this.#counts = new Float64Array(slots)
    this.#timesUs = new Float64Array(slots)
    for (let i = 0; i < this.length; i++) {
      const from = (this.#head + i) & this.#mask
      this.#put(i, items[from] as T, bytes[from] as number, counts[from] as number, timesUs[from] as number)
    }
    this.#head = 0
    this.#mask = slots - 1
  }
}
