/** One line of a benchmark report. */
export interface BenchLine {
  readonly name: string
  /** Ours, in `unit`; 0 when a single result was wrong. */
  readonly value: number
  readonly unit: string
  /** The plain version's, measured in the same process in alternation. */
  readonly baseline: number
  readonly ratio: number
  /** Ratio that must be reached, and the one aimed at. */
  readonly floor: number
  readonly goal: number
  readonly met: boolean
}
