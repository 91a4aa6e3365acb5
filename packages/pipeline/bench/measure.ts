export interface Rounds {
  /** Rounds that count. */
  readonly rounds: number
  /** Rounds before them, for the compiler. */
  readonly warmUp: number
  /** CPU seconds that one measurement takes at least: a candidate runs as many passes as that needs. */
  readonly secondsMin: number
}

/** What the figures of `docs/performance.md` are: medians of seven. */
export const SEVEN: Rounds = { rounds: 7, warmUp: 2, secondsMin: 0.2 }

/**
 * CPU seconds, user and system, of the whole process for one pass of each candidate: medians in their order.
 *
 * Every round runs all candidates, so that whatever else the machine does falls on all of them. Garbage is never
 * collected on demand: that throws compiled code away, and its making again would be measured.
 */
export async function medianCpuSeconds(
  candidates: readonly (() => unknown)[],
  { rounds, warmUp, secondsMin }: Rounds,
): Promise<number[]> {
  const samples: number[][] = candidates.map(() => [])
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [i, candidate] of candidates.entries()) {
      const seconds = await cpuSecondsOfOne(candidate, secondsMin)
      if (round >= warmUp) samples[i]?.push(seconds)
    }
  }
  return samples.map(median)
}

async function cpuSecondsOfOne(pass: () => unknown, secondsMin: number): Promise<number> {
  const before = process.cpuUsage()
  for (let passes = 1; ; passes++) {
    const running = pass()
    if (running instanceof Promise) await running
    const { user, system } = process.cpuUsage(before)
    if (user + system >= secondsMin * 1e6) return (user + system) / 1e6 / passes
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}
