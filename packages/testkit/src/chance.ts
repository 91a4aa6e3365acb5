/** Seeded chance: the same seed gives the same numbers on every machine. */
export interface Chance {
  /** A whole number 0 ... `limit - 1`. */
  below(limit: number): number
  /** One of the items. */
  pick<T>(items: readonly T[]): T
  /** The items in another order. */
  shuffled<T>(items: readonly T[]): T[]
}

/** Mulberry32 (public domain, Tommy Ettinger 2017): 32 bits of state are plenty for a choice of mutations. */
export function createChance(seed: number): Chance {
  let state = seed | 0
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  return {
    below,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    shuffled: (items) => {
      const copy = [...items]
      for (let last = copy.length - 1; last > 0; last--) {
        const other = below(last + 1)
        const item = copy[last] as (typeof items)[number]
        copy[last] = copy[other] as (typeof items)[number]
        copy[other] = item
      }
      return copy
    },
  }
}
