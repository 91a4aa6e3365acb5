/** One line of the report: ours beside a yardstick that was measured in the same process, in alternation. */
export interface Line {
  readonly name: string
  /** Ours, in `unit`; 0 when a single result was wrong. */
  readonly value: number
  readonly unit: string
  /** The yardstick's, in the same unit; NaN without one. */
  readonly baseline: number
  /** How many times better ours is; NaN without a yardstick. */
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

/** One benchmark: `run` measures when it is asked for, and not before. */
export interface Bench {
  /** Its lines' names begin like it; `--only` selects by it. */
  readonly name: string
  run(): Promise<readonly (Line | SkippedLine)[]>
}

/** Targets of a ratio. */
export interface RatioTarget {
  readonly floor: number
  readonly goal: number
}

/** More is better: events or rows per second. */
export function rateLine(
  name: string,
  unit: string,
  rates: { readonly ours: number; readonly yardstick: number },
  { floor, goal }: RatioTarget = { floor: 0, goal: 0 },
): Line {
  const ratio = rates.ours / rates.yardstick
  return {
    name,
    value: rates.ours,
    unit,
    baseline: rates.yardstick,
    ratio,
    floor,
    goal,
    met: ratio > 0 && ratio >= floor,
  }
}

/** Less is better: time, bytes. `most` is the largest value allowed. */
export function costLine(
  name: string,
  unit: string,
  costs: { readonly ours: number; readonly yardstick: number },
  most = Number.POSITIVE_INFINITY,
): Line {
  const ratio = costs.yardstick / costs.ours
  const line = { name, value: costs.ours, unit, baseline: costs.yardstick, ratio, floor: 0, goal: 0 }
  return Number.isFinite(most) ? { ...line, most, met: costs.ours <= most } : { ...line, met: true }
}
