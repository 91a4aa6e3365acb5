import { durableSteps } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { allCells, type Cell, playCell } from './testing/crash-matrix.ts'

const PASSAGES = 5
const nameOf = ({ step, passage, death, catalog, ledger }: Cell): string =>
  `${step}:${passage} ${death ?? 'nobody dies'}, catalog ${catalog}, ledger ${ledger}`

describe('a process that dies in any durable step, whatever catalog and ledger answer', () => {
  it('leaves every row in its tables once, and the next one releases all', async () => {
    const violations: string[] = []
    const hits = new Map<string, number>()
    const cells = allCells(PASSAGES)
    for (const cell of cells) {
      const { violation, inFlight } = await playCell(cell)
      if (violation !== null) violations.push(`${nameOf(cell)}: ${violation}`)
      if (inFlight === 0) continue
      for (const name of [cell.step, `${cell.step} ${cell.catalog} ${cell.ledger}`])
        hits.set(name, (hits.get(name) ?? 0) + 1)
    }
    expect(violations.slice(0, 20)).toEqual([])
    expect(cells.length).toBeGreaterThan(1_500)
    // Each step with each pair of answers, five times and more with data in flight.
    expect(hits.size).toBe(durableSteps.length * (1 + 18))
    for (const [name, count] of hits) expect(count, name).toBeGreaterThanOrEqual(PASSAGES)
  })
})
