/** One line of a benchmark report. */
export interface BenchLine {
  readonly name: string
  /** Ours, in `unit`; 0 when a single result was wrong. */
  readonly value: number
  readonly unit: string
  /** The yardstick's, measured in the same process in alternation; NaN without one. */
  readonly baseline: number
  readonly ratio: number
  /** Ratio that must be reached, and the one aimed at; 0: no target. */
  readonly floor: number
  readonly goal: number
  /** Largest value allowed, where the target is the value and not the ratio. */
  readonly most?: number
  readonly met: boolean
}

/** A line that could not be measured, and why. */
export interface SkippedLine {
  readonly name: string
  readonly skipped: string
}

/** Ratios that must be reached and that are aimed at. */
export interface RatioTarget {
  readonly floor: number
  readonly goal: number
}

/** `rows` in so many CPU seconds, ours beside the yardstick's; ours is nothing where a result was wrong. */
export function rateLine(
  name: string,
  seconds: {
    readonly rows: number
    readonly ours: number
    readonly yardstick: number
    readonly isRight: boolean
  },
  { floor, goal }: RatioTarget,
): BenchLine {
  const value = seconds.isRight ? seconds.rows / seconds.ours : 0
  const baseline = seconds.rows / seconds.yardstick
  const ratio = value / baseline
  return { name, value, unit: 'rows/CPU-s', baseline, ratio, floor, goal, met: ratio > 0 && ratio >= floor }
}
