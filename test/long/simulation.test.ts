import { describe, expect, it } from 'vitest'
import { sideBySide } from './side-by-side.ts'

/** The first seeds are those of `npm test`. About eight minutes on two cores. */
const FIRST_SEED = 200
const PARTS = 10
/** Of each of two processes. */
const SEEDS = 250
/** Twenty times what a part takes where nothing else runs. */
const TIMEOUT_MS = 600_000

describe('the whole system in memory', () => {
  const parts = Array.from({ length: PARTS }, (_, part) => FIRST_SEED + part * 2 * SEEDS)
  it.each(parts)(
    'keeps every promise, whatever goes wrong: 500 seeds from %i on',
    async (firstSeed) => {
      const runs = [firstSeed, firstSeed + SEEDS].map((from) => [
        'scripts/sim.ts',
        ...['--seeds', `${SEEDS}`, '--first-seed', `${from}`, '--faults', 'all'],
      ])
      for (const { code, output } of await sideBySide(runs)) {
        expect(code, output).toBe(0)
        expect(output).toContain(`${SEEDS} passed, 0 failed`)
      }
    },
    TIMEOUT_MS,
  )
})
