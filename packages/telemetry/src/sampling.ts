import type { Clock } from '@cryptoflow/runtime'

/** How storms of equal lines are thinned. */
export interface SamplingOptions {
  /** Lines with one key that are told in a minute; the others are counted. */
  readonly firstPerMinute: number
}

/** Lines of one key that were left out in a minute. */
export interface Suppressed<Level extends string> {
  readonly level: Level
  /** The message; `(other messages)` for those beyond the bound of keys. */
  readonly message: string
  readonly count: number
}

/** Decides which lines are told. */
export interface Sampler<Level extends string> {
  /** Whether this line is told. Level and message are the key: values belong into fields. */
  passes(level: Level, message: string): boolean
  /** Reports what was left out so far and begins anew. */
  flush(): void
}

/** Different messages are constants in code; more than this in a minute are texts from outside. */
const KEYS_MAX = 256
/** Characters in which messages may differ. */
const KEY_CHARS_MAX = 256
const MINUTE_US = 60_000_000
const OTHER_MESSAGES = '(other messages)'

interface Count<Level extends string> {
  readonly level: Level
  readonly message: string
  told: number
  suppressed: number
}

/**
 * The first lines of each key in each minute of the clock pass; at the minute's end `report` gets, once per key,
 * how many did not. A timer runs only while something is left out, so a storm that stops is told as well.
 */
export function openSampler<Level extends string>(
  clock: Clock,
  { firstPerMinute }: SamplingOptions,
  report: (suppressed: Suppressed<Level>) => void,
): Sampler<Level> {
  let counts = new Map<string, Count<Level>>()
  let minute = 0
  let cancelTimer: (() => void) | null = null

  const flush = (): void => {
    cancelTimer?.()
    cancelTimer = null
    const before = counts
    counts = new Map()
    for (const { level, message, suppressed } of before.values()) {
      if (suppressed > 0) report({ level, message, count: suppressed })
    }
  }
  const countOf = (level: Level, message: string): Count<Level> => {
    const key = `${level} ${message}`
    const known = counts.get(key)
    if (known !== undefined) return known
    const isOther = counts.size >= KEYS_MAX && message !== OTHER_MESSAGES
    if (isOther) return countOf(level, OTHER_MESSAGES)
    const count: Count<Level> = { level, message, told: 0, suppressed: 0 }
    counts.set(key, count)
    return count
  }
  return {
    passes(level, fullMessage) {
      const message = fullMessage.slice(0, KEY_CHARS_MAX)
      const nowUs = clock.nowUs()
      const current = Math.floor(nowUs / MINUTE_US)
      if (current !== minute) flush()
      minute = current
      const count = countOf(level, message)
      if (count.told < firstPerMinute) {
        count.told += 1
        return true
      }
      count.suppressed += 1
      const leftMs = ((minute + 1) * MINUTE_US - nowUs) / 1000
      cancelTimer ??= clock.after(Math.ceil(leftMs), flush)
      return false
    },
    flush,
  }
}
