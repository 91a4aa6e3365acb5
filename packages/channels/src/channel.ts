import { assert } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import { Ring } from './ring.ts'

/**
 * What a full channel does with what comes:
 *
 * - `wait` refuses it: the offerer keeps it and waits for room.
 * - `drop-oldest` gives up the oldest until it fits.
 * - `sample` gives up every second one of those that wait, the older of each pair, until it fits: what stays is spread
 *   evenly over the time that it is of.
 * - `spill` leaves it to the disk, where the offerer has it already, and leaves what follows until the channel is
 *   empty: what waits is one run without a hole, and so is what lies on the disk.
 *
 * `drop-oldest` and `sample` lose data: never between the journal and the tables.
 */
export type ChannelPolicy = 'wait' | 'drop-oldest' | 'sample' | 'spill'

/** What a channel holds at most. */
export interface ChannelBounds {
  readonly itemsMax: number
  readonly bytesMax: number
}

export interface ChannelOptions extends ChannelBounds {
  /** As in metrics and logs. */
  readonly name: string
  readonly policy: ChannelPolicy
  readonly clock: Clock
}

/** `full`: not taken, ask again when there is room (`wait`). `left`: not taken, and not to be offered again. */
export type Offered = 'taken' | 'full' | 'left'

/** A bounded queue. Offering and taking cost the same however much waits, and allocate nothing in the steady state. */
export class Channel<T> {
  readonly name: string
  readonly policy: ChannelPolicy
  readonly itemsMax: number
  readonly bytesMax: number
  /** Items that wait now, and their bytes. */
  depth = 0
  bytes = 0
  /** Most items that ever waited. */
  highWater = 0
  /** Items so far: put in, taken out, left to the disk or too large to fit, and given up by the policy. */
  readonly counters = { offered: 0, taken: 0, left: 0, dropped: 0 }
  /** Seconds that the last thing taken out had waited, and who is told them of each. */
  delaySeconds = 0
  onDelay: ((seconds: number) => void) | null = null
  readonly #clock: Clock
  readonly #ring = new Ring<T>()
  #isSpilling = false
  #room: PromiseWithResolvers<void> | null = null

  constructor({ name, policy, itemsMax, bytesMax, clock }: ChannelOptions) {
    assert(itemsMax >= 1 && bytesMax >= 1, 'a channel has room for something')
    this.name = name
    this.policy = policy
    this.itemsMax = itemsMax
    this.bytesMax = bytesMax
    this.#clock = clock
  }

  /** Share that is filled, 0 to 1: of items or of bytes, whichever is more. */
  get occupancy(): number {
    return Math.min(1, Math.max(this.depth / this.itemsMax, this.bytes / this.bytesMax))
  }

  /** The oldest that waits, undefined when nothing does. */
  get next(): T | undefined {
    return this.#ring.item
  }

  /**
   * Puts something in that has these bytes and stands for `count` items: a block of frames is one thing and many items.
   *
   * What is larger than the whole channel is taken alone by `wait`, since it must pass, and left by the others.
   */
  offer(thing: T, bytes: number, count = 1): Offered {
    if (!this.#fits(bytes, count)) {
      const answer = this.#whenFull(bytes, count)
      if (answer !== 'taken') return answer
    } else if (this.#isSpilling) return this.#leave(count)
    this.#ring.push(thing, bytes, count, this.#clock.nowUs())
    this.depth += count
    this.bytes += bytes
    this.counters.offered += count
    if (this.depth > this.highWater) this.highWater = this.depth
    return 'taken'
  }

  /** Takes the oldest out, undefined when nothing waits. */
  take(): T | undefined {
    const ring = this.#ring
    if (ring.length === 0) return undefined
    const { item, count } = ring
    this.counters.taken += count
    this.delaySeconds = (this.#clock.nowUs() - ring.timeUs) / 1e6
    this.onDelay?.(this.delaySeconds)
    this.#forget()
    return item
  }

  /** Resolves when something is taken out. A `wait` channel's one offerer waits so and then offers again. */
  room(): Promise<void> {
    this.#room ??= Promise.withResolvers()
    return this.#room.promise
  }

  /** Forgets everything that waits: nobody will take it. */
  clear(): void {
    while (this.#ring.length > 0) this.#forget()
  }

  #fits(bytes: number, count: number): boolean {
    return this.depth + count <= this.itemsMax && this.bytes + bytes <= this.bytesMax
  }

  #whenFull(bytes: number, count: number): Offered {
    const isTooLarge = count > this.itemsMax || bytes > this.bytesMax
    switch (this.policy) {
      case 'wait':
        return isTooLarge && this.#ring.length === 0 ? 'taken' : 'full'
      case 'spill':
        return this.#leave(count)
      case 'drop-oldest':
        if (isTooLarge) return this.#leave(count)
        while (!this.#fits(bytes, count)) this.#drop()
        return 'taken'
      case 'sample':
        if (isTooLarge) return this.#leave(count)
        while (!this.#fits(bytes, count)) this.#thin()
        return 'taken'
    }
  }

  #leave(count: number): Offered {
    this.counters.left += count
    this.#isSpilling = this.policy === 'spill' && this.#ring.length > 0
    return 'left'
  }

  #thin(): void {
    const ring = this.#ring
    for (let i = ring.length; i > 0; i -= 2) {
      this.#drop()
      if (i > 1) ring.rotate()
    }
  }

  #drop(): void {
    this.counters.dropped += this.#ring.count
    this.#forget()
  }

  #forget(): void {
    const ring = this.#ring
    this.depth -= ring.count
    this.bytes -= ring.bytes
    ring.shift()
    if (ring.length === 0) this.#isSpilling = false
    this.#room?.resolve()
    this.#room = null
  }
}
