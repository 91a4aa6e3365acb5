import { describe, expect, it } from 'vitest'
import { venues } from '../simulation/plan.ts'
import { sideBySide } from './side-by-side.ts'

const EVENTS = 1_250_000
/** A quarter of a minute where nothing else runs. */
const TIMEOUT_MS = 600_000
const pairs = Array.from({ length: venues.length / 2 }, (_, at) => [2 * at, 2 * at + 1] as const)

describe('10 million events without faults', () => {
  it.each(pairs)(
    'leave no gap behind the first messages: venues %i and %i',
    async (...pair) => {
      const runs = pair.map((venue) => ['scripts/calm.ts', '--events', `${EVENTS}`, '--venue', `${venue}`])
      for (const { code, output } of await sideBySide(runs)) {
        expect(code, output).toBe(0)
        expect(Number(/(\d+) events, 0 gaps\n$/.exec(output)?.[1])).toBeGreaterThanOrEqual(EVENTS)
      }
    },
    TIMEOUT_MS,
  )
})
