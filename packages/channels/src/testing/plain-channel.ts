import type { ChannelBounds, ChannelPolicy, Offered } from '../channel.ts'

export interface PlainThing {
  readonly thing: number
  readonly bytes: number
  readonly count: number
}

/** What a channel promises, said with a list: slow and without a ring, the other side of the property tests. */
export function plainChannel(policy: ChannelPolicy, { itemsMax, bytesMax }: ChannelBounds) {
  const counters = { offered: 0, taken: 0, left: 0, dropped: 0 }
  let waiting: PlainThing[] = []
  let hasLeft = false

  const fits = (things: readonly PlainThing[]): boolean =>
    things.reduce((sum, { count }) => sum + count, 0) <= itemsMax &&
    things.reduce((sum, { bytes }) => sum + bytes, 0) <= bytesMax
  const giveUp = (isGiven: (index: number) => boolean): void => {
    for (const { count } of waiting.filter((_, index) => isGiven(index))) counters.dropped += count
    waiting = waiting.filter((_, index) => !isGiven(index))
  }
  const leave = (count: number): Offered => {
    counters.left += count
    hasLeft = true
    return 'left'
  }
  return {
    counters,
    get waiting(): readonly PlainThing[] {
      return waiting
    },
    offer(thing: number, bytes: number, count: number): Offered {
      const one = { thing, bytes, count }
      if (waiting.length === 0) hasLeft = false
      if (policy === 'wait' && !fits([...waiting, one]) && waiting.length > 0) return 'full'
      if (policy === 'spill' && (hasLeft || !fits([...waiting, one]))) return leave(count)
      if (policy !== 'wait' && !fits([one])) return leave(count)
      while (policy === 'drop-oldest' && !fits([...waiting, one])) giveUp((index) => index === 0)
      while (policy === 'sample' && !fits([...waiting, one])) giveUp((index) => index % 2 === 0)
      waiting.push(one)
      counters.offered += count
      return 'taken'
    },
    take(): number | undefined {
      const first = waiting.shift()
      if (first === undefined) return undefined
      counters.taken += first.count
      return first.thing
    },
    clear(): void {
      waiting = []
    },
  }
}
