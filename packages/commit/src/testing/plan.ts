import type { Chance } from '@cryptoflow/runtime'
import type { Mutation } from './mutations.ts'

/** What may happen beside the turns of writers and committers. */
export type Act =
  | 'crash'
  | 'put-fault'
  | 'post-fault'
  | 'mark-fault'
  | 'foreign-append'
  | 'replace'
  | 'expire'
  | 'lose-item'
  | 'lose-released'
  | 'clone'
  | 'declare-dead'
  | 'disk-lost'
  | 'restore-catalog'
  | 'restore-ledger'
  | 'retire'
  | 'purge'
  | 'age'
  | 'lose-file'

export interface Plan {
  readonly writers: number
  /** Records of each journal; every one has rows in one table or both. */
  readonly frames: number
  readonly committers: number
  /** How often each act may happen. */
  readonly acts: Partial<Record<Act, number>>
  readonly mutation?: Mutation
  readonly ignoresNull?: boolean
  /** The ledger's listing hides items and returns short pages. */
  readonly lyingLedger?: boolean
  /** How many epochs without its rows a table lets wait; 1 where it is not said. */
  readonly emptyEpochs?: number
  /** Weight with which a delayed write or post arrives; an actor's call weighs 1. */
  readonly landWeight?: number
}

export interface Verdict {
  /** Null: every promise held. */
  readonly violation: string | null
  readonly steps: number
  readonly taken: ReadonlyMap<Act, number>
  readonly fences: number
}

/** Picks one of the weights' indexes. */
export type Choose = (weights: readonly number[]) => number

/** Chooses at random by weight. */
export function randomly(chance: Chance): Choose {
  return (weights) => {
    let rest = chance.next() * weights.reduce((sum, weight) => sum + weight, 0)
    for (const [index, weight] of weights.entries()) {
      rest -= weight
      if (rest < 0) return index
    }
    return weights.length - 1
  }
}

/** The first choice everywhere, but at one place another: every single fault and crash, at every point. */
export function deviating(at: number, other: number): Choose & { readonly seen: number[] } {
  const seen: number[] = []
  const choose = (weights: readonly number[]): number => {
    seen.push(weights.length)
    return seen.length - 1 === at ? other : 0
  }
  return Object.assign(choose, { seen })
}
