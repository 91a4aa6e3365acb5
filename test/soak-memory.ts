/** Memory of a process at one moment. */
export interface Sample {
  /** Minutes since the process began. */
  readonly minutes: number
  /** Resident set, MB of a million bytes. */
  readonly megabytes: number
}

/** Megabytes per minute by which memory grows: the straight line of least squares; NaN for less than three samples. */
export function slopeOf(samples: readonly Sample[]): number {
  if (samples.length < 3) return Number.NaN
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length
  const x = mean(samples.map(({ minutes }) => minutes))
  const y = mean(samples.map(({ megabytes }) => megabytes))
  const moved = samples.reduce((sum, s) => sum + (s.minutes - x) * (s.megabytes - y), 0)
  return moved / samples.reduce((sum, s) => sum + (s.minutes - x) ** 2, 0)
}

/** The middle one; NaN of none. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** What a process needed after its warm-up. */
export function memoryOf(samples: readonly Sample[], warmUpMinutes: number) {
  const warm = samples.filter(({ minutes }) => minutes >= warmUpMinutes)
  return {
    samples: warm.length,
    slopeMbPerMinute: slopeOf(warm),
    medianMb: medianOf(warm.map(({ megabytes }) => megabytes)),
    peakMb: Math.max(...samples.map(({ megabytes }) => megabytes)),
  }
}
