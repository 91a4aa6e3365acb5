import type { Chance } from './chance.ts'

/** Exponential backoff with jitter. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
  /** Share by which a delay may be shorter or longer: 0.25 is +-25 %. */
  readonly jitter: number
}

export const defaultBackoff: Backoff = { firstMs: 1_000, maxMs: 60_000, jitter: 0.25 }

/** Delay before attempt `attempt` (from 1), milliseconds. */
export function backoffMs(backoff: Backoff, attempt: number, chance: Chance): number {
  const plain = Math.min(backoff.firstMs * 2 ** (attempt - 1), backoff.maxMs)
  return Math.round(plain * (1 + backoff.jitter * (2 * chance.next() - 1)))
}
